"""Floorwatch: watches a call-centre floor while it happens."""
