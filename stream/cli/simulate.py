"""`floorwatch simulate`: a floor that makes events."""

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
    floors: Annotated[int, typer.Option(min=1, help="Floors, each with one feed.")] = 1,
    teams: Annotated[int, typer.Option(min=1, help="Teams, over all floors.")] = 2,
    agents: Annotated[int, typer.Option(min=1, help="Agents, over all teams.")] = 40,
    start: Annotated[
        str | None, typer.Option(metavar="RFC3339", help="First instant; now if left out.")
    ] = None,
    duration: Annotated[str, typer.Option(help="How much time is simulated.")] = "1h",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same events.")] = 1,
    load: Annotated[
        float,
        typer.Option(min=0.01, max=5, help="Offered work over capacity; callers wait above 0.9."),
    ] = 0.8,
    shift: Annotated[
        str | None,
        typer.Option(metavar="FROM-TO", help="As 10m-8h after the start; else all the time."),
    ] = None,
    heartbeat: Annotated[str, typer.Option(help="Time between heartbeats, or off.")] = "10s",
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of events sent late.")] = 0,
    late_most: Annotated[str, typer.Option(help="Longest delay of a late event.")] = "2m",
    repeated: Annotated[float, typer.Option(min=0, max=1, help="Share sent twice.")] = 0,
    lost: Annotated[float, typer.Option(min=0, max=1, help="Share never sent.")] = 0,
    walkout: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,…",
            help="Heads who go on a break together: team, after, heads and optionally floor, "
            "within (5s), lasts (10m). May be given several times.",
        ),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the agents' roster there as CSV.")
    ] = None,
    brokers: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Produce to Kafka instead of to stdout."),
    ] = None,
    topic: Annotated[str, typer.Option(help="Kafka topic.")] = "floor-events",
    paced: Annotated[
        bool, typer.Option("--paced", help="Send each event at its time, not as fast as may be.")
    ] = False,
) -> None:
    """Make the events of call-centre floors: breaks, a queue, calls, and causes put in on purpose.

    Without --brokers events are JSON lines on stdout. To Kafka a record's key is the floor, its
    partition murmur2 of it, its time stamp the instant at which the event was sent.

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
    """Each event when the clock shows the instant at which it is sent."""
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
        raise ConfigurationError(f"--shift '{text}'; allowed: an end after the start, as 10m-8h")
    return start, end


def _walk_out(text: str, start_ms: int) -> "WalkOut":
    from stream.simulate.plan import WalkOut

    told = dict(part.partition("=")[::2] for part in text.split(","))
    unknown = [key for key in told if key not in _WALK_OUT_KEYS]
    missing = [key for key in ("team", "after", "heads") if not told.get(key)]
    if unknown or missing or not told["heads"].isdigit():
        msg = (
            f"--walkout '{text}'; allowed: {', '.join(_WALK_OUT_KEYS)}, of which team, after and "
            "heads (a whole number) must be given, as team=team-01,after=30m,heads=6"
        )
        raise ConfigurationError(msg)
    return WalkOut(
        told.get("floor", "floor-01"),
        told["team"],
        start_ms + _duration("--walkout after", told["after"]),
        int(told["heads"]),
        _duration("--walkout within", told.get("within", "5s")),
        _duration("--walkout lasts", told.get("lasts", f"{10 * MINUTE_MS}ms")),
    )


def _check(plan: "Plan") -> None:
    known = {(floor.name, team.name) for floor in plan.floors for team in floor.teams}
    for one in plan.walk_outs:
        if (one.floor, one.team) not in known:
            names = ", ".join(f"{floor}/{team}" for floor, team in sorted(known)[:6])
            raise ConfigurationError(
                f"--walkout: no team '{one.team}' on floor '{one.floor}'; there are: {names}"
            )
        at_s, lasts_s = (one.at_ms - plan.start_ms) // 1_000, (plan.end_ms - plan.start_ms) // 1_000
        if not 0 <= at_s < lasts_s:
            raise ConfigurationError(
                f"--walkout: after={at_s}s; allowed: less than --duration, which is {lasts_s}s"
            )
    disturbance = plan.disturbance
    if disturbance.late + disturbance.repeated + disturbance.lost > 1:
        raise ConfigurationError("--late, --repeated and --lost; allowed: at most 1 together")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--roster {path}: {(error.strerror or str(error)).lower()}") from None
