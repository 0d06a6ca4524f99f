"""Views as JSON documents: numbers as numbers, grouped by state, window and detector."""

import contextlib
from typing import Any, Final

from stream.control.model import Verdict
from stream.render import view_fields as f
from stream.render.view_fields import PoolView, TeamView, View
from stream.render.views import NO_SIGNAL
from stream.units import SECOND_MS, parse_instant_ms

STALE_AFTER_MS: Final = 5 * SECOND_MS
"""A live view is refreshed each second; an older one does not show what happens now."""


def team_document(view: TeamView, now_ms: int | None) -> dict[str, Any]:
    """The document of a team.

    Args:
        view: the team's view.
        now_ms: the time by the live clock; None: figures follow the events' clock and have no age.
    """
    document: dict[str, Any] = {"floor": view.floor, "team": view.name, f.AGENTS: {}}
    stale = {TeamView.verdict: Verdict.stale.value, TeamView.signal: NO_SIGNAL}
    return _filled(document, view) | _freshness(view, now_ms, stale)


def pool_document(view: PoolView, now_ms: int | None) -> dict[str, Any]:
    """The document of a pool; see `team_document`."""
    document = {"floor": view.floor, "pool": view.name}
    return _filled(document, view) | _freshness(view, now_ms, {PoolView.verdict: Verdict.stale})


def _filled(document: dict[str, Any], view: View) -> dict[str, Any]:
    """The document with all fields of the view, also those that only other versions write."""
    parsers = view.parsers()
    detectors: dict[str, dict[str, Any]] = {}
    windows: dict[str, dict[str, Any]] = {}
    for field, text in view.texts.items():
        # A field that somebody edited is left out; its worker writes it anew within a minute.
        with contextlib.suppress(ValueError):
            match field.split(f.SEPARATOR):
                case [name]:
                    document[name] = parsers.get(name, _number)(text)
                case [f.AGENTS, state]:
                    document[f.AGENTS][state] = _number(text)
                case [f.SECONDS, state, window]:
                    windows.setdefault(window, {}).setdefault(f.SECONDS, {})[state] = _number(text)
                case [what, detector] if what in f.DETECTOR_TEXTS:
                    detectors.setdefault(detector, {})[f.DETECTOR_TEXTS[what]] = text
                case [what, detector] if what in f.DETECTOR_NUMBERS:
                    detectors.setdefault(detector, {})[f.DETECTOR_NUMBERS[what]] = _number(text)
                case [name, window]:
                    windows.setdefault(window, {})[name] = _number(text)
    return document | {"detectors": detectors, "windows": windows}


def _freshness(view: View, now_ms: int | None, if_stale: dict[str, str]) -> dict[str, Any]:
    """The age of a live view; fields of `if_stale` replace those of a view that is too old."""
    stale = view.verdict == Verdict.stale
    as_of_ms = _instant_ms(view.as_of)
    if now_ms is None or as_of_ms is None:
        return {"age_s": None, "stale": stale}
    age_ms = now_ms - as_of_ms
    age_s = max(0, age_ms) / 1_000
    if age_ms <= STALE_AFTER_MS:
        return {"age_s": age_s, "stale": stale}
    last = {} if view.verdict is None else {"last_verdict": view.verdict}
    return {"age_s": age_s, "stale": True, **if_stale, **last}


def _instant_ms(text: str | None) -> int | None:
    try:
        return None if text is None else parse_instant_ms(text)
    except ValueError:
        return None


def _number(text: str) -> int | float:
    return float(text) if "." in text or "e" in text else int(text)
