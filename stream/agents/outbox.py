"""Transitions that a shard has decided and not yet delivered: at least once, each under one id.

A transition goes to the audit topic and, if it notifies, also to the sinks. Its entries are stored
with the commit and removed once they were delivered. Notices of instants behind the live clock wait
until the shard is live; an alert that has cleared by then is not sent.

For receivers that need active alerts sent repeatedly (Alertmanager), the outbox keeps the last step
of each alert until the next one replaces it, and a resolved one until nobody needs it any more.
"""

from collections.abc import Iterable
from itertools import dropwhile, groupby
from typing import Final

from stream.control.model import Transition, Verdict
from stream.notify.notice import RAISED, Describe, Notice, Status, body_of, key_of
from stream.store.lease import OutboxEntry
from stream.units import MINUTE_MS

AUDIT: Final = "audit:"
NOTICE: Final = "notice:"
ACTIVE: Final = "standing:"
RESOLVED_RESEND_MS: Final = 15 * MINUTE_MS
"""How long a resolved alert is sent repeatedly: longer than an outage of ten minutes, and than a
receiver keeps an alert active that is no longer sent."""


class Outbox:
    """Entries of one shard, from the decision until the store has removed them.

    Args:
        stored: what the store holds.
        track_active: whether any receiver needs active alerts sent repeatedly.
    """

    def __init__(
        self, on_committed: Iterable[OutboxEntry] = (), *, track_active: bool = False
    ) -> None:
        self._undelivered: dict[str, OutboxEntry] = {entry.id: entry for entry in on_committed}
        """Not yet delivered, in order."""
        self._unstored: dict[str, OutboxEntry] = {}
        """Not contained in any confirmed commit."""
        self._delivered: set[str] = set()
        """Delivered, but no confirmed commit has removed it."""
        self._offered: set[str] = set()
        """Handed to the sinks, which keep them until they are delivered."""
        self._kinds = (AUDIT, NOTICE, ACTIVE) if track_active else (AUDIT, NOTICE)
        self._active: dict[str, str] = {}
        """By alert: the entry of its last step."""
        for name in [name for name in self._undelivered if name.startswith(ACTIVE)]:
            if track_active:
                self._set_active(name)
            else:
                self.acknowledge(name)
        self._last_sent = dict(self._active)
        """The same, as receivers got it last, from this worker or the previous owner."""

    def __len__(self) -> int:
        return max(len(self._unstored), len(self._undelivered))

    @property
    def changed(self) -> bool:
        """Whether a commit would store anything."""
        return bool(self._unstored or self._delivered)

    def add(self, transitions: Iterable[Transition], describe: Describe, language: str) -> None:
        """Append what was decided."""
        for transition in transitions:
            body, key = body_of(transition, describe, language), key_of(transition)
            for kind in self._kinds if transition.notify else (AUDIT,):
                entry = OutboxEntry(kind + key, body)
                self._undelivered[entry.id] = self._unstored[entry.id] = entry
                if kind == ACTIVE:
                    self._set_active(entry.id)

    def for_commit(self) -> tuple[tuple[OutboxEntry, ...], tuple[str, ...]]:
        """Entries to store and ids to remove; pass them unchanged to `on_committed`."""
        return tuple(self._unstored.values()), tuple(self._delivered)

    def on_committed(self, entries: Iterable[OutboxEntry], acknowledge: Iterable[str]) -> None:
        """Note that a commit with these entries and removals was confirmed."""
        for entry in entries:
            self._unstored.pop(entry.id, None)
        self._delivered.difference_update(acknowledge)

    def acknowledge(self, entry_id: str) -> None:
        """Note that the receiver of an entry has it."""
        if self._undelivered.pop(entry_id, None) is not None:
            self._delivered.add(entry_id)
            self._offered.discard(entry_id)

    def _undelivered_entries(self, kind: str, *, unstored: bool) -> list[OutboxEntry]:
        return [
            entry
            for name, entry in self._undelivered.items()
            if name.startswith(kind) and (unstored or name not in self._unstored)
        ]

    def audits(self, *, unstored: bool) -> list[OutboxEntry]:
        """Entries that wait for the audit topic, in order.

        Args:
            unstored: include what no commit has stored yet, because the store is unavailable.
        """
        return self._undelivered_entries(AUDIT, unstored=unstored)

    def notices(self, *, unstored: bool) -> list[Notice]:
        """Notices to hand to the sinks, in order; call `mark_offered` for each handed over.

        Alerts that were raised and cleared before anybody was notified are dropped. Of one that was
        only escalated before it cleared, the end is left: its raise has been sent. Call only while
        live.
        """
        entries = self._undelivered_entries(NOTICE, unstored=unstored)
        pending = [Notice.from_body(e.body) for e in entries if e.id not in self._offered]
        by_alert = sorted(pending, key=lambda notice: notice.alert)
        for _, steps in groupby(by_alert, key=lambda notice: notice.alert):
            # An end of the same id is sent: a log whose tail was cut raises the alert again.
            life = list(dropwhile(lambda step: step.status is Status.resolved, steps))
            if not life:
                continue
            if life[0].status is Status.firing and life[-1].status is Status.resolved:
                for notice in life if life[0].raises else life[:-1]:
                    self.acknowledge(NOTICE + notice.key)
        return [notice for notice in pending if NOTICE + notice.key in self._undelivered]

    def mark_offered(self, notice: Notice, *, accepted: bool = True) -> None:
        """Note that the sinks keep this notice or, not accepted, have no capacity for it."""
        if accepted:
            self._offered.add(NOTICE + notice.key)
        else:
            self._offered.discard(NOTICE + notice.key)

    def offered_keys(self) -> set[str]:
        """Keys of the notices that the sinks keep and have not delivered."""
        return {name.removeprefix(NOTICE) for name in self._offered}

    def active_notices(self, as_of_ms: int, *, live: bool, unstored: bool) -> list[Notice]:
        """The last step of each alert that is to be sent repeatedly.

        Args:
            as_of_ms: alerts resolved `RESOLVED_RESEND_MS` before this are dropped.
            live: False: only what receivers already know, and that it is resolved.
            unstored: include what no commit has stored yet, because the store is unavailable.
        """
        for alert, name in list(self._active.items()):
            at_ms, to = _parse_step(name)
            if to not in RAISED and at_ms < as_of_ms - RESOLVED_RESEND_MS:
                del self._active[alert]
                self.acknowledge(name)
        current = {
            alert: name
            for alert, name in self._active.items()
            if (live or self._was_sent(alert, name)) and (unstored or name not in self._unstored)
        }
        sent = current if live else {**self._last_sent, **current}
        self._last_sent = {alert: name for alert, name in sent.items() if alert in self._active}
        return [Notice.from_body(self._undelivered[name].body) for name in current.values()]

    def _was_sent(self, alert: str, name: str) -> bool:
        """Whether receivers have this step, or have the alert that it resolves."""
        ends = _parse_step(name)[1] not in RAISED
        return self._last_sent.get(alert) == name or (alert in self._last_sent and ends)

    def drop_notices(self) -> None:
        """Drop all notices: a shard that follows the events' clock notifies nobody."""
        for name in [name for name in self._undelivered if not name.startswith(AUDIT)]:
            self.acknowledge(name)
        self._active.clear()

    def _set_active(self, name: str) -> None:
        """Replace the previous entry of this alert."""
        alert = name.removeprefix(ACTIVE).partition(":")[0]
        if alert in self._active:
            self.acknowledge(self._active[alert])
        self._active[alert] = name


def _parse_step(name: str) -> tuple[int, Verdict]:
    """The instant and the new state in an entry's name."""
    _, _, at_ms, to = name.split(":")
    return int(at_ms), Verdict(to)
