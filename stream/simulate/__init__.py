"""A floor that makes events, with causes injected on purpose; the same plan, the same events."""
