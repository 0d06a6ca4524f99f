"""Lists in pages: `?limit=` documents after the name `?after=`; `next` is the next such name."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from aiohttp import web

LIMIT_MAX: Final = 1_000
"""Documents of one page: some 10 MB of JSON."""
PAGES_AT_ONCE: Final = 2
"""Pages that one worker makes at the same time; other requests wait."""
_DIGITS_MAX: Final = 9
_WITHOUT_PAUSE: Final = 20
"""Documents that are made before other work has its turn: some 10 ms."""

TURNS: Final = web.AppKey("turns", asyncio.Semaphore)
"""Taken while a page is made."""

T = TypeVar("T")


class ListPage(NamedTuple):
    """The names of one page."""

    names: Sequence[str]
    next: str | None
    """The name after which the next page begins; None: this is the last one."""


def page_of(names: Iterable[str], request: web.Request) -> ListPage:
    """The page of these names that the request asks for, in their order.

    Raises:
        HTTPBadRequest: `limit` is out of range.
    """
    text = request.query.get("limit", str(LIMIT_MAX))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else 0
    if not 0 < limit <= LIMIT_MAX:
        raise web.HTTPBadRequest(text=f"limit: allowed: 1 to {LIMIT_MAX}")
    ordered = sorted(names)
    start = bisect_right(ordered, request.query["after"]) if "after" in request.query else 0
    chosen = ordered[start : start + limit]
    return ListPage(chosen, chosen[-1] if start + limit < len(ordered) else None)


async def documents(
    views: Iterable[T], document: Callable[[T], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The document of each view, made bit by bit: figures and pages do not wait for a long list."""
    made: list[dict[str, Any]] = []
    for view in views:
        made.append(document(view))
        if len(made) % _WITHOUT_PAUSE == 0:
            await asyncio.sleep(0)
    return made
