"""Evaluation: which teams and pools are judged, at which instants, by what."""
