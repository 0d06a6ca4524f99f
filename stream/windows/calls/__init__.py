"""Calls: what is known of each, and what calls add up to by minute and shift."""
