"""Transitions in words: what, why it matters, what to do, proof; at most 400 characters."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Final

from stream.control.alerts.alert_group import COLLECTIVE
from stream.control.alerts.texts import TEXTS
from stream.control.detectors import registry
from stream.control.detectors.protocol import Detector, Phrase, Seconds
from stream.control.model import Severity, Transition, Verdict

LONGEST: Final = 400
"""Characters of a message: a chat shows them whole."""
_NAME_LONGEST: Final = 40
MOVERS_TOLD: Final = 3
"""Fewer who went within minutes are no movement: only the heads are told."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice for people."""

    title: str
    """One line: who and what."""
    what: str
    """Label, team and what was seen."""
    why: str
    """Why it matters: what callers see."""
    do: str
    """The next action."""
    proof: str
    """How often chance would do it, and of when the data are."""
    join: str
    """What stands between sentences."""

    @property
    def text(self) -> str:
        """The whole message in the order what, why, do, proof."""
        parts = (self.what, self.why, self.do, self.proof)
        return self.join.join(part for part in parts if part)


def describe(transition: Transition, language: str) -> Message:
    """A transition in words.

    Raises:
        KeyError: a language other than "en" and "zh".
    """
    detector, texts = registry.named(transition.detector), TEXTS[language]
    if detector is not None:
        texts = {**texts, **detector.texts[language]}
    words = _Words(transition, texts)
    if transition.to == Verdict.in_control:
        return words.cleared(detector)
    return words.people() if detector is None else words.of(detector)


def messages(transition: Transition) -> dict[str, Message]:
    """The message by language."""
    return {language: describe(transition, language) for language in TEXTS}


class _Words:
    """Fills the texts of one language with what stands in a transition's evidence."""

    def __init__(self, transition: Transition, texts: Mapping[str, str]) -> None:
        self._transition, self._texts = transition, texts
        self._evidence: Mapping[str, Any] = transition.evidence

    def people(self) -> Message:
        """Share or collective."""
        evidence = self._evidence
        key = "away"
        if evidence["movers"] >= MOVERS_TOLD:
            key = "moved" if self._is_break() else "moved_away"
        facts = {
            "k": evidence["k"],
            "n": evidence["n"],
            "usual": _usual(evidence["usual"]),
            "movers": evidence["movers"],
            "window": self._lasting(evidence["window_s"]),
        }
        back = max(1, evidence["k"] - ceil(evidence["usual"]))
        severity = self._transition.severity
        return Message(
            self._title(self._say(f"title_{key}", **facts)),
            self._what(f"label_{severity}", self._say(key, **facts)),
            self._queue() if severity != Severity.digest else "",
            self._say(f"do_{severity}", back=self._people(back)),
            self._join(self._chance(), self._data()),
            self._texts["join"],
        )

    def of(self, detector: Detector[Any]) -> Message:
        """A detector of pools or teams."""
        title, what, do, queue = detector.raised(self._evidence)
        return Message(
            self._title(self._phrase(title)),
            self._what(f"label_{self._transition.severity}", self._phrase(what)),
            self._queue() if queue else "",
            self._phrase(do),
            self._data(),
            self._texts["join"],
        )

    def cleared(self, detector: Detector[Any] | None) -> Message:
        """The end of an alert: of a detector of pools or teams, or of people."""
        evidence = self._evidence
        if detector is not None:
            what = detector.cleared(evidence)
        else:
            lasted = Seconds(evidence["lasted_s"])
            facts = {"k": evidence["k"], "n": evidence["n"], "lasted": lasted}
            what = Phrase("people_cleared" if evidence["n"] else "people_gone", facts)
        gone = what.key == "people_gone"
        return Message(
            self._title(self._say("title_gone" if gone else "title_cleared")),
            self._what("label_cleared", self._phrase(what)),
            "",
            self._say("do_cleared"),
            self._data(),
            self._texts["join"],
        )

    def _phrase(self, phrase: Phrase) -> str:
        facts = {
            name: self._lasting(fact) if isinstance(fact, Seconds) else fact
            for name, fact in phrase.facts.items()
        }
        return self._say(phrase.key, **facts)

    def _say(self, key: str, **facts: object) -> str:
        return self._texts[key].format(**facts)

    def _join(self, *parts: str) -> str:
        return self._texts["join"].join(part for part in parts if part)

    def _where(self) -> str:
        transition = self._transition
        name = transition.team or transition.pool
        short = name if len(name) <= _NAME_LONGEST else name[: _NAME_LONGEST - 1] + "…"
        return short if transition.team else self._say("pool", name=short)

    def _title(self, what: str) -> str:
        return self._say("title", where=self._where(), what=what)

    def _what(self, label: str, what: str) -> str:
        in_peak = self._transition.in_peak and label != "label_cleared"
        text = self._texts[label + "_peak" if in_peak else label]
        return self._join(text, self._say("title", where=self._where(), what=what))

    def _is_break(self) -> bool:
        """Whether all that counts as an entry is a break."""
        if self._transition.detector != COLLECTIVE:
            return True
        return list(self._evidence["entry_states"]) == ["aux"]

    def _queue(self) -> str:
        """What callers see."""
        free = self._evidence["free"]
        key = "some_free" if free else "nobody_free"
        if not self._evidence["waiting"]:
            return self._say("no_queue", free_first=self._say(f"{key}_first", count=free))
        return self._say(
            "waiting",
            waiting=self._evidence["waiting"],
            oldest=self._lasting(self._evidence["oldest_wait_s"]),
            free=self._say(key, count=free),
        )

    def _chance(self) -> str:
        chance = self._evidence["chance"]
        unit = self._texts[f"unit_{chance['unit']}"]
        key = "chance_more" if chance["more"] else "chance"
        return self._say(key, count=chance["count"], unit=unit)

    def _data(self) -> str:
        return self._say("data", clock=str(self._evidence["local_time"])[11:19])

    def _people(self, count: int) -> str:
        return self._say("people_one" if count == 1 else "people", count=count)

    def _lasting(self, seconds: int) -> str:
        """A time that reads well: seconds up to two minutes, minutes up to two hours."""
        if seconds < 120:
            return self._say("second_1", count=seconds)
        if seconds < 7_200:
            return self._say("minute_1", count=round(seconds / 60))
        return self._say("hour_1", count=round(seconds / 3_600))


def _usual(heads: float) -> str:
    """Heads that are usual as whole numbers: ``1-2``."""
    low, high = floor(heads), ceil(heads)
    return str(low) if low == high else f"{low}-{high}"
