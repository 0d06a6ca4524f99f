"""The configuration of audited floors."""

RULES = """
[control]
clock = "event"
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
