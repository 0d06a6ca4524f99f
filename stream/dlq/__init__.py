"""Dead letters: written by workers, read and sent again by people."""
