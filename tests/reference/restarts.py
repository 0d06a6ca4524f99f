"""Rules and roster change at a restart, and then rows come late."""

from dataclasses import replace
from random import Random

from stream.events.language import State
from stream.spec import LocalSpan, ShiftSpec, SourceSpec, Spec
from tests.reference.against import compare
from tests.reference.cases import TEN
from tests.reference.days import MOVED, ROSTER
from tests.reference.engine import Engine
from tests.reference.records import Event, Record, ranked
from tests.reference.rules import MINUTE, SECOND, Rules
from tests.reference.truth import Truth

SHIFTS = (ShiftSpec((LocalSpan(480, 615), LocalSpan(615, 690))),)
"""They end at 10:15 and at 11:30; rows begin at 10:00 and later."""
SOURCES = (
    SourceSpec(),
    SourceSpec(silence_ms={State.aux: MINUTE}, shift_end_slack_ms=0),
    SourceSpec(silence_ms={State.available: 2 * MINUTE}),
    SourceSpec(silence_ms=None),
)


def drawn(random: Random) -> list[Record]:
    """Forty minutes of three agents, whose rows come up to four minutes late."""
    sent: list[tuple[int, Event]] = [
        (ts, {"type": "heartbeat", "ts": ts, "source": "pbx"})
        for ts in range(TEN, TEN + 44 * MINUTE, 20 * SECOND)
    ]
    for agent in ("ann", "cid", "dan"):
        ts = TEN
        while (ts := ts + random.randint(0, 6) * MINUTE) < TEN + 40 * MINUTE:
            row = {"type": "state", "ts": ts, "agent": agent, "source": "pbx"}
            row["state"] = random.choice(["aux", "available", "talking", "offline", "meal"])
            sent.append((ts + random.randint(0, 240) * SECOND, row))
    records = [(arrival, tuple(ranked([event]))) for arrival, event in sent]
    return [Record(events, arrival) for arrival, events in sorted(records, key=lambda one: one[0])]


def check_restart(seed: int) -> None:
    """With other rules and another roster from a restart on both say the same."""
    random = Random(seed)
    records = drawn(random)
    one, two = random.sample(SOURCES, 2)
    spec = Spec(sources=(one,), shifts=SHIFTS, event_clock=random.random() < 0.5)
    rules = Rules(spec, random.choice([ROSTER, MOVED]))
    truth, engine = Truth(rules), Engine(rules)
    place = random.randint(len(records) // 2, len(records) - 20)
    truth.push(*records[:place])
    engine.push(records[:place])
    other = random.choice([ROSTER, MOVED])
    truth.change(replace(rules, spec=replace(spec, sources=(two,)), roster=other))
    engine.restart(truth.rules)
    for start in range(place, len(records), 15):
        some = records[start : start + 15]
        truth.push(*some)
        engine.push(some)
        compare(["states"], truth, [engine], truth.watermark)
    compare(["states"], truth, [engine], truth.watermark + 10 * SECOND)


def check_restarts(seeds: int) -> None:
    """The same for so many seeds."""
    for seed in range(seeds):
        check_restart(seed)
