"""What Floorwatch may cost beside its throughput: restores, bytes, pauses, many floors, scrapes.

Ratios are of things measured in one run, in turn. Says MISSED where a target of the design is
missed; the small form is for CI and shows that all is measured: it has too few agents for verdicts
on time. The last line of stdout is one JSON object; progress goes to stderr.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from crowd import Crowd, template
from figures import verdict
from floors import AGENTS_PER_FLOOR, STAGES, many_and_one
from pauses import pauses
from restore import restore
from scrapes import scrapes, worst_and_usual_ms
from traffic import traffic

from stream.cli.embedded import redis_program

PartFigures = tuple[list[str], dict[str, float]]
"""Lines for people, and figures by name."""

RESTORE_S_MOST = 3.0
PAUSE_MS_MOST = 3.0
STATE_BYTES_MOST = 30
"""A second and agent: 0.3 MB/s at 10 000 agents."""
VIEW_BYTES_MOST = 100
FLOORS_RATIO_MOST = 2.0
SCRAPE_MS_MOST = 50.0
SCRAPE_EVERY_S = 1.0
"""Four times as often as Prometheus usually does."""


@dataclass(frozen=True, slots=True)
class Form:
    """How large all is: agents and the floors on which they stand."""

    restored: tuple[int, int]
    restores: int
    shown: tuple[int, int]
    shown_s: int
    paused: tuple[int, int]
    paused_s: int
    floors: int
    minutes: int
    scraped: tuple[int, int]
    scraped_s: int


LARGE = Form(
    (100_000, 100), 5, (10_000, 10), 600, (100_000, 2_000), 15, 2_000, 10, (10_000, 10), 60
)
SMALL = Form((2_000, 2), 3, (1_000, 1), 300, (2_000, 40), 5, 40, 3, (1_000, 1), 3)


def say(text: str) -> None:
    """Progress, to stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="half a minute, for CI")
    parser.add_argument("--only", help=f"of {', '.join(PARTS)}, with commas between")
    options = parser.parse_args()
    form = SMALL if options.small else LARGE
    figures: dict[str, float] = {}
    for name in options.only.split(",") if options.only else PARTS:
        say(name)
        lines, measured = PARTS[name](form)
        figures |= {key: round(value, 3) for key, value in measured.items()}
        # What takes so long on a small scale says nothing about a large one; bytes do.
        shown = [line for line in lines if form == LARGE or name == "traffic" or line[0] == " "]
        print("\n".join(shown), flush=True)
    print(json.dumps(figures))


def _restore(form: Form) -> PartFigures:
    agents, floors = form.restored
    with _redis() as url:
        runs = restore(Crowd(template(agents // floors), floors), url, form.restores)
    one = runs[0]
    loading_s = median(run.loading_s for run in runs)
    replay_s = median(run.replay_s for run in runs)
    whole_s, cpu_s = median(run.whole_s for run in runs), median(run.cpu_s for run in runs)
    what = f"restore of {one.agents:,} agents: {whole_s:.2f} s by the clock"
    parts = (
        f"       {one.stored_bytes / 1e6:.0f} MB of state in {loading_s:.2f} s, then"
        f" {one.records:,} records in {replay_s:.2f} s; CPU {cpu_s:.2f} s"
    )
    lines = [parts, verdict(what, whole_s <= RESTORE_S_MOST, RESTORE_S_MOST)]
    return lines, {"restore_s": whole_s, "restore_cpu_s": cpu_s}


def _traffic(form: Form) -> PartFigures:
    agents, floors = form.shown
    with _redis() as url:
        found = traffic(Crowd(template(agents // floors), floors), url, form.shown_s)
    kinds = {"state": found.state_per_s, "views": found.bytes_per_s["views"]}
    lines = [
        f"       {agents:,} agents, {found.events_per_s:.0f} events/s: "
        + ", ".join(f"{kind} {each / 1e3:.0f}" for kind, each in found.bytes_per_s.items())
        + " kB/s"
    ]
    for kind, most in (("state", STATE_BYTES_MOST), ("views", VIEW_BYTES_MOST)):
        what = f"{kind}: {kinds[kind] / agents:.1f} bytes a second and agent"
        lines.append(verdict(what, kinds[kind] <= most * agents, most))
    return lines, {f"{kind}_bytes_per_agent_s": each / agents for kind, each in kinds.items()}


def _pauses(form: Form) -> PartFigures:
    agents, floors = form.paused
    with _redis() as url:
        found = pauses(agents, floors, url, form.paused_s)
    lines = [
        f"       script {one.script}: {one.slowest_ms:.2f} ms"
        f" ({one.calls:,} calls; greatest outlier {one.outlier_ms:.2f} ms)"
        for one in found
    ]
    worst = found[0]
    what = f"slowest script, {worst.script}: {worst.slowest_ms:.2f} ms"
    lines.append(verdict(what, worst.slowest_ms <= PAUSE_MS_MOST, PAUSE_MS_MOST))
    return lines, {"pause_ms": worst.slowest_ms}


def _floors(form: Form) -> PartFigures:
    many, one = many_and_one(form.floors, form.minutes, form.minutes)
    lines, measured = [], {}
    for stage in STAGES:
        ratio = many.median_s(stage) / one.median_s(stage)
        what = f"{stage} of {form.floors:,} floors of {AGENTS_PER_FLOOR}: {ratio:.2f} x one floor"
        lines.append(verdict(what, ratio <= FLOORS_RATIO_MOST, FLOORS_RATIO_MOST))
        measured[f"floors_{stage}_ratio"] = ratio
    return lines, measured


def _scrapes(form: Form) -> PartFigures:
    agents, floors = form.scraped
    found = scrapes(Crowd(template(agents // floors), floors), form.scraped_s, SCRAPE_EVERY_S)
    worst_ms, usual_ms = worst_and_usual_ms(found)
    what = (
        f"       {found.teams:,} teams: {found.series:,} series, {found.text_bytes / 1e6:.1f} MB,"
        f" {found.sent_bytes / 1e6:.1f} MB sent; {len(found.request_s)} scrapes,"
        f" median {usual_ms:.0f} ms;"
        f" {found.rendered} renderings took {100 * found.render_share:.1f} % of one core"
    )
    slowest = f"slowest scrape: {worst_ms:.0f} ms"
    lines = [what, verdict(slowest, worst_ms <= SCRAPE_MS_MOST, SCRAPE_MS_MOST)]
    measured = {"scrape_ms": worst_ms, "render_share": found.render_share, "series": found.series}
    return lines, measured


PARTS = {
    "restore": _restore,
    "traffic": _traffic,
    "pauses": _pauses,
    "floors": _floors,
    "scrapes": _scrapes,
}


@contextmanager
def _redis() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="floorwatch-bench-") as name,
        redis_program(Path(name)) as server,
    ):
        yield server.url


if __name__ == "__main__":
    main()
