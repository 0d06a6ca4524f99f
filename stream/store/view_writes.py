"""Writes views to Redis, as differences to what was confirmed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from stream.store import keys
from stream.store.protocol import Outcome
from stream.store.scripts import Command, script
from stream.store.session import Session

Fields = Mapping[str, str]

GUARD_FIELDS = frozenset({"_epoch", "_as_of_ms", "_revision"})
"""Fields by which a view's script knows what it may write; not for readers."""

BATCH_VIEWS = 32


async def write(session: Session, as_of_ms: int, views: Mapping[str, Fields]) -> Outcome:
    """See `stream.store.protocol.Store.write_views`."""
    async with session.view_lock:
        # Without this a worker that slept could restore views that the next owner has dropped.
        outcome = await session.check_owner()
        if outcome is not Outcome.OK or not views:
            return outcome
        session.revision += 1
        await _register_views(session, views)
        outcomes, unconfirmed = await _send(session, as_of_ms, views, list(views))
        if unconfirmed:
            await _register_views(session, unconfirmed)
            outcomes |= (await _send(session, as_of_ms, views, unconfirmed))[0]
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
    session: Session, as_of_ms: int, views: Mapping[str, Fields], which: Sequence[str]
) -> tuple[set[Outcome], list[str]]:
    """Write these views; also return those that are not stored as they were confirmed."""
    outcomes: set[Outcome] = set()
    unconfirmed: list[str] = []
    for some in _batches(which):
        commands = [_command(session, as_of_ms, key, views[key]) for key in some]
        for key in some:
            session.confirmed_views.pop(key, None)  # not known again before Redis confirms it
        replies = await session.client.execute(commands)
        for key, reply in zip(some, replies, strict=True):
            if reply == b"BASE":
                unconfirmed.append(key)
                continue
            outcome = session.check_reply(reply)
            outcomes.add(outcome)
            if outcome is Outcome.OK:
                session.confirmed_views[key] = (session.revision, dict(views[key]))
    return outcomes, unconfirmed


def _command(session: Session, as_of_ms: int, key: str, fields: Fields) -> Command:
    base, before = session.confirmed_views.get(key, (0, {}))
    number_of = session.client.field_numbers
    changes: dict[int | str, str | bool] = {
        number_of.get(name, name): value
        for name, value in fields.items()
        if before.get(name) != value
    }
    changes |= {number_of.get(name, name): False for name in before if name not in fields}
    return script("view", session.client.options.view_fields).call(
        (key,),
        *(session.lease.owner.epoch, as_of_ms, session.revision, base),
        msgspec.msgpack.encode(changes),
    )


async def _register_views(session: Session, views: Iterable[str]) -> None:
    """Register views that are about to be written whole, so that none is ever forgotten.

    Also those registered before: a Redis that lost the view may have lost the entry.
    """
    whole = [key for key in views if key not in session.confirmed_views]
    if whole:
        await session.client.execute([("SADD", keys.views(session.lease.shard), *whole)])


async def _register_teams(session: Session, views: Iterable[str]) -> None:
    """Add all of them each time: that repairs what a former owner's late removal took out."""
    teams = [
        team for key in views if key in session.confirmed_views and (team := keys.team_of_view(key))
    ]
    if teams:
        await session.client.execute([("SADD", keys.TEAMS, *teams)])


def _unregister(session: Session, views: Sequence[str]) -> Iterator[Command]:
    teams = [team for key in views if (team := keys.team_of_view(key))]
    if teams:
        yield ("SREM", keys.TEAMS, *teams)
    yield ("SREM", keys.views(session.lease.shard), *views)


def _combined_outcome(session: Session, outcomes: set[Outcome]) -> Outcome:
    if session.status is not Outcome.OK:
        return session.status
    return Outcome.ALREADY if Outcome.ALREADY in outcomes else Outcome.OK


def _batches(views: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(views), BATCH_VIEWS):
        yield views[start : start + BATCH_VIEWS]
