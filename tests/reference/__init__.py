"""The naive reference of decisions 0032 and 0033, histories to try it on, and the comparison.

Lists and loops, no code of the product but enums and configuration.
"""
