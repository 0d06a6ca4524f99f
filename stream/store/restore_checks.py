"""Checks whether a restore may use the state in the store."""

from stream.errors import StateError
from stream.store.lease import Lease


def is_state_lost(lease: Lease, committed_offset: int | None) -> bool:
    """Whether the state is gone though the consumer group has read this partition.

    Then a worker must refuse to start the task, or rebuild from what Kafka retains, as configured;
    to resume at the committed offset would silently begin with empty windows.

    Args:
        lease: what the store holds.
        committed_offset: what Kafka holds for the group; None if nothing.
    """
    return lease.manifest is None and (committed_offset or 0) > 0


def check_compatible(lease: Lease, formats: frozenset[int], partitions: int) -> None:
    """Check that a restore may use the stored snapshot; without a manifest nothing is checked.

    Args:
        lease: what the store holds.
        formats: those of snapshots that this version reads.
        partitions: how many the topic has now.

    Raises:
        StateError: other format, other number of partitions, or saved into another store.
    """
    manifest = lease.manifest
    if manifest is None:
        return
    name = f"{lease.shard.topic}:{lease.shard.partition}"
    if manifest.format not in formats:
        known = ", ".join(str(number) for number in sorted(formats))
        msg = (
            f"state of {name} has format {manifest.format}, this version reads {known}; "
            "start the version that wrote it, or rebuild the state from Kafka"
        )
        raise StateError(msg)
    if manifest.partitions != partitions:
        msg = (
            f"state of {name} was stored for {manifest.partitions} partitions, the topic has "
            f"{partitions}: floors have moved between partitions. Copy the records by floor into "
            "a new topic and clear the state and views of the old one"
        )
        raise StateError(msg)
    if manifest.store_id != lease.store_id:
        msg = (
            f"state of {name} was saved into store {manifest.store_id}, this is "
            f"{lease.store_id}: keys were copied by hand; restore a whole backup instead"
        )
        raise StateError(msg)
