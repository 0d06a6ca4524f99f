"""`floorwatch replay`."""


def replay() -> None:
    """Not in this version."""
    raise NotImplementedError
