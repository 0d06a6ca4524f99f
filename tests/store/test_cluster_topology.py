import pytest

from stream.store import keys
from stream.store.address import Address
from stream.store.cluster_topology import newest_map, owners_of, slot_of
from stream.store.keys import ShardKey
from stream.store.scripts import script

OLD, NEW = Address("h", 7000), Address("h", 7001)


def row(start: int, end: int, primary: Address) -> list[object]:
    return [start, end, [primary.host.encode(), primary.port, b"id"], [b"h", 7005, b"replica"]]


@pytest.mark.parametrize(
    ("key", "slot"), [("foo", 12182), ("123456789", 12739), ("{foo}.bar", 12182), ("{}foo", 9500)]
)
def test_slots_are_as_published(key: str, slot: int) -> None:
    assert slot_of(("GET", key)) == slot


def test_all_of_a_shard_has_one_slot_and_a_script_goes_by_its_first_key() -> None:
    shard = ShardKey("floor-events", 3)
    scope = (keys.shard(shard), keys.outbox(shard), keys.piece(shard, "a", "v", 0))
    slots = {slot_of(("GET", key)) for key in scope}
    assert slots == {slot_of(script("put").call(scope, 1, "token", b"bytes"))}


def test_a_map_names_the_primary_of_each_slot_and_nobody_for_the_others() -> None:
    owners = owners_of([row(0, 5, OLD), row(7, 16383, NEW)], "h")
    assert (owners[0], owners[5], owners[6], owners[7], owners[-1]) == (OLD, OLD, None, NEW, NEW)
    assert len(owners) == 16384


@pytest.mark.parametrize("unnamed", [b"", None])
def test_a_node_that_does_not_name_its_host_is_where_it_was_asked(unnamed: bytes | None) -> None:
    assert owners_of([[0, 16383, [unnamed, 7000, b"id"]]], "asked")[0] == Address("asked", 7000)


def test_of_two_maps_that_of_the_latest_epoch_is_believed() -> None:
    """A primary that was cut off goes on naming itself."""
    stale = (b"cluster_state:ok\r\ncluster_current_epoch:6\r\n", [row(0, 16383, OLD)], "h")
    fresh = (b"cluster_state:ok\r\ncluster_current_epoch:10\r\n", [row(0, 16383, NEW)], "h")
    assert newest_map([stale, fresh])[0] == newest_map([fresh, stale])[0] == NEW
