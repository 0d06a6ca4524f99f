"""Where a shard's state, its offset and its views are kept: the protocol, Redis, a memory twin."""
