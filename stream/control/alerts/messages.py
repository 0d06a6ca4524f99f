"""Transitions as text: what, why it matters, what to do, proof; at most 400 characters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stream.control.alerts.texts import TEXTS
from stream.control.detectors import registry
from stream.control.detectors.protocol import Detector, Phrase, Seconds
from stream.control.model import Transition, Verdict

LONGEST: Final = 400
"""Characters of a message: a chat shows them whole."""
_NAME_LONGEST: Final = 40
_ENDS: Final = frozenset({Verdict.in_control, Verdict.insufficient_data})


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
    """The separator of sentences."""

    @property
    def text(self) -> str:
        """The whole message in the order what, why, do, proof."""
        parts = (self.what, self.why, self.do, self.proof)
        return self.join.join(part for part in parts if part)


def describe(transition: Transition, language: str) -> Message:
    """A transition as text.

    Raises:
        KeyError: a language other than "en" and "zh", or a detector that is not listed.
    """
    detector = registry.named(transition.detector)
    words = _Words(transition, {**TEXTS[language], **detector.texts[language]})
    if transition.to == Verdict.in_control:
        return words.cleared(detector)
    if transition.to == Verdict.insufficient_data:
        return words.abandoned()
    return words.raised(detector)


def messages(transition: Transition) -> dict[str, Message]:
    """The message by language."""
    return {language: describe(transition, language) for language in TEXTS}


class _Words:
    """Fills the texts of one language from a transition and its evidence."""

    def __init__(self, transition: Transition, texts: Mapping[str, str]) -> None:
        self._transition, self._texts = transition, texts
        self._evidence: Mapping[str, Any] = transition.evidence

    def raised(self, detector: Detector[Any]) -> Message:
        """The message while an alert is raised."""
        wording = detector.raised(self._transition)
        proof = "" if wording.proof is None else self._phrase(wording.proof)
        return Message(
            self._title(self._phrase(wording.title)),
            self._what(f"label_{self._transition.severity}", self._phrase(wording.what)),
            self._queue() if wording.queue else "",
            self._phrase(wording.do),
            self._join(proof, self._data()),
            self._texts["join"],
        )

    def cleared(self, detector: Detector[Any]) -> Message:
        """The message at the end of an alert."""
        wording = detector.cleared(self._transition)
        return Message(
            self._title(self._phrase(wording.title)),
            self._what(wording.label, self._phrase(wording.what)),
            "",
            self._say("do_cleared"),
            self._data(),
            self._texts["join"],
        )

    def abandoned(self) -> Message:
        """The message at the end of an alert of which nothing is known any more."""
        return Message(
            self._title(self._say("title_abandoned")),
            self._what("label_abandoned", self._say("what_abandoned")),
            self._say("why_abandoned"),
            self._say("do_abandoned"),
            self._data(),
            self._texts["join"],
        )

    def _phrase(self, phrase: Phrase) -> str:
        return self._say(phrase.key, **{k: self._fact(fact) for k, fact in phrase.facts.items()})

    def _fact(self, fact: object) -> object:
        if isinstance(fact, Seconds):
            return self._lasting(fact)
        return self._phrase(fact) if isinstance(fact, Phrase) else fact

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
        in_peak = self._transition.in_peak and self._transition.to not in _ENDS
        text = self._texts[label + "_peak" if in_peak else label]
        return self._join(text, self._say("title", where=self._where(), what=what))

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

    def _data(self) -> str:
        return self._say("data", clock=str(self._evidence["local_time"])[11:19])

    def _lasting(self, seconds: int) -> str:
        """Seconds up to two minutes, minutes up to two hours, then hours."""
        if seconds < 120:
            return self._say("second_1", count=seconds)
        if seconds < 7_200:
            return self._say("minute_1", count=round(seconds / 60))
        return self._say("hour_1", count=round(seconds / 3_600))
