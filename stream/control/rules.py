"""What holds for all feeds: the configuration, and what is derived from it once."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any

from stream.control.heads import Packing
from stream.control.hours import Hours, HoursOf
from stream.control.limits import limits_of
from stream.control.model import PoolKey
from stream.events.language import State
from stream.spec import Spec


class Rules:
    """What holds for all feeds: the configuration, the limits, and hours by team and pool."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.limits = limits_of(spec.control)
        self.hours = HoursOf(spec)
        self.away = Packing(spec.control.entry_states | {State.aux})
        self.only_aux = spec.control.entry_states <= {State.aux}
        self.config = digest_of(spec)
        self._peaks: tuple[int, frozenset[Hours]] = (0, frozenset())

    def peaks(self, pools: Sequence[PoolKey]) -> frozenset[Hours]:
        """The peaks of all pools, each once."""
        if self._peaks[0] != len(pools):
            self._peaks = (len(pools), frozenset(self.hours.peak(pool) for pool in pools))
        return self._peaks[1]


def digest_of(spec: object) -> str:
    """8 hex digits of a configuration: which one a verdict was judged by."""
    return blake2b(repr(_plain(spec)).encode(), digest_size=4).hexdigest()


def _plain(value: Any) -> object:  # noqa: ANN401
    """A value whose repr is the same in every run: sets and mappings sorted."""
    if is_dataclass(value):
        return [(f.name, _plain(getattr(value, f.name))) for f in fields(value)]
    if isinstance(value, Mapping):
        return sorted((str(key), _plain(inner)) for key, inner in value.items())
    if isinstance(value, AbstractSet):
        return sorted(str(_plain(inner)) for inner in value)
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value
