"""A transition in plain words."""

from collections.abc import Mapping

from stream.control.model import Transition


def describe(transition: Transition) -> Mapping[str, str]:
    """Texts by language."""
    where = transition.team or transition.pool
    text = f"{where}: {transition.detector} is {transition.to}"
    return {"en": text, "zh": text}
