"""Rules for Prometheus, made from one configuration: ``python -m dashboards`` writes the YAML."""
