"""`floorwatch simulate`: generates the events of a floor."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.cli.options import instant_ms
from stream.clock import wall_ms
from stream.errors import ConfigurationError, InputError
from stream.units import MINUTE_MS, parse_duration_ms

if TYPE_CHECKING:
    from stream.simulate.plan import Plan, WalkOut
    from stream.simulate.run import Sent

_WALK_OUT_KEYS = ("floor", "team", "after", "heads", "within", "lasts")


def simulate(
    floors: Annotated[int, typer.Option(min=1, help="Number of floors, each with one source.")] = 1,
    teams: Annotated[int, typer.Option(min=1, help="Number of teams, over all floors.")] = 2,
    agents: Annotated[int, typer.Option(min=1, help="Number of agents, over all teams.")] = 40,
    start: Annotated[
        str | None, typer.Option(metavar="RFC3339", help="First instant; default: now.")
    ] = None,
    duration: Annotated[str, typer.Option(help="Simulated time.")] = "1h",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same events.")] = 1,
    load: Annotated[
        float,
        typer.Option(min=0.01, max=5, help="Offered work over capacity; callers wait above 0.9."),
    ] = 0.8,
    shift: Annotated[
        str | None,
        typer.Option(
            metavar="FROM-TO", help="Shift after the start, such as 10m-8h; default: always on."
        ),
    ] = None,
    heartbeat: Annotated[str, typer.Option(help="Time between heartbeats, or off.")] = "10s",
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of events sent late.")] = 0,
    late_most: Annotated[str, typer.Option(help="Longest delay of a late event.")] = "2m",
    repeated: Annotated[float, typer.Option(min=0, max=1, help="Share of events sent twice.")] = 0,
    lost: Annotated[float, typer.Option(min=0, max=1, help="Share of events never sent.")] = 0,
    walkout: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,…",
            help="People who walk out together: team, after, heads and optionally floor, "
            "within (5s), lasts (10m). May be repeated.",
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the roster of the agents to this CSV file."),
    ] = None,
    brokers: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Produce to Kafka instead of stdout."),
    ] = None,
    topic: Annotated[str, typer.Option(help="Kafka topic.")] = "floor-events",
    paced: Annotated[
        bool,
        typer.Option("--paced", help="Send each event at its own time, not as fast as possible."),
    ] = False,
) -> None:
    """Simulate call-centre floors: breaks, queues, calls, and injected walk-outs.

    Without --brokers, events are JSON lines on stdout. In Kafka the key of a record is the floor,
    its partition is murmur2 of the key, its time stamp the time at which the event was sent.

    \b
    Examples:
      floorwatch simulate --seed 7 --duration 2h > floor.jsonl
      floorwatch simulate --agents 40 --load 1.1 --walkout team=team-01,after=30m,heads=6
      floorwatch simulate --late 0.01 --repeated 0.01 --lost 0.001 | gzip > rough.jsonl.gz
      floorwatch simulate --floors 40 --teams 500 --agents 10000 --brokers 127.0.0.1:9092
      floorwatch simulate --paced --duration 8h --brokers 127.0.0.1:9092 --roster roster.csv
    """  # noqa: D301 - click's mark for text that it must not wrap
    from stream.simulate.plan import Disturbance, Habits, Plan, even_floors, roster_csv
    from stream.simulate.run import simulate as run

    given_ms = instant_ms("--start", start)
    start_ms = wall_ms() if given_ms is None else given_ms
    shifts = [] if shift is None else [_shift(shift, start_ms)]
    beat_ms = None if heartbeat == "off" else _duration("--heartbeat", heartbeat)
    try:
        held = even_floors(
            floors, teams, agents, shifts=shifts, habits=Habits(load=load), heartbeat_ms=beat_ms
        )
    except ValueError as error:
        raise ConfigurationError(f"--floors, --teams, --agents: {error}") from None
    plan = Plan(
        held,
        start_ms,
        start_ms + _duration("--duration", duration),
        seed,
        Disturbance(late, _duration("--late-most", late_most), repeated, lost),
        tuple(_walk_out(text, start_ms) for text in walkout or ()),
    )
    _check(plan)
    if roster is not None:
        _write(roster, roster_csv(held))
    if brokers is None:
        _print(_in_time(run(plan)) if paced else run(plan), flush=paced)
    else:
        from stream.cli.produce import produce

        names = [floor.name for floor in held]
        count = produce(run(plan), brokers, topic, names, paced=paced)
        typer.echo(f"{count} events sent to {topic} at {brokers}", err=True)


def _print(events: "Iterable[Sent]", *, flush: bool) -> None:
    import orjson

    out = sys.stdout.buffer
    for sent in events:
        out.write(orjson.dumps(sent.event, option=orjson.OPT_APPEND_NEWLINE))
        if flush:
            out.flush()
    out.flush()


def _in_time(events: "Iterable[Sent]") -> "Iterator[Sent]":
    """Each event at its `sent_ms` by the clock."""
    from time import sleep, time

    for sent in events:
        ahead_s = sent.sent_ms / 1000 - time()
        if ahead_s > 0:
            sleep(ahead_s)
        yield sent


def _duration(option: str, text: str) -> int:
    try:
        return parse_duration_ms(text)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from None


def _shift(text: str, start_ms: int) -> tuple[int, int]:
    first, _, last = text.partition("-")
    start, end = (start_ms + _duration("--shift", part) for part in (first, last))
    if end <= start:
        raise ConfigurationError(
            f"--shift '{text}'; allowed: an end after the start, such as 10m-8h"
        )
    return start, end


def _walk_out(text: str, start_ms: int) -> "WalkOut":
    from stream.simulate.plan import WalkOut

    given = dict(part.partition("=")[::2] for part in text.split(","))
    unknown = [key for key in given if key not in _WALK_OUT_KEYS]
    missing = [key for key in ("team", "after", "heads") if not given.get(key)]
    if unknown or missing or not given["heads"].isdigit():
        msg = (
            f"--walkout '{text}'; allowed: {', '.join(_WALK_OUT_KEYS)}; team, after and heads "
            "(a whole number) are required, such as team=team-01,after=30m,heads=6"
        )
        raise ConfigurationError(msg)
    return WalkOut(
        given.get("floor", "floor-01"),
        given["team"],
        start_ms + _duration("--walkout after", given["after"]),
        int(given["heads"]),
        _duration("--walkout within", given.get("within", "5s")),
        _duration("--walkout lasts", given.get("lasts", f"{10 * MINUTE_MS}ms")),
    )


def _check(plan: "Plan") -> None:
    known = {(floor.name, team.name) for floor in plan.floors for team in floor.teams}
    for one in plan.walk_outs:
        if (one.floor, one.team) not in known:
            names = ", ".join(f"{floor}/{team}" for floor, team in sorted(known)[:6])
            raise ConfigurationError(
                f"--walkout: no team '{one.team}' on floor '{one.floor}'; teams: {names}"
            )
        at_s, lasts_s = (one.at_ms - plan.start_ms) // 1_000, (plan.end_ms - plan.start_ms) // 1_000
        if not 0 <= at_s < lasts_s:
            raise ConfigurationError(
                f"--walkout: after={at_s}s; allowed: less than --duration, {lasts_s}s"
            )
    disturbance = plan.disturbance
    if disturbance.late + disturbance.repeated + disturbance.lost > 1:
        raise ConfigurationError("--late, --repeated and --lost; allowed: a sum of at most 1")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--roster {path}: {(error.strerror or str(error)).lower()}") from None
