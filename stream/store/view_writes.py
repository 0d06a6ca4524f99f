"""Writes views to Redis, as differences to what was confirmed."""

import logging
import math
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice, takewhile
from operator import ne

import msgspec

from stream.store import keys
from stream.store.lease import Outcome
from stream.store.protocol import Fields
from stream.store.scripts import Command, script
from stream.store.session import Session

GUARD_FIELDS = frozenset({"_epoch", "_as_of_ms", "_revision"})
"""Fields by which a view's script knows what it may write; not for readers."""

BATCH_VIEWS = 128
REFRESH_S = 30.0
"""Each view is written whole about once in so many seconds, so what was edited by hand is right
again within a minute, also while nothing changes and writes are rare."""

log = logging.getLogger(__name__)


async def write(session: Session, as_of_ms: int, views: Mapping[str, Fields]) -> Outcome:
    """See `stream.store.protocol.Store.write_views`."""
    async with session.view_lock:
        # Without this a worker that slept could restore views that the next owner has dropped.
        outcome = await session.check_owner()
        if outcome is not Outcome.OK:
            return outcome
        refreshed = _views_to_refresh(session, views)
        views = {**refreshed, **views}
        if not views:
            return outcome
        session.revision += 1
        for key in refreshed:
            session.confirmed_views.pop(key, None)
        await _register_views(session, views)
        outcomes, unconfirmed = await _send(session, as_of_ms, views, list(views), refreshed)
        if unconfirmed:
            await _register_views(session, unconfirmed)
            outcomes |= (await _send(session, as_of_ms, views, unconfirmed, refreshed))[0]
        await _register_teams(session, views)
        return _combined_outcome(session, outcomes)


async def drop(session: Session, views: Sequence[str]) -> Outcome:
    """See `stream.store.protocol.Store.drop_views`."""
    async with session.view_lock:
        outcome = await session.check_owner()
        if outcome is not Outcome.OK or not views:
            return outcome
        outcomes: set[Outcome] = set()
        for some in _batches(views):
            for key in some:
                session.confirmed_views.pop(key, None)
                session.whole_views_s.pop(key, None)
            commands = [script("drop").call((key,), session.lease.owner.epoch) for key in some]
            outcomes |= {
                session.check_reply(reply) for reply in await session.client.execute(commands)
            }
        if session.status is Outcome.OK:
            for command in _unregister(
                session, views
            ):  # one after another: the shard's own list is last
                await session.client.execute([command])
        return _combined_outcome(session, outcomes)


async def _send(
    session: Session,
    as_of_ms: int,
    views: Mapping[str, Fields],
    which: Sequence[str],
    refreshed: Container[str],
) -> tuple[set[Outcome], list[str]]:
    """Write these views; also return those that are not stored as they were confirmed."""
    outcomes: set[Outcome] = set()
    unconfirmed: list[str] = []
    view = script("view", session.client.options.view_fields)
    guard = (session.lease.owner.epoch, as_of_ms, session.revision)
    for some in _batches(which):
        commands = [
            view.call((key,), *guard, *_difference(session, key, views[key]), int(key in refreshed))
            for key in some
        ]
        whole = {key for key in some if key not in session.confirmed_views}
        for key in some:
            session.confirmed_views.pop(key, None)  # not known again before Redis confirms it
        replies = await session.client.execute(commands)
        for key, reply in zip(some, replies, strict=True):
            if reply == b"BASE":
                unconfirmed.append(key)
                continue
            if reply == b"REPLACED":
                log.warning("%s held something else, and was written anew", key)
            outcome = Outcome.OK if reply == b"REPLACED" else session.check_reply(reply)
            outcomes.add(outcome)
            if outcome is Outcome.OK:
                session.confirmed_views[key] = (session.revision, views[key])
                if key in whole:
                    session.whole_views_s.pop(key, None)  # to the end: the order is that of time
                    session.whole_views_s[key] = time.monotonic()
    return outcomes, unconfirmed


def _views_to_refresh(session: Session, views: Mapping[str, Fields]) -> dict[str, Fields]:
    """The views that were written whole the longest ago, so that all are within `REFRESH_S`.

    A few with each write, not all at once. Fields are those of `views`, or the confirmed ones.
    """
    now_s, at_s = time.monotonic(), session.whole_views_s
    share = min(1.0, (now_s - session.refreshed_s) / REFRESH_S)
    session.refreshed_s = now_s
    # Those of the last seconds were whole for another reason: a new lease, or a lost reply.
    due = takewhile(lambda key: now_s - at_s[key] >= REFRESH_S / 4, at_s)
    fields = ((key, views.get(key) or session.confirmed_fields(key)) for key in due)
    known = ((key, texts) for key, texts in fields if texts)
    return dict(islice(known, math.ceil(len(at_s) * share)))


def _difference(session: Session, key: str, fields: Fields) -> tuple[int, bytes]:
    """The revision that Redis has confirmed of a view, and what has changed since then."""
    base, before = session.confirmed_views.get(key, (0, {}))
    number_of = session.client.field_numbers
    changes: dict[int | str, str | float] = {
        number_of.get(name, name): value for name, value in _changed(before, fields)
    }
    changes |= {number_of.get(name, name): False for name in before.keys() - fields.keys()}
    return base, msgspec.msgpack.encode(changes)


def _changed(before: Fields, fields: Fields) -> Iterable[tuple[str, str | float]]:
    """The fields that are new or have another value."""
    if not before:
        return fields.items()
    if list(before) == list(fields):  # as most often: then values are compared without any lookup
        return compress(fields.items(), map(ne, fields.values(), before.values()))
    return ((name, value) for name, value in fields.items() if before.get(name) != value)


async def _register_views(session: Session, views: Iterable[str]) -> None:
    """Register views that are about to be written whole, so that none is ever forgotten.

    Also those registered before: a Redis that lost the view may have lost the entry.
    """
    whole = [key for key in views if key not in session.confirmed_views]
    if whole:
        await _add(session, keys.views(session.lease.shard), whole)


async def _register_teams(session: Session, views: Iterable[str]) -> None:
    """Add all of them each time: that repairs what a former owner's late removal took out."""
    teams = [
        team for key in views if key in session.confirmed_views and (team := keys.team_of_view(key))
    ]
    if teams:
        await _add(session, keys.teams(session.lease.shard.prefix), teams)


async def _add(session: Session, index: str, members: Sequence[str]) -> None:
    [reply] = await session.client.execute([script("add").call((index,), *members)])
    if reply == b"REPLACED":
        log.warning("%s held something else, and was written anew", index)


def _unregister(session: Session, views: Sequence[str]) -> Iterator[Command]:
    teams = [team for key in views if (team := keys.team_of_view(key))]
    if teams:
        yield ("SREM", keys.teams(session.lease.shard.prefix), *teams)
    yield ("SREM", keys.views(session.lease.shard), *views)


def _combined_outcome(session: Session, outcomes: set[Outcome]) -> Outcome:
    if session.status is not Outcome.OK:
        return session.status
    return Outcome.ALREADY if Outcome.ALREADY in outcomes else Outcome.OK


def _batches(views: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(views), BATCH_VIEWS):
        yield views[start : start + BATCH_VIEWS]
