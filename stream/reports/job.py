"""A whole replay: from files and configuration to result files."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Final, cast
from zoneinfo import ZoneInfo

from stream.calendar.schedules import zone_of
from stream.config import Settings, load_roster, load_settings
from stream.config.text_files import read_text
from stream.errors import ConfigurationError, FloorwatchError
from stream.fingerprint import with_roster
from stream.reports.checked import Checked, checked
from stream.reports.files import Results, opened, size_of
from stream.reports.replay import ReplayObserver, ReplayOptions
from stream.reports.replay import replay as run_replay
from stream.reports.result_writer import ResultWriter
from stream.reports.tumbling import WINDOW_NAMES, WindowName
from stream.roster import Roster, parse_roster
from stream.shard import Shard
from stream.sources.recording import Recording, Unreadable
from stream.sources.registry import FORMATS, RecordedFormat
from stream.spec import ANY, PoolSpec, SourceSpec, Spec
from stream.units import NEVER_MS

RESULTS: Final = (
    "agents.csv",
    "teams.csv",
    "alerts.jsonl",
    "rejected.jsonl",
    "late.jsonl",
    "summary.json",
)
Show = Callable[[str, int, int], None]
"""Shows progress: step, done, total (0: unknown)."""


@dataclass(frozen=True, slots=True)
class Job:
    """Options of `floorwatch replay`."""

    source: str
    files: tuple[str, ...]
    out: Path
    window: str = "15m"
    zone: str | None = None
    arrival: bool = False
    config: Path | None = None
    roster: Path | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    def run(self, show: Show) -> str:
        """Replay; returns a line with counts and the time taken.

        Raises:
            ConfigurationError: an option, the configuration or the roster is invalid.
            InputError: a file cannot be read, or the results cannot be written.
            FloorwatchError: no row of the files could be read, or a gzip file is cut or broken;
                the results are written.
        """
        began_s = monotonic()
        settings = load_settings(self.config, os.environ)
        options = self._options(settings)
        roster = self._roster(settings)
        spec = with_roster(self._spec(settings), roster)
        shard = Shard(spec, roster)
        with Results(self.out, RESULTS) as results:
            # Open the results first: otherwise minutes of reading may be for nothing.
            language = settings.alerts.language
            written = ResultWriter(results, options.zone, spec.ratios, self.files, language)
            damaged: list[str] = []
            recording = self._read(options, show, damaged.append)
            valid = checked(recording, arrival=self.arrival)
            rejected = [*recording.unreadable, *valid.rejected]
            ordered = valid if self.arrival else valid.in_time_order()
            late, over_limit = _replayed(ordered, shard, options, written, show)
            rejected += over_limit
            written.rows("rejected.jsonl", rejected)
            if self.arrival:
                written.rows("late.jsonl", late)
            head: dict[str, object] = {
                "source": self.source,
                "window": self.window,
                "zone": options.zone,
                "order": _order(self.arrival),
            }
            summary = written.summary(head, ordered.recording, valid.calls, late, rejected)
        if damaged:
            raise FloorwatchError(self._read_in_part(damaged, len(ordered.recording.values)))
        if rejected and not ordered.recording.values:
            raise FloorwatchError(self._none_could_be_read(rejected[0]))
        took_s = monotonic() - began_s
        return (
            f"{summary['rows']} rows, {summary['events']} events, {summary['late']} late, "
            f"{summary['rejected']} rejected; {took_s:.1f} s; results in {self.out}"
        )

    @property
    def _format(self) -> RecordedFormat:
        return FORMATS[self.source]

    def _read_in_part(self, damaged: Sequence[str], events: int) -> str:
        return (
            "\n".join(damaged)
            + f"\n  the {events} events that could be read are in the results: {self.out}"
        )

    def _none_could_be_read(self, first: Unreadable) -> str:
        return (
            f"no row could be read; SOURCE '{self.source}' is {self._format.holds}\n"
            f"  {self.files[first.file]}, line {first.line}: {first.detail}\n"
            f"  all rows with their reasons: {self.out / 'rejected.jsonl'}"
        )

    def _options(self, settings: Settings) -> ReplayOptions:
        if self.source not in FORMATS:
            raise ConfigurationError(f"SOURCE '{self.source}'; allowed: {', '.join(FORMATS)}")
        if self.window not in WINDOW_NAMES:
            raise ConfigurationError(
                f"--window '{self.window}'; allowed: {', '.join(WINDOW_NAMES)}"
            )
        if self.zone is None and self._format.needs_zone:
            raise ConfigurationError(
                f"--zone is required: {self.source} has local times; "
                "write an IANA name such as Asia/Jerusalem"
            )
        if self.zone is not None:
            try:
                zone_of(self.zone)
            except ValueError as error:
                raise ConfigurationError(f"--zone {error}") from None
        from_ms = -NEVER_MS if self.from_ms is None else self.from_ms
        to_ms = NEVER_MS if self.to_ms is None else self.to_ms
        if from_ms >= to_ms:
            raise ConfigurationError("--from is not before --to; allowed: --from before --to")
        zone = self.zone or _zone_of_all(settings.spec)
        return ReplayOptions(cast("WindowName", self.window), zone, self.arrival, from_ms, to_ms)

    def _spec(self, settings: Settings) -> Spec:
        spec = replace(settings.spec, event_clock=True, seat_calls=True, archive=False)
        if self.zone is not None and not settings.pool:
            spec = replace(spec, pools=(PoolSpec(zone=self.zone),))
        if not self._format.has_heartbeats:
            spec = replace(spec, sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),))
        return spec

    def _roster(self, settings: Settings) -> Roster:
        if self.roster is not None:
            return parse_roster(read_text(self.roster, f"--roster {self.roster}"), str(self.roster))
        if settings.roster.file:
            return load_roster(settings)
        return Roster(fallback_team=self.source)

    def _read(
        self, options: ReplayOptions, show: Show, on_damage: Callable[[str], None]
    ) -> Recording:
        total, done = size_of(self.files), 0

        def on_bytes(count: int) -> None:
            nonlocal done
            done += count
            show("reading", done, total)

        with opened(self.files, on_bytes, on_damage) as inputs:
            zone = None if self.zone is None else ZoneInfo(self.zone)
            recording = self._format.read(inputs, zone)
        return recording.before(options.to_ms)


def _replayed(
    valid: Checked, shard: Shard, options: ReplayOptions, written: ResultWriter, show: Show
) -> tuple[list[Unreadable], list[Unreadable]]:
    """Run the replay; returns the late events, and those over a limit of names."""
    recording, late, over_limit = valid.recording, list[Unreadable](), list[Unreadable]()

    def row(at: int, reason: str, detail: str) -> Unreadable:
        text = recording.values[at].decode()
        return Unreadable(int(recording.file[at]), int(recording.line[at]), reason, detail, text)

    total = len(recording.values)
    observer = ReplayObserver(
        written.window,
        written.transition,
        lambda at, reason: late.append(row(at, reason, "later than the live rules allow")),
        lambda at, why: over_limit.append(row(at, why.reason.value, why.detail)),
        lambda done: show("replaying", done, total),
    )
    run_replay(valid, shard, options, observer)
    return late, over_limit


def _zone_of_all(spec: Spec) -> str:
    """The time zone of pools without one of their own."""
    return next(pool.zone for pool in spec.pools if pool.floor == pool.name == ANY)


def _order(arrival: bool) -> str:  # noqa: FBT001 - one flag, one word
    return "arrival" if arrival else "event"
