"""Dead letters: written by workers, shown to operators and retried by them."""
