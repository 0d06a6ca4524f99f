"""Kafka records in batches: Faust's consumer with batches, sessions, credits and its own seeks.

Only this package imports Faust, besides the types and exceptions that its users need.
"""
