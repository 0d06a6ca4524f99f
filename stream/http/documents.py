"""A stored view as the document that the API gives: numbers as numbers, windows side by side."""

from collections.abc import Mapping
from typing import Any, Final

from stream.control.model import Verdict
from stream.render.views import NO_SIGNAL
from stream.units import SECOND_MS, parse_instant_ms

STALE_AFTER_MS: Final = 5 * SECOND_MS
"""A live view is refreshed each second; an older one is not what happens now."""

_WORDS: Final = frozenset({"as_of", "watermark", "verdict", "signal", "pool", "peak"})
_OF_DETECTOR: Final = {
    "control": "state",
    "alert": "severity",
    "statistic": "statistic",
    "limit": "limit",
}
_SPOKEN: Final = frozenset({"control", "alert"})


def team_document(
    floor: str, team: str, view: Mapping[str, str], now_ms: int | None
) -> dict[str, Any]:
    """The document of one team.

    Args:
        floor: its floor.
        team: its name.
        view: the stored fields; see `stream.render.views`.
        now_ms: the time by a live clock; None: figures follow the events' clock, and have no age.
    """
    document: dict[str, Any] = {"floor": floor, "team": team, "agents": {}, "detectors": {}}
    windows: dict[str, dict[str, Any]] = {}
    document["windows"] = windows
    for field, text in view.items():
        value = text if field in _WORDS else _value(field, text)
        match field.split(":"):
            case [name]:
                document[name] = value
            case ["agents", state]:
                document["agents"][state] = value
            case ["seconds", state, window]:
                windows.setdefault(window, {}).setdefault("seconds", {})[state] = value
            case [what, detector] if what in _OF_DETECTOR:
                document["detectors"].setdefault(detector, {})[_OF_DETECTOR[what]] = value
            case [name, window]:
                windows.setdefault(window, {})[name] = value
    return document | _freshness(view, now_ms)


def _freshness(view: Mapping[str, str], now_ms: int | None) -> dict[str, Any]:
    """Age of a live view; what is too old says so in the place of its verdict."""
    if now_ms is None or "as_of" not in view:
        return {"age_s": None, "stale": view.get("verdict") == Verdict.stale}
    age_ms = now_ms - parse_instant_ms(view["as_of"])
    age_s = max(0, age_ms) / 1_000
    if age_ms <= STALE_AFTER_MS:
        return {"age_s": age_s, "stale": view.get("verdict") == Verdict.stale}
    last = {"last_verdict": view["verdict"]} if "verdict" in view else {}
    return {
        "age_s": age_s,
        "stale": True,
        "verdict": Verdict.stale.value,
        "signal": NO_SIGNAL,
        **last,
    }


def _value(field: str, text: str) -> str | int | float:
    if field.partition(":")[0] in _SPOKEN:
        return text
    return float(text) if "." in text or "e" in text else int(text)
