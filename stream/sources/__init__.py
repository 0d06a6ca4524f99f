"""Vendors' recordings as events in our language: bytes in, values out."""
