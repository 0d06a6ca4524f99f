"""Notifications: notices of alerts, and their delivery to sinks. Knows neither Faust nor Redis."""
