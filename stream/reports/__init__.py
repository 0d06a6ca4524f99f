"""What drives a shard over recorded data, and writes down what it says."""
