"""Evaluation: which teams and pools are evaluated, at which instants, by which detectors."""
