"""Formulas, each with its source and its test vectors; every table is derived, none typed in."""
