"""`floorwatch dlq show` and `floorwatch dlq retry`: read dead letters and send them again."""

import re
from collections.abc import Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from stream.cli.kafka import run_with_kafka
from stream.cli.options import ConfigFile, instant_ms, read_settings
from stream.cli.progress import progress
from stream.clock import wall_ms
from stream.errors import ConfigurationError, FloorwatchError, ServiceError, did_you_mean
from stream.units import parse_duration_ms, rfc3339

if TYPE_CHECKING:
    from stream.config import Settings
    from stream.dlq.reader import ShowProgress
    from stream.dlq.retry import Retry, RetryResult, Selection
    from stream.dlq.summary import Summary

T = TypeVar("T")

Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="REASON", help="Only this reason; may be repeated."),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="RFC3339|2h", help="Only dead letters written since then."),
]
_ORIGIN = re.compile(r"(\d{1,9}):(\d{1,18})")


def show(
    reason: Reasons = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=0, help="How many of the newest to show.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show rejected and late events: how many, why, where from, and the newest of them.

    A dead letter stands for one record and one reason, and counts the events of the record that
    have this reason. It counts once, however often a worker wrote it. Dead letters that were sent
    again are marked.

    \b
    Examples:
      floorwatch dlq show
      floorwatch dlq show --reason misrouted --since 2h --limit 3
      floorwatch dlq show --json --limit 1000 | jq -r '.newest[].detail'
    """  # noqa: D301 - click's mark for text that it must not wrap
    settings, since_ms, reasons = read_settings(config), _since_ms(since), _reasons(reason)
    with progress() as on_progress:
        found = _run(settings, _summary(settings, reasons, since_ms, limit, on_progress))
    typer.echo(_as_json(settings, found) if json else "\n".join(_as_text(settings, found)))


def retry(
    reason: Reasons = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTITION:OFFSET", help="Only this record; may be repeated."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All but late ones.")] = False,
    since: Since = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most this many dead letters, oldest first.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Send dead letters to the events topic again, each to the partition of its floor.

    Sends only events that are valid now: misrouted ones, or those that a newer version
    understands. If any rejected event of an array is valid now, all valid events of the array
    are sent: repeats change no figure. Be quick: an event more than windows.grace behind its
    source is late. Late events are sent only if --reason names them. Each dead letter that was
    sent is marked in the dead-letter topic and skipped by the next run; an interrupted run may
    repeat up to 500. Exits with 1 if none of the selected can be sent or was sent before.

    \b
    Examples:
      floorwatch dlq retry --all --dry-run
      floorwatch dlq retry --reason misrouted --since 30m
      floorwatch dlq retry --origin 3:1771
      floorwatch dlq retry --reason late_grace --limit 100
    """  # noqa: D301 - click's mark for text that it must not wrap
    if not (reason or origin or every):
        msg = "select what to send again with --reason, --origin or --all (--dry-run only shows it)"
        raise ConfigurationError(msg)
    if every and (reason or origin):
        raise ConfigurationError("--all; allowed: without --reason and --origin")
    settings = read_settings(config)
    from stream.dlq.retry import Selection

    choice = Selection(_reasons(reason), _origins(origin or ()), _since_ms(since), limit)
    done: list[Retry] = []
    try:
        with progress() as on_progress:
            _run(settings, _retried(settings, choice, on_progress, done, dry_run=dry_run))
    finally:
        for one in done:
            typer.echo("\n".join(_result_lines(settings, one.outcome, dry_run=dry_run)))
    outcome = done[0].outcome
    if (outcome.not_resendable or outcome.late) and not (outcome.retried or outcome.before):
        raise FloorwatchError("nothing was sent")


async def _summary(
    settings: "Settings",
    reasons: frozenset[str],
    since_ms: int | None,
    limit: int,
    on_progress: "ShowProgress",
) -> "Summary":
    from stream.dlq.reader import open_reader
    from stream.dlq.summary import summarise

    kafka = settings.kafka
    (partitions,) = await _partitions(settings, kafka.dead_letters_topic)
    async with open_reader(kafka.brokers, kafka.dead_letters_topic, partitions) as box:
        return await summarise(
            box, reasons=reasons, since_ms=since_ms, limit=limit, show=on_progress
        )


async def _retried(
    settings: "Settings",
    choice: "Selection",
    on_progress: "ShowProgress",
    done: "list[Retry]",
    *,
    dry_run: bool,
) -> None:
    """Send. `done` gets the work before it starts, so that an interrupted one is reported too."""
    from stream.dlq.reader import open_reader
    from stream.dlq.retry import Retry, RetryTarget

    kafka = settings.kafka
    topics = (kafka.dead_letters_topic, kafka.events_topic)
    letters_at, events_at = await _partitions(settings, *topics)
    goal = RetryTarget(
        kafka.brokers, kafka.events_topic, events_at, kafka.dead_letters_topic, dry_run
    )
    async with open_reader(kafka.brokers, kafka.dead_letters_topic, letters_at) as box:
        done.append(Retry(box, choice, goal, on_progress))
        await done[0].run()


async def _partitions(settings: "Settings", *topics: str) -> list[int]:
    from stream.kafka.topic_admin import partition_counts

    counts = await partition_counts(settings.kafka.brokers, topics)
    for topic in topics:
        if not counts[topic]:
            raise ServiceError(f"Kafka at {settings.kafka.brokers} has no topic {topic}")
    return [counts[topic] for topic in topics]


def _run(settings: "Settings", work: Coroutine[Any, Any, T]) -> T:
    return run_with_kafka(settings.kafka.brokers, work)


# ---------------------------------------------------------------------------------- options


def _reasons(given: list[str] | None) -> frozenset[str]:
    from stream.events.language import Reason

    known = [str(reason) for reason in Reason]
    for text in given or ():
        if text not in known:
            hint = did_you_mean(text, known)
            msg = f"--reason '{text}'{hint}; allowed: {', '.join(known)}"
            raise ConfigurationError(msg)
    return frozenset(given or ())


def _origins(given: Iterable[str]) -> frozenset[tuple[int, int]]:
    found = set()
    for text in given:
        match = _ORIGIN.fullmatch(text)
        if match is None:
            raise ConfigurationError(f"--origin '{text}'; allowed: PARTITION:OFFSET, as 3:1771")
        found.add((int(match[1]), int(match[2])))
    return frozenset(found)


def _since_ms(text: str | None) -> int | None:
    try:
        return None if text is None else wall_ms() - parse_duration_ms(text)
    except ValueError:
        return instant_ms("--since", text)


# ---------------------------------------------------------------------------------- output


def _as_json(settings: "Settings", found: "Summary") -> str:
    import orjson

    document = {
        "topic": settings.kafka.dead_letters_topic,
        "letters": found.letters.total(),
        "events": found.events.total(),
        "retried": found.retried.total(),
        "foreign": found.foreign,
        "counts": list(found.rows()),
        "newest": [found.document(letter) for letter in found.newest],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _as_text(settings: "Settings", found: "Summary") -> Iterator[str]:
    from stream.errors import printable

    topic = settings.kafka.dead_letters_topic
    yield f"{topic}: {found.letters.total()} dead letters of {found.events.total()} events"
    if found.foreign:
        yield f"{found.foreign} records in it were not written by Floorwatch"
    if found.letters:
        yield f"\n{'reason':<16}{'from':<24}{'letters':>9}{'events':>9}{'retried':>9}"
    for row in found.rows():
        place = f"{row['source_topic']} {row['source_partition']}"
        counts = f"{row['letters']:>9}{row['events']:>9}{row['retried']:>9}"
        yield f"{printable(row['reason']):<16}{printable(place):<24}{counts}"
    for letter in found.newest:
        again = ", sent again" if letter.key in found.marked else ""
        plural = "" if letter.events == 1 else "s"
        size = f"{letter.events} event{plural}, {letter.size} bytes{again}"
        where = printable(f"{letter.reason}  {letter.origin}")
        yield f"\n{rfc3339(letter.time_ms)}  {where}  ({size})"
        yield f"  {printable(letter.detail)}"
        yield f"  {found.document(letter)['value'] or 'no value'}"


def _result_lines(settings: "Settings", outcome: "RetryResult", *, dry_run: bool) -> Iterator[str]:
    from stream.errors import printable

    verb, topic = ("would send" if dry_run else "sent"), settings.kafka.events_topic
    yield (
        f"{verb} {outcome.retried} dead letters again: {outcome.events} events in "
        f"{outcome.records} records to {topic}"
    )
    grace_ms = settings.windows.grace_ms
    behind_ms = wall_ms() - (outcome.oldest_ms or 0)
    if outcome.oldest_ms is not None and behind_ms > grace_ms and not settings.spec.event_clock:
        yield (
            f"  the oldest event is of {rfc3339(outcome.oldest_ms)}; events more than "
            f"{grace_ms // 1_000} s behind their source will be late"
        )
    if outcome.before:
        yield f"  {outcome.before} were sent by an earlier run"
    for reason, letters in sorted(outcome.late.items()):
        yield f"  {letters} {reason}: would be late again; --reason {reason} sends them"
    for (reason, why), letters in sorted(outcome.not_resendable.items()):
        example = printable(outcome.examples[reason, why])
        yield f"  {letters} {printable(reason)}: {why}, as {example}"
