"""What the reference itself must promise, as checks of one history each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.reference.admission import Admission, Refused
from tests.reference.history import History
from tests.reference.kinds import fed
from tests.reference.records import Event, Record, instant
from tests.reference.truth import Figures, Truth

SHARED_WINDOWS = 3
"""5m, 15m and 60m: windows that all teams of a floor share."""


def check_accounts(history: History) -> None:
    """In each window an agent's states add up to its length, over all his teams."""
    truth = fed(history)
    for look in history.looks:
        figures = truth.figures(look)
        sums: dict[tuple[str, str], list[int]] = {}
        for (floor, _, agent), windows in figures.seats.items():
            mine = sums.setdefault((floor, agent), [0] * SHARED_WINDOWS)
            for window in range(SHARED_WINDOWS):
                mine[window] += sum(windows[window])
        spans = next(iter(figures.spans.values()))[:SHARED_WINDOWS]
        lengths = [end - start for start, end in spans]
        for who, found in sums.items():
            begun = truth.lines.rows(*who)[0].ts < look
            expected = [length if begun else 0 for length in lengths]
            assert found == expected, f"{who} at {look}: {found} of {lengths}"


def check_records(history: History) -> None:
    """Events one by one give the same as in records of several."""
    other = history.singly()
    one, two = fed(history), fed(other)
    assert _reasons(one.admission.refused) == _reasons(two.admission.refused)
    assert one.hours == two.hours
    _same(one, two, history.looks)


def _reasons(refused: Sequence[Refused]) -> list[str]:
    return [one.reason.value for one in refused]


def _same(one: Truth, two: Truth, looks: Sequence[int]) -> None:
    for look in looks:
        found = list(_differences(one.figures(look), two.figures(look)))
        assert not found, f"at {look}\n" + "\n".join(found)


def _differences(one: Figures, two: Figures) -> Iterator[str]:
    for name, value in vars(one).items():
        other = getattr(two, name)
        for key in sorted({*value, *other}, key=str):
            if value.get(key) != other.get(key):
                yield f"{name} {key}: {value.get(key)} or {other.get(key)}"


def check_harmless(history: History) -> bool:
    """What is refused as a jump changes no figure: without it all is the same."""
    history = history.unchanged()
    truth = fed(history)
    truth.admission.finish()
    gone = {one.place for one in truth.admission.refused if one.reason == "ahead"}
    if not gone:
        return False
    kept = [
        Record(events, record.stamp, record.appended)
        for number, record in enumerate(history.records)
        if (events := _without(record.events, number, gone))
    ]
    other = fed(replace(history, records=tuple(kept)))
    other.admission.finish()
    assert other.admission.jumps <= truth.admission.jumps
    _same(truth, other, history.looks)
    return True


def _without(events: Sequence[Event], record: int, gone: set[tuple[int, int]]) -> tuple[Event, ...]:
    return tuple(event for place, event in enumerate(events) if (record, place) not in gone)


def check_converges(history: History) -> bool:
    """Another admissible order, with repetitions, gives the same figures.

    Returns whether anything was left to compare under the premises of decision 0032.
    """
    history = history.unchanged()
    plain, mixed = admissible_orders(history)
    if not plain:
        return False
    one, two = (fed(replace(history, records=tuple(order))) for order in (plain, mixed))
    _same(one, two, history.looks)
    return True


def admissible_orders(history: History) -> tuple[list[Record], list[Record]]:
    """Two orders of the same events, the second with repetitions; neither refuses any."""
    random, single = history.random("order"), history.singly().records
    plain = list(range(len(single)))
    keyed = [(place + random.randrange(12), place) for place in plain]
    keyed += [(place + random.randrange(12), place) for place in plain if random.random() < 0.3]
    mixed = [place for _, place in sorted(keyed)]
    while True:
        refused = _refused(history, single, plain) | _refused(history, single, mixed)
        if not refused:
            return [single[place] for place in plain], [single[place] for place in mixed]
        plain = [place for place in plain if place not in refused]
        mixed = [place for place in mixed if place not in refused]


def _refused(history: History, single: Sequence[Record], order: Sequence[int]) -> set[int]:
    """Which events are refused, or never confirmed, when they come in this order."""
    admission = Admission(history.rules)
    for place in order:
        admission.push(single[place])
    admission.finish()
    return {order[one.place[0]] for one in admission.refused}


def check_buffered(history: History) -> bool:
    """Who sends all that was buffered, oldest first and in time, loses nothing.

    Compared with the events in the order of their own times.
    """
    history = history.unchanged()
    if history.kinds.keys() & {"wrong_year", "fast_clock"} or fed(history).admission.refused:
        return False
    events = history.singly().records
    by_time = sorted(events, key=lambda record: instant(record.events[0]))
    one, two = fed(history), fed(replace(history, records=tuple(by_time)))
    if two.admission.refused:
        return False
    _same(one, two, history.looks)
    return True
