"""Observation: what changed on the floors since control looked last."""
