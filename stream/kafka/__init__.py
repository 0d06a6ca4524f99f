"""Clients of Kafka, and the settings of the topics."""
