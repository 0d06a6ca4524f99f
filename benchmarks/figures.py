"""From runs to figures: medians, ratios, the table and the closing JSON object."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from contest import Run

FLOORWATCH = "floorwatch"
UNCOMMITTED = "uncommitted"
TARGETS = {"stock_faust": 15.0, "aiokafka_decode": 0.5, "plain_python": 1.0, UNCOMMITTED: 0.9}
"""Floorwatch's events per CPU second over the peer's, at least (the large form)."""
BYTES_PER_AGENT_MOST = 10_240
_LINE = "{:<17}{:>10}{:>11}{:>13}{:>10}{:>11}{:>11}{:>9}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of one contestant's rounds."""

    records: int
    per_s: float
    per_cpu_s: float
    us_per_event: float
    """CPU microseconds."""
    rss_peak_mib: float


def figures_of(runs: Sequence[Run]) -> Figures:
    """Medians over rounds of the same size."""
    records = runs[0].records
    cpu_s = median(run.cpu_s for run in runs)
    return Figures(
        records,
        records / median(run.wall_s for run in runs),
        records / cpu_s,
        cpu_s / records * 1e6,
        median(run.rss_peak_bytes for run in runs) / 2**20,
    )


def table(all_figures: Mapping[str, Figures]) -> str:
    """Text for people: each contestant's figures, and Floorwatch's over them."""
    heads = ("", "records", "events/s", "events/cpu s", "cpu us", "peak MiB")
    lines = [_LINE.format(*heads, "x by cpu", "x clock")]
    ours = all_figures.get(FLOORWATCH)
    for name, its in all_figures.items():
        by_cpu = f"{ours.per_cpu_s / its.per_cpu_s:.2f}" if ours else ""
        by_clock = f"{ours.per_s / its.per_s:.2f}" if ours else ""
        numbers = (its.records, f"{its.per_s:,.0f}", f"{its.per_cpu_s:,.0f}")
        rest = (f"{its.us_per_event:.2f}", f"{its.rss_peak_mib:.0f}", by_cpu, by_clock)
        lines.append(_LINE.format(name, *numbers, *rest))
    return "\n".join(lines)


def verdicts(all_figures: Mapping[str, Figures], bytes_per_agent: float | None) -> list[str]:
    """One line for each target: met or missed."""
    lines = []
    ours = all_figures.get(FLOORWATCH)
    for name, target in TARGETS.items():
        if ours and name in all_figures:
            ratio = ours.per_cpu_s / all_figures[name].per_cpu_s
            lines.append(verdict(f"{ratio:.2f} x {name} by CPU second", ratio >= target, target))
    if ours and UNCOMMITTED in all_figures:
        ratio, target = ours.per_s / all_figures[UNCOMMITTED].per_s, TARGETS[UNCOMMITTED]
        lines.append(verdict(f"{ratio:.2f} x {UNCOMMITTED} by the clock", ratio >= target, target))
    if bytes_per_agent is not None:
        is_met = bytes_per_agent <= BYTES_PER_AGENT_MOST
        lines.append(verdict(f"{bytes_per_agent:,.0f} bytes an agent", is_met, "10,240"))
    return lines


def verdict(what: str, is_met: bool, target: object) -> str:  # noqa: FBT001 - a verdict is one
    """A line that says whether a target is met."""
    return f"{'met   ' if is_met else 'MISSED'}  {what} (target {target})"


def closing(all_figures: Mapping[str, Figures], bytes_per_agent: float | None, hash_: str) -> str:
    """The last line of output: see `make bench`."""
    out: dict[str, float | str | None] = {}
    for name, its in all_figures.items():
        out[f"{name}_events_per_s"] = round(its.per_s)
        out[f"{name}_events_per_cpu_s"] = round(its.per_cpu_s)
    out["bytes_per_agent"] = None if bytes_per_agent is None else round(bytes_per_agent)
    out["hash"] = hash_
    return json.dumps(out)
