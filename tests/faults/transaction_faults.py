"""What befalls records in transactions: they are aborted, committed late, or left undecided."""

import time
from collections.abc import Iterable
from random import Random
from typing import Any, Final, Self

from confluent_kafka import Producer

from stream.units import SECOND_MS
from tests.faults.fault import named, one_of, pass_time
from tests.faults.ghosts import ghosts
from tests.faults.held import PARTITIONS
from tests.faults.rig import Rig
from tests.real.reading import fresh_name
from tests.real.working import wait_until

HANDED_OVER_MS: Final = 10 * SECOND_MS
ABANDONED_MS: Final = 5 * SECOND_MS
DECIDED_S_MAX: Final = 60.0
"""The broker looks every ten seconds for transactions that have been open for too long."""


class Transaction:
    """A producer with a transactional id, and its one transaction.

    Args:
        rig: whose topic gets the records.
        timeout_ms: after so long the broker aborts it.
    """

    def __init__(self, rig: Rig, timeout_ms: int = 60 * SECOND_MS) -> None:
        self._rig = rig
        self.first: dict[int, int] = {}
        """By partition, the offset of its first record."""
        self.last: dict[int, int] = {}
        self._producer: Any = Producer(
            {
                "bootstrap.servers": rig.services.kafka.address,
                "transactional.id": fresh_name(rig.topic),
                "transaction.timeout.ms": timeout_ms,
                "log_level": 0,
            }
        )
        self._producer.init_transactions(30)
        self._producer.begin_transaction()

    def send(self, records: Iterable[tuple[int, bytes]]) -> Self:
        """Send records; they are in the log, undecided, when this returns."""
        for partition, value in records:
            self._producer.produce(
                self._rig.topic, value, partition=partition, on_delivery=self._delivered
            )
        assert not self._producer.flush(30)
        return self

    def _delivered(self, error: object, message: Any) -> None:
        assert error is None, f"a record was not acknowledged: {error}"
        partition, offset = message.partition(), message.offset()
        self.first.setdefault(partition, offset)
        self.last[partition] = offset

    def commit(self) -> None:
        """Let the records be read."""
        self._producer.commit_transaction(30)

    def abort(self) -> None:
        """Let the records be passed."""
        self._producer.abort_transaction(30)

    def await_decided(self) -> None:
        """Wait until consumers may read beyond it."""

        def is_decided() -> bool:
            ends = self._rig.events.ends()
            return all(ends[partition] > last for partition, last in self.last.items())

        wait_until(is_decided, "the transaction is decided", DECIDED_S_MAX, 0.1)


@named("transactions-aborted")
def aborted(rig: Rig, rng: Random) -> None:
    """Producers abort among committed transactions and the events of others."""
    everywhere = range(PARTITIONS)
    for _ in range(3):
        rig.pump.pause()
        one = Transaction(rig).send(ghosts(rig, rng.randint(1, 50), everywhere))
        other = Transaction(rig).send(rig.pump.hand_over(HANDED_OVER_MS))
        one.send(ghosts(rig, rng.randint(1, 50), everywhere))
        rig.pump.flow()
        pass_time(rng, 0, 1)
        other.commit()
        one.abort()
        one.await_decided()
    rig.struck()


@named("transaction-open-30s")
def long_open(rig: Rig, rng: Random) -> None:
    """Nothing behind a transaction is read until it is committed; then all of it."""
    one_of(rig, rng)
    rig.pump.pause()
    transaction = Transaction(rig).send(rig.pump.hand_over(HANDED_OVER_MS))
    rig.pump.flow()
    time.sleep(30)
    offsets = rig.held.offsets()
    early = [p for p, first in transaction.first.items() if offsets[p] > first]
    assert not early, f"read before they were committed: partitions {early}"
    transaction.commit()
    transaction.await_decided()
    rig.struck()


@named("transaction-abandoned")
def abandoned(rig: Rig, _rng: Random) -> None:
    """A producer goes away, and the broker aborts its transaction later."""
    rig.pump.pause()
    transaction = Transaction(rig, ABANDONED_MS)
    transaction.send(ghosts(rig, 20, range(PARTITIONS)))
    rig.pump.flow()
    transaction.await_decided()
    rig.struck()
