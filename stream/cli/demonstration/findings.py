"""What the demo promises, and which promises it saw kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from stream.cli.demonstration.receiver import Page
from stream.cli.demonstration.scenario import TEAMS, Scenario
from stream.units import SECOND_MS

FIRST_FIGURES_S_MOST = 30.0
PAGE_MS_MOST = 15 * SECOND_MS
"""From the last person who walks out to the page."""


@dataclass(slots=True)
class Findings:
    """Filled in while the demo runs; None: not observed yet."""

    first_figures_s: float | None = None
    """Since the start of the demo."""
    figures_equal: bool | None = None
    past_pages: int | None = None
    worker_ended: bool = False
    pages: list[Page] = field(default_factory=list)

    def complaints(self, scenario: Scenario) -> list[str]:
        """Broken promises; empty if there are none."""
        found = [*self._of_figures(), *self._of_pages(scenario)]
        if self.worker_ended:
            found.append("the worker exited")
        return found

    @property
    def awaited(self) -> list[str]:
        """Teams whose page has not arrived yet."""
        paged = {page.notice["team"] for page in self.pages if page.is_page}
        return [team for team in TEAMS if team not in paged]

    def _of_figures(self) -> list[str]:
        found = []
        if self.first_figures_s is None:
            found.append("no figures were seen")
        elif self.first_figures_s > FIRST_FIGURES_S_MOST:
            found.append(
                f"the first figures arrived after {self.first_figures_s:.1f} s; "
                f"promised: {FIRST_FIGURES_S_MOST:.0f} s"
            )
        if not self.figures_equal:
            found.append("the worker's figures differ from those of the events that were sent")
        if self.past_pages is None:
            found.append("the past was not replayed")
        elif self.past_pages:
            found.append(f"a replay of the past has {self.past_pages} page transitions")
        return found

    def _of_pages(self, scenario: Scenario) -> list[str]:
        pages = [page for page in self.pages if page.is_page]
        count = Counter(page.notice["team"] for page in pages)
        if not scenario.walk_out:
            return [f"no walk-out, so no page was expected; there were {len(pages)}"]
        found = [
            f"team {team} was paged {count[team]} times; promised: once"
            for team in TEAMS
            if count[team] != 1
        ]
        found += [
            f"a page for '{other}', where nobody walked out"
            for other in sorted(set(count) - set(TEAMS))
        ]
        return found + _late(pages, scenario)


def _late(pages: Sequence[Page], scenario: Scenario) -> list[str]:
    late = []
    for page in pages:
        after_ms = page.received_ms - scenario.last_mover_ms
        if after_ms > PAGE_MS_MOST:
            late.append(
                f"the page for {page.notice['team']} arrived {after_ms / 1000:.1f} s after "
                f"the last mover; promised: {PAGE_MS_MOST / 1000:.0f} s"
            )
    return late
