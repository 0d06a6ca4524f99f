"""Views in Redis: what people read, written as differences to what was confirmed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from stream.store import keys
from stream.store.protocol import Outcome
from stream.store.scripts import Command, script
from stream.store.session import Session

Fields = Mapping[str, str]

GUARD_FIELDS = frozenset({"_epoch", "_as_of_ms", "_revision"})
"""Fields of a view by which its script knows what it may write; not for readers."""

_ROUND_VIEWS = 32


async def write(session: Session, as_of_ms: int, views: Mapping[str, Fields]) -> Outcome:
    """See `stream.store.protocol.Store.write_views`."""
    async with session.showing:
        # Without this a worker that slept could bring back views that the next owner has dropped.
        owns = await session.owns()
        if owns is not Outcome.OK or not views:
            return owns
        session.revision += 1
        await _list(session, views)
        outcomes, unfit = await _send(session, as_of_ms, views, list(views))
        if unfit:
            await _list(session, unfit)
            outcomes |= (await _send(session, as_of_ms, views, unfit))[0]
        await _enter_teams(session, views)
        return _worst(session, outcomes)


async def drop(session: Session, views: Sequence[str]) -> Outcome:
    """See `stream.store.protocol.Store.drop_views`."""
    async with session.showing:
        owns = await session.owns()
        if owns is not Outcome.OK or not views:
            return owns
        outcomes: set[Outcome] = set()
        for some in _runs(views):
            for key in some:
                session.shown.pop(key, None)
            commands = [script("drop").call((key,), session.lease.owner.epoch) for key in some]
            outcomes |= {session.heed(reply) for reply in await session.wire.ask(commands)}
        if session.ended is Outcome.OK:
            for command in _leave(session, views):  # one after another: the shard forgets last
                await session.wire.ask([command])
        return _worst(session, outcomes)


async def _send(
    session: Session, as_of_ms: int, views: Mapping[str, Fields], which: Sequence[str]
) -> tuple[set[Outcome], list[str]]:
    """Write these views; also answers which of them do not stand as they were confirmed."""
    outcomes: set[Outcome] = set()
    unfit: list[str] = []
    for some in _runs(which):
        commands = [_command(session, as_of_ms, key, views[key]) for key in some]
        for key in some:
            session.shown.pop(key, None)  # not known again before Redis confirms it
        replies = await session.wire.ask(commands)
        for key, reply in zip(some, replies, strict=True):
            if reply == b"BASE":
                unfit.append(key)
                continue
            outcome = session.heed(reply)
            outcomes.add(outcome)
            if outcome is Outcome.OK:
                session.shown[key] = (session.revision, dict(views[key]))
    return outcomes, unfit


def _command(session: Session, as_of_ms: int, key: str, fields: Fields) -> Command:
    base, before = session.shown.get(key, (0, {}))
    number_of = session.wire.number_of_field
    changes: dict[int | str, str | bool] = {
        number_of.get(name, name): value
        for name, value in fields.items()
        if before.get(name) != value
    }
    changes |= {number_of.get(name, name): False for name in before if name not in fields}
    return script("view", session.wire.options.view_fields).call(
        (key,),
        *(session.lease.owner.epoch, as_of_ms, session.revision, base),
        msgspec.msgpack.encode(changes),
    )


async def _list(session: Session, views: Iterable[str]) -> None:
    """Note as the shard's own what is about to be written whole, so that none is ever forgotten.

    Also what was noted before: a Redis that lost the view may have lost the note.
    """
    whole = [key for key in views if key not in session.shown]
    if whole:
        await session.wire.ask([("SADD", keys.views(session.lease.shard), *whole)])


async def _enter_teams(session: Session, views: Iterable[str]) -> None:
    """Enter all of them each time: that heals what a former owner's late removal took out."""
    teams = [team for key in views if key in session.shown and (team := keys.team_of_view(key))]
    if teams:
        await session.wire.ask([("SADD", keys.TEAMS, *teams)])


def _leave(session: Session, views: Sequence[str]) -> Iterator[Command]:
    teams = [team for key in views if (team := keys.team_of_view(key))]
    if teams:
        yield ("SREM", keys.TEAMS, *teams)
    yield ("SREM", keys.views(session.lease.shard), *views)


def _worst(session: Session, outcomes: set[Outcome]) -> Outcome:
    if session.ended is not Outcome.OK:
        return session.ended
    return Outcome.ALREADY if Outcome.ALREADY in outcomes else Outcome.OK


def _runs(views: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(views), _ROUND_VIEWS):
        yield views[start : start + _ROUND_VIEWS]
