"""HTTP: health, metrics, and the figures of teams and pools."""
