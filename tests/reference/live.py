"""What time it is, live: from the time stamps of records, never from a worker's own wall clock."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.reference.rules import Rules


class Receipt(NamedTuple):
    """A record of which something counted."""

    source: str
    stamp: int
    received: int
    """By the worker's monotonic clock, in milliseconds."""
    appended: bool = False


def live_now(rules: Rules, receipts: Iterable[Receipt], now: int) -> int | None:
    """The time at an instant of the monotonic clock; None before any record."""
    told = list(receipts)
    appended = [one.stamp - one.received for one in told if one.appended]
    if appended:
        return now + max(appended)
    latest: dict[str, int] = {}
    ahead: dict[str, int] = {}
    for one in told:
        latest[one.source] = max(latest.get(one.source, one.received), one.received)
        lead = one.stamp - one.received
        ahead[one.source] = max(ahead.get(one.source, lead), lead)
    heard = [source for source, at in latest.items() if now - at <= rules.quiet(source)]
    leads = sorted(ahead[source] for source in heard or latest)
    return now + leads[-2:][0] if leads else None
