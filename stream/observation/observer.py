"""Observes a shard for control: what it has seen of each agent, and what is new since."""

import numpy as np

from stream.events.language import I64, STATE_COUNT
from stream.events.names import AgentNames
from stream.observation.changes import observe
from stream.observation.feed import Feed, PoolKnowledge
from stream.observation.floor_silences import floor_silences
from stream.observation.last_observed import LastObserved
from stream.observation.named_pools import PoolNaming
from stream.observation.place_keys import PlaceKeys
from stream.observation.stale_teams import stale_teams
from stream.windows.engine import Engine
from stream.windows.queues import Queues
from stream.windows.source_gaps import first_heartbeats_ms


class Observer:
    """What control sees of one engine, under the numbers of its names."""

    def __init__(self, engine: Engine, watch: LastObserved) -> None:
        spec, names = engine.spec, engine.names
        self._engine = engine
        self.watch = watch
        self.keys = PlaceKeys(names)
        self.naming = PoolNaming(spec, names)
        self._entry_states = np.isin(
            np.arange(STATE_COUNT), [int(state) for state in spec.control.entry_states]
        )

    def feed(self, touched: I64, from_ms: int, until_ms: int) -> Feed:
        """What happened in [from_ms, until_ms); touched: agents with rows not observed so far."""
        engine, names = self._engine, self._engine.names
        engine.follow_names()
        self.watch.follow_names(names)
        heads = self.watch.heads(engine)
        knowledge = PoolKnowledge(
            self.naming.spans(first_heartbeats_ms(engine.sources)),
            names.pool_floor.data,
            floor_silences(engine.sources, names.source_floor.data, until_ms),
        )
        changes, phones = observe(
            engine, self.watch, touched, from_ms, until_ms, self._entry_states
        )
        stale, stale_changes = stale_teams(heads, changes)
        return Feed(
            from_ms,
            until_ms,
            self.keys.teams(),
            self.keys.pools(),
            names.team_pool.data,
            AgentNames(names),
            heads.astype(np.int32),
            changes,
            Queues(engine, phones, from_ms, until_ms),
            stale,
            stale_changes,
            self._resolution_ms(),
            engine,
            knowledge,
        )

    def _resolution_ms(self) -> I64:
        """(teams,): the coarsest resolution among the sources of each team's floor."""
        names = self._engine.names
        coarsest = np.ones(len(names.floors), np.int64)
        floor = names.source_floor.data
        np.maximum.at(coarsest, floor, self._engine.sources.resolution_ms[: len(floor)])
        return coarsest[names.team_floor.data]
