"""Chat programs: one file for each bot format, with the facts of the vendor's documentation."""
