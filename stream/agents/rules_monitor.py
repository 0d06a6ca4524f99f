"""Compares the rules of all workers of a group, roster included.

Each worker computes the floors of its partitions by its own configuration. After half a rollout
two floors would be evaluated by different rules, and floors that move would change theirs.
"""

import asyncio
import logging
from typing import Final

from stream.agents.worker_services import WorkerServices
from stream.errors import FloorwatchError

log = logging.getLogger(__name__)

POLL_S: Final = 5.0
KEEP_MS: Final = 15_000
"""A worker that has not said anything for so long is gone."""


class RulesMonitor:
    """Announces this worker's rules, and reports workers that have others.

    Args:
        services: the store, through which workers see each other, and the metrics.
        scope: the workers that must agree, such as group and topic.
        worker: the name of this one.
        rules: the fingerprint of its rules.
    """

    def __init__(self, services: WorkerServices, scope: str, worker: str, rules: str) -> None:
        self._store = services.store
        self._health = services.health
        self._scope = scope
        self._worker = worker
        self._rules = rules
        self._others: dict[str, str] = {}
        """Workers with other rules, as last reported."""

    async def run(self) -> None:
        """Compare until cancelled."""
        while True:
            await self.compare()
            await asyncio.sleep(POLL_S)

    async def compare(self) -> None:
        """Compare once; log a line when the answer has changed."""
        try:
            held = await self._store.share_rules(self._scope, self._worker, self._rules, KEEP_MS)
        except FloorwatchError as error:
            # Writers report that the store is unavailable.
            log.debug("the rules of other workers are unknown: %s", error)
            return
        others = {name: rules for name, rules in sorted(held.items()) if rules != self._rules}
        self._health.rules_differ.set(bool(others))
        if others == self._others:
            return
        self._others = others
        if others:
            listed = ", ".join(f"{name} has {rules}" for name, rules in others.items())
            log.warning(
                "workers of one group have different rules or rosters: %s has %s, %s; "
                "`floorwatch check-config` prints the rules of a configuration",
                *(self._worker, self._rules, listed),
            )
        else:
            log.info("all workers have the same rules again: %s", self._rules)

    async def withdraw(self) -> None:
        """Tell the others that this worker ends."""
        try:
            await self._store.share_rules(self._scope, self._worker, self._rules, 0)
        except FloorwatchError as error:
            log.debug("this worker's rules stay listed for a while: %s", error)
