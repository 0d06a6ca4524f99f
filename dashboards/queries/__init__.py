"""The one list of queries: all that boards ask, each with the labels that its answer carries."""

from typing import Final

from dashboards.model import Query
from dashboards.queries import control, monitor, queue, team

QUERIES: Final = tuple(
    dict.fromkeys(
        value
        for module in (queue, team, control, monitor)
        for value in list(vars(module).values())
        if isinstance(value, Query)
    )
)
"""All of them."""
