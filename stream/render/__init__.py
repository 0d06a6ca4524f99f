"""Rendering: figures as Prometheus text, and as views for Redis."""
