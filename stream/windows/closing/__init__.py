"""Closing: local hours that are final, and their bytes for the archive."""
