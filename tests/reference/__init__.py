"""A naive reference of windows and figures, histories to try it on, and the comparison."""
