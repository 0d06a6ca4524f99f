"""What a shard has decided and not yet told: each transition is told at least once, under one id.

A transition goes to the audit topic, and, if the sinks are to be told, to them as well: two
entries, which are stored with the commit and removed once they were taken. Notices of what
happened behind the live clock wait until it is reached; what has ended by then is not told.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from stream.control.model import Transition
from stream.export.alerts import Describe, Notice, Status, body_of, key_of
from stream.store.protocol import OutboxEntry

AUDIT: Final = "audit:"
NOTICE: Final = "notice:"


class Outbox:
    """Entries of one shard, from the decision until the store has forgotten them."""

    def __init__(self, stored: Iterable[OutboxEntry] = ()) -> None:
        self._waiting: dict[str, OutboxEntry] = {entry.id: entry for entry in stored}
        """Not yet taken, in order."""
        self._unstored: dict[str, OutboxEntry] = {}
        """No commit that was confirmed contained them."""
        self._taken: set[str] = set()
        """Taken, and no commit that was confirmed said so."""
        self._offered: set[str] = set()
        """Handed to the sinks, which keep them until they are taken."""

    def __len__(self) -> int:
        return max(len(self._unstored), len(self._waiting))

    @property
    def changed(self) -> bool:
        """Whether a commit would store anything."""
        return bool(self._unstored or self._taken)

    def add(self, transitions: Iterable[Transition], describe: Describe, language: str) -> None:
        """Take in what was decided."""
        for transition in transitions:
            body, key = body_of(transition, describe, language), key_of(transition)
            names = (AUDIT, NOTICE) if transition.notify else (AUDIT,)
            for entry in (OutboxEntry(name + key, body) for name in names):
                self._waiting[entry.id] = self._unstored[entry.id] = entry

    def for_commit(self) -> tuple[tuple[OutboxEntry, ...], tuple[str, ...]]:
        """Entries to store and ids to remove; to be handed back to `stored` as they are."""
        return tuple(self._unstored.values()), tuple(self._taken)

    def stored(self, entries: Iterable[OutboxEntry], taken: Iterable[str]) -> None:
        """A commit that contained these was confirmed."""
        for entry in entries:
            self._unstored.pop(entry.id, None)
        self._taken.difference_update(taken)

    def taken(self, entry_id: str) -> None:
        """Whoever an entry was for has it."""
        if self._waiting.pop(entry_id, None) is not None:
            self._taken.add(entry_id)
            self._offered.discard(entry_id)

    def _to_tell(self, kind: str, *, unstored: bool) -> list[OutboxEntry]:
        return [
            entry
            for name, entry in self._waiting.items()
            if name.startswith(kind) and (unstored or name not in self._unstored)
        ]

    def audits(self, *, unstored: bool) -> list[OutboxEntry]:
        """What waits for the audit topic, in order.

        Args:
            unstored: also what no commit has stored yet, because the store is away.
        """
        return self._to_tell(AUDIT, unstored=unstored)

    def notices(self, *, unstored: bool) -> list[Notice]:
        """What is to be handed to the sinks, in order; `offered` when that was done.

        Alerts that began and ended unseen are taken out. To be asked for only while live.
        """
        entries = self._to_tell(NOTICE, unstored=unstored)
        unseen = [Notice.from_body(e.body) for e in entries if e.id not in self._offered]
        by_alert = sorted(unseen, key=lambda notice: notice.alert)
        for _, steps in groupby(by_alert, key=lambda notice: notice.alert):
            life = list(steps)
            if life[0].status is Status.firing and life[-1].status is Status.resolved:
                for notice in life:
                    self.taken(NOTICE + notice.key)
        return [notice for notice in unseen if NOTICE + notice.key in self._waiting]

    def offered(self, notice: Notice, *, accepted: bool = True) -> None:
        """The sinks keep this notice from now on, or, not accepted, have no room for it."""
        if accepted:
            self._offered.add(NOTICE + notice.key)
        else:
            self._offered.discard(NOTICE + notice.key)

    def offered_keys(self) -> set[str]:
        """Keys of the notices that the sinks keep and have not taken."""
        return {name.removeprefix(NOTICE) for name in self._offered}

    def drop_notices(self) -> None:
        """Take out all notices: a shard that follows the events' clock tells nobody."""
        for name in [name for name in self._waiting if name.startswith(NOTICE)]:
            self.taken(name)
