"""The naive reference of decisions 0032 and 0033: lists and loops, no code of the product.

It stands beside the older one in `tests/reference/` until the engine follows these rules.
"""
