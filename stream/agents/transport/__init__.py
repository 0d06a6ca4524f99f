"""Kafka's records in batches: Faust's consumer with seeks, sessions and credits of our own."""
