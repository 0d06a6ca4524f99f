"""Many small floors beside one large one: the same agents, teams and events, in CPU seconds.

Both shards live through the same minutes in turn, as a worker that keeps pace does: each second's
events are pushed, and judged; all figures are computed once. Compared are medians of the minutes.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median

from crowd import START_MS, Crowd, Template, template

from stream.events.batch import EventBatch
from stream.shard import Shard
from stream.spec import Spec
from stream.units import MINUTE_MS

AGENTS_PER_FLOOR = 50
STAGES = ("push", "step", "figures")


@dataclass(slots=True)
class Costs:
    """CPU seconds a minute of event time, by stage."""

    minutes: dict[str, list[float]] = field(default_factory=lambda: {one: [] for one in STAGES})

    def median_s(self, stage: str) -> float:
        """The median minute of a stage."""
        return median(self.minutes[stage])


def many_and_one(floors: int, minutes: int, warm_minutes: int) -> tuple[Costs, Costs]:
    """Costs of so many floors of 50 agents, and of one floor with all of them."""
    made = template(AGENTS_PER_FLOOR)
    until_ms = (warm_minutes + minutes) * MINUTE_MS
    rivals = [_Rival(made, floors, on_one_floor=one) for one in (False, True)]
    feeds = [groupby(rival.crowd.slices(0, until_ms), _minute) for rival in rivals]
    for minute in range(warm_minutes + minutes):
        turns = list(zip(rivals, feeds, strict=True))
        for rival, feed in turns if minute % 2 else reversed(turns):
            _, batches = next(feed)
            rival.live(list(batches), is_counted=minute >= warm_minutes)
    return rivals[0].costs, rivals[1].costs


def _minute(batch: EventBatch) -> int:
    return (int(batch.ts_ms[0]) - START_MS) // MINUTE_MS


class _Rival:
    """One of the two shards."""

    def __init__(self, made: Template, copies: int, *, on_one_floor: bool) -> None:
        self.crowd = Crowd(made, copies, on_one_floor)
        self.costs = Costs()
        self._shard = Shard(Spec(event_clock=True))
        self.crowd.introduce(self._shard)

    def live(self, batches: list[EventBatch], *, is_counted: bool) -> None:
        """Pass one minute."""
        shard = self._shard
        gc.collect()
        gc.disable()
        took = dict.fromkeys(STAGES, 0.0)
        for batch in batches:
            took["push"] += _cpu_s(lambda batch=batch: shard.push(batch))
            took["step"] += _cpu_s(lambda: shard.step(shard.watermark_ms))
        took["figures"] = _cpu_s(shard.figures)
        gc.enable()
        for stage, cpu_s in took.items():
            if is_counted:
                self.costs.minutes[stage].append(cpu_s)


def _cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s
