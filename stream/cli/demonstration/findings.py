"""What the demo promises, and what of it was seen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from stream.cli.demonstration.receiver import Page
from stream.cli.demonstration.scenario import TEAMS, Scenario
from stream.units import SECOND_MS

FIRST_FIGURES_S_MOST = 30.0
PAGE_MS_MOST = 15 * SECOND_MS
"""From the last mover to the page."""


@dataclass(slots=True)
class Findings:
    """Filled in while the demo runs; None: not seen yet."""

    first_figures_s: float | None = None
    """From the demo's start."""
    figures_equal: bool | None = None
    past_pages: int | None = None
    worker_ended: bool = False
    pages: list[Page] = field(default_factory=list)

    def complaints(self, told: Scenario) -> list[str]:
        """What was promised and not seen; empty if all was."""
        found = [*self._of_figures(), *self._of_pages(told)]
        if self.worker_ended:
            found.append("the worker ended by itself")
        return found

    @property
    def awaited(self) -> list[str]:
        """Teams whose page has not come yet."""
        paged = {page.notice["team"] for page in self.pages if page.is_page}
        return [team for team in TEAMS if team not in paged]

    def _of_figures(self) -> list[str]:
        found = []
        if self.first_figures_s is None:
            found.append("no figures were seen")
        elif self.first_figures_s > FIRST_FIGURES_S_MOST:
            found.append(
                f"the first figures came after {self.first_figures_s:.1f} s; "
                f"promised: {FIRST_FIGURES_S_MOST:.0f} s"
            )
        if not self.figures_equal:
            found.append("the worker's figures are not those of the events that were sent")
        if self.past_pages is None:
            found.append("the past was not replayed")
        elif self.past_pages:
            found.append(f"a replay of the past has {self.past_pages} transitions of a page")
        return found

    def _of_pages(self, told: Scenario) -> list[str]:
        pages = [page for page in self.pages if page.is_page]
        count = Counter(page.notice["team"] for page in pages)
        if not told.walk_out:
            return [f"no walk-out, so no page was to be seen; there were {len(pages)}"]
        found = [
            f"team {team} was paged {count[team]} times; promised: once"
            for team in TEAMS
            if count[team] != 1
        ]
        found += [
            f"a page for '{other}', where nobody walked out"
            for other in sorted(set(count) - set(TEAMS))
        ]
        return found + _late(pages, told)


def _late(pages: Sequence[Page], told: Scenario) -> list[str]:
    late = []
    for page in pages:
        after_ms = page.received_ms - told.last_mover_ms
        if after_ms > PAGE_MS_MOST:
            late.append(
                f"the page for {page.notice['team']} came {after_ms / 1000:.1f} s after "
                f"the last mover; promised: {PAGE_MS_MOST / 1000:.0f} s"
            )
    return late
