"""Stores a shard's state, its offset and its views: the protocol, Redis, and a twin in memory."""
