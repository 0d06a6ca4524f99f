"""Drives a shard over recorded data, and writes the results."""
