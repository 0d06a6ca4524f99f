"""Alerts: their life cycle, gate, evidence and texts."""
