"""`floorwatch simulate`."""


def simulate() -> None:
    """Not in this version."""
    raise NotImplementedError
