"""Events: their language, and how records become batches of columns."""
