"""What each field of a view says in the language of Prometheus: spelt anew, on purpose.

A claim names series; their sum, written in the field's form, is the field's text.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from stream.control.model import Verdict
from stream.events.language import STAFFED
from stream.units import rfc3339

Labels = dict[str, str]


@dataclass(frozen=True)
class Claim:
    metric: str
    labels: tuple[Labels, ...]
    """Of each series that is summed, beside floor, pool and team."""
    write: Callable[[float], str]
    text: str


def count(value: float) -> str:
    return f"{value:.0f}"


def seconds(value: float) -> str:
    return f"{value:.3f}"


def ratio(value: float) -> str:
    return f"{value:.6f}"


def general(value: float) -> str:
    return f"{value:.6g}"


def instant(value: float) -> str:
    """NaN, as the others write it, where there is no such series, or not yet."""
    return "nan" if math.isnan(value) else rfc3339(round(value * 1000))


SIGNALS = {
    "worse": (Verdict.out_of_control, Verdict.watch),
    "better": (Verdict.improving,),
    "none": tuple(set(Verdict) - {Verdict.out_of_control, Verdict.watch, Verdict.improving}),
}


def claim_of(kind: str, field: str, text: str) -> Claim | None:
    """The claim of one field; None: the field is a label (`pool` of a team's view).

    A pool has no `as_of` of its own: it is that of the teams of its floor.
    """
    parts = field.split(":")
    if len(parts) == 1:
        return _plain(kind, field, text)
    if parts[0] in ("control", "alert", "statistic", "limit"):
        return _of_detector(kind, parts[0], parts[1], text)
    return _of_pool(parts, text) if kind == "pool" else _of_team(parts, text)


def _plain(kind: str, field: str, text: str) -> Claim | None:
    state = f"floorwatch_{kind}_control_state"
    verdict = {"detector": "verdict"}
    one: tuple[Labels, ...] = ({},)
    if field == "signal":
        states = tuple({**verdict, "state": state} for state in SIGNALS[text])
        return Claim(state, states, count, "1")
    plain: dict[str, Claim | None] = {
        "pool": None,
        "as_of": Claim("floorwatch_team_as_of_timestamp_seconds", one, instant, text),
        "watermark": Claim("floorwatch_team_watermark_timestamp_seconds", one, instant, text),
        "verdict": Claim(state, ({**verdict, "state": text},), count, "1"),
        "staffed": Claim(
            "floorwatch_team_agents", tuple({"state": s.name} for s in STAFFED), count, text
        ),
        "waiting": Claim("floorwatch_pool_waiting_calls", one, count, text),
        "oldest_wait_s": Claim("floorwatch_pool_oldest_wait_seconds", one, seconds, text),
        "call_backs_open": Claim("floorwatch_pool_call_backs_open", one, count, text),
        "call_backs_overdue": Claim("floorwatch_pool_call_backs_overdue", one, count, text),
        "estimated_wait_s": Claim("floorwatch_pool_estimated_wait_seconds", one, seconds, text),
        "service_level": Claim(
            "floorwatch_pool_service_level_ratio", ({"window": "15m"},), ratio, text
        ),
        "open": Claim("floorwatch_pool_open", one, count, text),
        "peak": Claim(
            "floorwatch_pool_peak",
            ({"reason": "scheduled"},),
            count,
            {"scheduled": "1", "none": "0"}.get(text, "?"),
        ),
    }
    return plain[field]


def _of_detector(kind: str, what: str, detector: str, text: str) -> Claim:
    at = {"detector": detector}
    if what == "control":
        name = f"floorwatch_{kind}_control_state"
        return Claim(name, ({**at, "state": text},), count, "1")
    if what == "alert":
        return Claim(f"floorwatch_{kind}_alert", ({**at, "severity": text},), count, "1")
    return Claim(f"floorwatch_{kind}_control_{what}", (at,), general, text)


def _of_pool(parts: list[str], text: str) -> Claim:
    what, window = parts
    names = {
        "offered": ("floorwatch_pool_offered_calls", count),
        "answered": ("floorwatch_pool_answered_calls", count),
        "abandoned": ("floorwatch_pool_abandoned_calls", count),
        "call_backs_promised": ("floorwatch_pool_call_backs_promised", count),
        "call_backs_done": ("floorwatch_pool_call_backs_done", count),
        "service_level": ("floorwatch_pool_service_level_ratio", ratio),
    }
    name, write = names[what]
    return Claim(name, ({"window": window},), write, text)


def _of_team(parts: list[str], text: str) -> Claim:
    if parts[0] == "agents":
        return Claim("floorwatch_team_agents", ({"state": parts[1]},), count, text)
    if parts[0] == "seconds":
        at = {"state": parts[1], "window": parts[2]}
        return Claim("floorwatch_team_state_seconds", (at,), seconds, text)
    what, window = parts
    figure, _, suffix = what.rpartition("_")
    by_window, by_figure = {"window": window}, {"figure": figure, "window": window}
    if what in ("talk_s", "hold_s", "acw_s"):
        at = {"part": figure, "window": window}
        return Claim("floorwatch_team_handle_time_seconds", (at,), seconds, text)
    named = {
        "handled": ("floorwatch_team_handled_calls", by_window, count),
        "short": ("floorwatch_team_short_calls", by_window, count),
        "window_s": ("floorwatch_team_window_seconds", by_window, seconds),
    }
    suffixed = {
        "cv": ("floorwatch_team_dispersion_cv", by_figure, ratio),
        "members": ("floorwatch_team_members", by_figure, count),
        "mean": ("floorwatch_team_member_mean_ratio", by_figure, ratio),
        "sd": ("floorwatch_team_member_sd_ratio", by_figure, ratio),
    }
    fallback = (f"floorwatch_team_{what}_ratio", by_window, ratio)
    name, labels, write = named.get(what) or suffixed.get(suffix) or fallback
    return Claim(name, (labels,), write, text)
