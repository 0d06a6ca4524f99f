"""Options of a store."""

from dataclasses import dataclass, field

from stream.store.keys import PREFIX


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How long a store tries, and what it knows beforehand."""

    patience_s: float = 5.0
    """How long a call is retried before it raises ServiceError."""
    answer_timeout_s: float = 3.0
    connect_timeout_s: float = 2.0
    backoff_s: tuple[float, ...] = field(default=(0.0, 0.05, 0.1, 0.2, 0.5, 1.0))
    """Pauses between attempts; the last one repeats."""
    view_fields: tuple[tuple[str, str], ...] = ()
    """(field, format) of fields that most views have: their names are sent as numbers, and numbers
    in them are formatted so (as of printf). Texts may be written in any field all the same."""
    group: str = ""
    """The worker's consumer group, to which the state belongs; empty: any."""
    prefix: str = PREFIX
    """Of all keys."""
