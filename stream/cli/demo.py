"""`floorwatch demo`."""


def demo() -> None:
    """Not in this version."""
    raise NotImplementedError
