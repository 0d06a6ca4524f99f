"""Formulas with their sources, examples and test vectors.

All tables are computed from the formulas; none is typed in. The examples in the docstrings are run
by the tests.
"""
