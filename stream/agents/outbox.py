"""What a shard has decided and not yet told: each transition is told at least once, under one id.

A transition goes to the audit topic, and, if the sinks are to be told, to them as well: entries
which are stored with the commit and removed once they were taken. Notices of what happened behind
the live clock wait until it is reached; what has ended by then is not told.

For receivers that must be told again and again the last step of each alert stands until the next
one takes its place, and an end until nobody needs it any more.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from stream.control.model import Transition, Verdict
from stream.notify.notice import RAISED, Describe, Notice, Status, body_of, key_of
from stream.store.protocol import OutboxEntry
from stream.units import MINUTE_MS

AUDIT: Final = "audit:"
NOTICE: Final = "notice:"
STANDING: Final = "standing:"
OVER_MS: Final = 15 * MINUTE_MS
"""What is over is told for so long: longer than an outage of ten minutes, and than a receiver holds
anything for standing that it is not told."""


class Outbox:
    """Entries of one shard, from the decision until the store has forgotten them.

    Args:
        stored: what the store holds.
        stands: whether any receiver has to be told again and again.
    """

    def __init__(self, stored: Iterable[OutboxEntry] = (), *, stands: bool = False) -> None:
        self._waiting: dict[str, OutboxEntry] = {entry.id: entry for entry in stored}
        """Not yet taken, in order."""
        self._unstored: dict[str, OutboxEntry] = {}
        """No commit that was confirmed contained them."""
        self._taken: set[str] = set()
        """Taken, and no commit that was confirmed said so."""
        self._offered: set[str] = set()
        """Handed to the sinks, which keep them until they are taken."""
        self._kinds = (AUDIT, NOTICE, STANDING) if stands else (AUDIT, NOTICE)
        self._standing: dict[str, str] = {}
        """By alert: the entry of its last step."""
        for name in [name for name in self._waiting if name.startswith(STANDING)]:
            if stands:
                self._stand(name)
            else:
                self.taken(name)
        self._known = dict(self._standing)
        """The same, as receivers were told it last, by this worker or by the one before it."""

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
            for kind in self._kinds if transition.notify else (AUDIT,):
                entry = OutboxEntry(kind + key, body)
                self._waiting[entry.id] = self._unstored[entry.id] = entry
                if kind == STANDING:
                    self._stand(entry.id)

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

    def standing(self, as_of_ms: int, *, live: bool, unstored: bool) -> list[Notice]:
        """The last step of each alert that is to be told again and again.

        Args:
            as_of_ms: what ended `OVER_MS` before this stands no longer.
            live: False: just what receivers know already, and that it is over.
            unstored: also what no commit has stored yet, because the store is away.
        """
        for alert, name in list(self._standing.items()):
            at_ms, to = _step_of(name)
            if to not in RAISED and at_ms < as_of_ms - OVER_MS:
                del self._standing[alert]
                self.taken(name)
        shown = {
            alert: name
            for alert, name in self._standing.items()
            if (live or self._is_known(alert, name)) and (unstored or name not in self._unstored)
        }
        known = shown if live else {**self._known, **shown}
        self._known = {alert: name for alert, name in known.items() if alert in self._standing}
        return [Notice.from_body(self._waiting[name].body) for name in shown.values()]

    def _is_known(self, alert: str, name: str) -> bool:
        """Whether receivers have this step, or have its alert, which it ends."""
        ends = _step_of(name)[1] not in RAISED
        return self._known.get(alert) == name or (alert in self._known and ends)

    def drop_notices(self) -> None:
        """Take out all notices: a shard that follows the events' clock tells nobody."""
        for name in [name for name in self._waiting if not name.startswith(AUDIT)]:
            self.taken(name)
        self._standing.clear()

    def _stand(self, name: str) -> None:
        """This entry takes the place of the last one of its alert."""
        alert = name.removeprefix(STANDING).partition(":")[0]
        if alert in self._standing:
            self.taken(self._standing[alert])
        self._standing[alert] = name


def _step_of(name: str) -> tuple[int, Verdict]:
    """Instant and new state of an entry's step."""
    _, _, at_ms, to = name.split(":")
    return int(at_ms), Verdict(to)
