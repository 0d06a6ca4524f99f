"""Grafana boards, made from one list of queries: ``python -m dashboards`` writes the JSON.

For development alone: what is shipped is the JSON under ``dashboards/grafana``.
"""
