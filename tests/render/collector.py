"""The slow twin of the rendering: a prometheus_client collector, series by series.

It shares nothing with the product but the figures: names, labels and units are spelt anew.
"""

import math
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream.control.model import DetectorView, Severity, Verdict
from stream.events.language import State
from stream.figures.model import WINDOWS, Figures


class SlowCollector(Collector):
    def __init__(self, *shards: Figures) -> None:
        self.shards = shards
        self.families: dict[str, GaugeMetricFamily] = {}

    def collect(self) -> Iterator[Metric]:
        for figures in self.shards:
            self.add_teams(figures)
            self.add_ratios(figures)
            self.add_pools(figures)
            for view in figures.detectors:
                self.add_detector(view)
            for source in figures.sources:
                self.add(
                    "source_watermark_timestamp_seconds",
                    source.watermark_ms / 1000,
                    floor=source.floor,
                    source=source.source,
                )
                self.add("source_silent", source.silent, floor=source.floor, source=source.source)
        yield from self.families.values()

    def add(self, name: str, value: float, **labels: str) -> None:
        if math.isnan(value):
            return
        name = f"floorwatch_{name}"
        family = self.families.setdefault(
            name, GaugeMetricFamily(name, "slow", labels=list(labels))
        )
        assert list(family._labelnames) == list(labels)
        family.add_metric(list(labels.values()), float(value))

    def add_teams(self, figures: Figures) -> None:
        teams = figures.teams
        for t, key in enumerate(teams.keys):
            team = key._asdict()
            self.add("team_as_of_timestamp_seconds", figures.as_of_ms / 1000, **team)
            self.add("team_watermark_timestamp_seconds", teams.watermark_ms[t] / 1000, **team)
            for s in State:
                self.add("team_agents", teams.heads[t, s], **team, state=s.name)
            for w, window in enumerate(WINDOWS):
                at = {**team, "window": window}
                self.add("team_window_seconds", teams.window_ms[t, w] / 1000, **at)
                self.add("team_handled_calls", teams.handled[t, w], **at)
                self.add("team_short_calls", teams.short[t, w], **at)
                for part in ("talk", "hold", "acw"):
                    seconds = getattr(teams, f"{part}_ms")[t, w] / 1000
                    self.add("team_handle_time_seconds", seconds, **team, part=part, window=window)
                for s in State:
                    seconds = teams.state_ms[t, w, s] / 1000
                    self.add("team_state_seconds", seconds, **team, state=s.name, window=window)

    def add_ratios(self, figures: Figures) -> None:
        teams = figures.teams
        for t, key in enumerate(teams.keys):
            team = key._asdict()
            for w, window in enumerate(WINDOWS):
                for r, ratio in enumerate(figures.ratios):
                    at = {**team, "figure": ratio.name, "window": window}
                    value = teams.ratio[t, w, r]
                    self.add(f"team_{ratio.name}_ratio", value, **team, window=window)
                    self.add("team_dispersion_cv", teams.cv[t, w, r], **at)
                    self.add("team_members", teams.members[t, w, r], **at)
                    self.add("team_member_mean_ratio", teams.mean[t, w, r], **at)
                    self.add("team_member_sd_ratio", teams.sd[t, w, r], **at)

    def add_pools(self, figures: Figures) -> None:
        pools = figures.pools
        for p, key in enumerate(pools.keys):
            pool = key._asdict()
            self.add("pool_waiting_calls", pools.waiting[p], **pool)
            self.add("pool_oldest_wait_seconds", pools.oldest_wait_ms[p] / 1000, **pool)
            self.add("pool_call_backs_open", pools.call_backs_open[p], **pool)
            self.add("pool_call_backs_overdue", pools.call_backs_overdue[p], **pool)
            self.add("pool_estimated_wait_seconds", pools.estimated_wait_ms[p] / 1000, **pool)
            self.add("pool_open", pools.is_open[p], **pool)
            self.add("pool_peak", pools.in_peak[p], **pool, reason="scheduled")
            for w, window in enumerate(WINDOWS):
                at = {**pool, "window": window}
                self.add("pool_offered_calls", pools.offered[p, w], **at)
                self.add("pool_answered_calls", pools.answered[p, w], **at)
                self.add("pool_abandoned_calls", pools.abandoned[p, w], **at)
                self.add("pool_call_backs_promised", pools.call_backs_promised[p, w], **at)
                self.add("pool_call_backs_done", pools.call_backs_done[p, w], **at)
                self.add("pool_service_level_ratio", pools.service_level[p, w], **at)

    def add_detector(self, view: DetectorView) -> None:
        kind = "team" if view.team else "pool"
        at = {"floor": view.floor, "pool": view.pool}
        if view.team:
            at["team"] = view.team
        at["detector"] = view.detector
        for state in Verdict:
            self.add(f"{kind}_control_state", view.state is state, **at, state=state)
        if view.detector == "verdict":
            return
        for severity in Severity:
            self.add(f"{kind}_alert", view.severity is severity, **at, severity=severity)
        if view.team:
            self.add("team_control_statistic", view.statistic, **at)
            self.add("team_control_limit", view.limit, **at)


def slow_text(*shards: Figures) -> bytes:
    registry = CollectorRegistry()
    registry.register(SlowCollector(*shards))
    return generate_latest(registry)
