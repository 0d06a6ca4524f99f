"""Compares views with Prometheus samples, field by field, in both directions."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.render.claims import claim_of
from tests.render.samples import Samples


class View(NamedTuple):
    """One view as stored."""

    kind: str
    floor: str
    name: str
    fields: Mapping[str, str]

    @property
    def labels(self) -> dict[str, str]:
        if self.kind == "pool":
            return {"floor": self.floor, "pool": self.name}
        return {"floor": self.floor, "pool": self.fields["pool"], "team": self.name}


def differences(view: View, samples: Samples) -> list[str]:
    """What a view says and Prometheus does not."""
    found = []
    for field, text in view.fields.items():
        claim = claim_of(view.kind, field, text)
        if claim is None:
            continue
        if view.kind == "pool" and field == "as_of":
            values = _of_floor(samples, claim.metric, view.floor)
        else:
            series = [(claim.metric, _key({**view.labels, **at})) for at in claim.labels]
            values = {sum(samples.get(one, math.nan) for one in series)}
        if {claim.write(value) for value in values} != {claim.text}:
            found.append(f"{view[:3]} {field}={text!r}: {claim.metric} {values}")
    return found


def _of_floor(samples: Samples, metric: str, floor: str) -> set[float]:
    return {
        value
        for (name, labels), value in samples.items()
        if name == metric and ("floor", floor) in labels
    }


def unclaimed(views: Iterable[View], samples: Samples) -> set[str]:
    """Team and pool series that no field of any view speaks of.

    The 0 of a detector's other states and severities is said by the field that names the 1.
    """
    spoken = set()
    for view in views:
        for field, text in view.fields.items():
            if claim := claim_of(view.kind, field, text):
                spoken |= {(claim.metric, _key({**view.labels, **at})) for at in claim.labels}
    silent = set()
    for (metric, labels), value in samples.items():
        words = metric.endswith(("_control_state", "_alert")) and value == 0
        of_views = metric.startswith(("floorwatch_team_", "floorwatch_pool_"))
        if of_views and not words and (metric, labels) not in spoken:
            silent.add(f"{metric}{sorted(labels)}")
    return silent


def _key(labels: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())
