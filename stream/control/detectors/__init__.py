"""Detectors: one rule a file, listed in the registry."""
