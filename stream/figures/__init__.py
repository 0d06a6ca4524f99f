"""Figures: ratios and member tables, computed from the windows."""
