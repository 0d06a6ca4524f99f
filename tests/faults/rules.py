"""The configuration of audited floors."""

LIVE_RULES = """
[[pool]]
name = "*"
zone = "UTC"
open = "00:00-23:59"
[[shift]]
team = "*"
times = ["00:00-08:00", "08:00-16:00", "16:00-00:00"]
[[peak]]
pool = "*"
time = "00:00-23:59"
"""
"""Time passes by the live clock."""
RULES = f'[control]\nclock = "event"\n{LIVE_RULES}'
