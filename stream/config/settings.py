"""All of floorwatch.toml as one frozen value, and the `Spec` that the pure part gets."""

import re
from dataclasses import fields
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from stream.config.log import LogTable
from stream.config.rules import (
    BaselineTable,
    ControlTable,
    LimitsTable,
    PeakTable,
    PoolTable,
    RatioTable,
    ShiftTable,
    SourceTable,
    WindowsTable,
)
from stream.config.services import (
    AlertsTable,
    ArchiveTable,
    KafkaTable,
    MetricsTable,
    RedisTable,
    RosterTable,
    SinkTable,
    WebTable,
)
from stream.config.values import ConfigTable
from stream.errors import did_you_mean
from stream.render.catalogue import FIGURES, ratio_metric
from stream.spec import ANY, RATIOS, ControlSpec, PoolSpec, SourceSpec, Spec

Named = TypeVar("Named", PoolTable, SourceTable)
RESERVED = frozenset(
    {"member_mean", "member_sd", "handled", "short", "talk_s", "hold_s", "acw_s", "window_s"}
)
RESERVED_ENDINGS = ("_cv", "_mean", "_sd", "_members")
RATIO_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def _ratio_name(name: str) -> str:
    """The name of a ratio becomes a metric and a field of views, where some names are reserved."""
    if not RATIO_NAME.fullmatch(name):
        msg = "not a name of a ratio; allowed: one of a-z, then up to 39 of a-z, 0-9 and '_'"
        raise ValueError(msg)
    if name in RESERVED or name.endswith(RESERVED_ENDINGS):
        reserved = ", ".join((*sorted(RESERVED), *(f"*{ending}" for ending in RESERVED_ENDINGS)))
        msg = f"the name is reserved in metrics and views; reserved: {reserved}"
        raise ValueError(msg)
    return name


RatioName = Annotated[str, AfterValidator(_ratio_name)]


class Settings(ConfigTable):
    """The whole configuration."""

    kafka: KafkaTable = KafkaTable()
    redis: RedisTable = RedisTable()
    archive: ArchiveTable = ArchiveTable()
    windows: WindowsTable = WindowsTable()
    limits: LimitsTable = LimitsTable()
    ratio: dict[RatioName, RatioTable] = Field(default_factory=dict)
    roster: RosterTable = RosterTable()
    pool: tuple[PoolTable, ...] = ()
    shift: tuple[ShiftTable, ...] = ()
    peak: tuple[PeakTable, ...] = ()
    source: tuple[SourceTable, ...] = ()
    control: ControlTable = ControlTable()
    baseline: BaselineTable = BaselineTable()
    alerts: AlertsTable = AlertsTable()
    sink: tuple[SinkTable, ...] = ()
    metrics: MetricsTable = MetricsTable()
    web: WebTable = WebTable()
    log: LogTable = LogTable()

    @property
    def spec(self) -> Spec:
        """The rules of a shard."""
        ratios = {ratio.name: ratio for ratio in RATIOS}
        ratios |= {name: ratio.spec(name) for name, ratio in self.ratio.items()}
        pools = tuple(pool.spec() for pool in _with_defaults(self.pool))
        sources = tuple(source.spec() for source in _with_defaults(self.source))
        return Spec(
            ratios=tuple(ratios.values()),
            windows=self.windows.spec(),
            sources=sources if any(s.name == ANY for s in sources) else (*sources, SourceSpec()),
            pools=pools if any(p.name == p.floor == ANY for p in pools) else (*pools, PoolSpec()),
            shifts=tuple(shift.spec() for shift in self.shift),
            peaks=tuple(peak.spec() for peak in self.peak),
            control=self._control_spec(),
            limits=self.limits.spec(),
            event_clock=self.control.clock == "event",
        )

    def _control_spec(self) -> ControlSpec:
        """Fields of a spec have the names of those of its tables; `clock` and `policy` are none."""
        given = dict(self.control) | dict(self.baseline)
        return ControlSpec(
            **{f.name: given[f.name] for f in fields(ControlSpec) if f.name in given}
        )

    @model_validator(mode="after")
    def _leaves_out_what_there_is(self) -> Self:
        known = [metric.name for metric in (*FIGURES, *map(ratio_metric, self.spec.ratios))]
        for index, name in enumerate(self.metrics.without):
            if name not in known:
                raise ValueError(
                    f"metrics.without[{index}] = '{name}': not a metric of teams, pools or sources"
                    f"{did_you_mean(name, known)}; docs/metrics.md lists all"
                )
        return self

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> Self:
        listed: dict[str, list[tuple[str, ...]]] = {
            "pool": [(pool.floor, pool.name) for pool in self.pool],
            "shift": [(shift.floor, shift.team) for shift in self.shift],
            "source": [(source.name,) for source in self.source],
            "sink": [(sink.name or f"sink-{at}",) for at, sink in enumerate(self.sink)],
        }
        for table, names in listed.items():
            for index, name in enumerate(names):
                if name in names[:index]:
                    first = names.index(name)
                    raise ValueError(
                        f"{table}[{index}] names '{'/'.join(name)}', as {table}[{first}] does; "
                        "allowed: once"
                    )
        return self


def _with_defaults(entries: tuple[Named, ...]) -> list[Named]:
    """Each entry, with missing keys from the "*" of its floor or of all floors."""
    return [_inheriting(entry, entries) for entry in entries]


def _inheriting(entry: Named, entries: tuple[Named, ...]) -> Named:
    floors = (getattr(entry, "floor", ANY), ANY)
    stars = [e for f in floors for e in entries if e.name == ANY and getattr(e, "floor", ANY) == f]
    update: dict[str, object] = {}
    for star in reversed([star for star in stars if star is not entry]):
        update |= {key: getattr(star, key) for key in star.model_fields_set}
    own = {key: getattr(entry, key) for key in entry.model_fields_set}
    base_silence, silence = update.get("silence_ms"), own.get("silence_ms")
    if isinstance(base_silence, dict) and isinstance(silence, dict):
        own["silence_ms"] = base_silence | silence
    own["name"] = entry.name
    if hasattr(entry, "floor"):
        own["floor"] = entry.floor
    return entry.model_copy(update=update | own)
