"""Calendars: time zones, opening hours, peaks, shifts, and edges of local time."""
