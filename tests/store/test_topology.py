from stream.store.address import Address
from stream.store.topology import newest_primary


def reply(port: int, epoch: int) -> list[bytes]:
    words = ("name", "floor", "ip", "h", "port", port, "flags", "master", "config-epoch", epoch)
    return [str(word).encode() for word in words]


def test_of_two_primaries_the_one_of_the_newest_configuration_is_believed() -> None:
    """A Sentinel that was cut off together with the old primary goes on naming it."""
    stale, fresh = reply(1, 9), reply(2, 10)
    assert newest_primary([stale, fresh]) == newest_primary([fresh, stale]) == Address("h", 2)
