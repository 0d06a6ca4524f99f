"""Calls: the known facts of each, and sums of calls by minute and shift."""
