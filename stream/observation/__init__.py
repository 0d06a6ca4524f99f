"""Observation: what changed on the floors since control last observed them."""
