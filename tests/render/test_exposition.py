import dataclasses
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from stream.agents.task_commit import CommitResult
from stream.events.language import State
from stream.figures.model import Figures
from stream.render import catalogue
from stream.render.catalogue import METRICS, ratio_metric
from stream.render.exposition import Exporter, render_figures
from stream.render.metric import MetricKind
from stream.render.selection import MetricSelection
from stream.render.series import series_of
from stream.render.worker_metrics import COMMITTED, Health
from stream.spec import RATIOS, RatioSpec
from tests.render.collector import slow_text
from tests.render.factory import ODD_NAMES, make_figures
from tests.render.samples import samples_of


@pytest.mark.parametrize("seed", range(3))
def test_the_text_says_exactly_what_the_slow_collector_says(seed: int) -> None:
    shards = [make_figures(seed=seed), make_figures(7, 3, seed + 100, prefix="other")]
    fast, slow = samples_of(render_figures(shards)), samples_of(slow_text(*shards))
    assert fast == slow
    assert len(fast) > 3_000


def test_every_series_belongs_to_a_metric_of_the_list_with_just_its_labels() -> None:
    figures = make_figures()
    listed = {metric.name: metric for metric in [*METRICS, *map(ratio_metric, RATIOS)]}
    for name, labels in samples_of(render_figures([figures])):
        assert {label for label, _ in labels} == set(listed[name].labels)


def test_every_metric_of_the_catalogue_is_exported_once() -> None:
    text = (render_figures([make_figures()]) + touched_health().text()).decode()
    for metric in [*METRICS, *map(ratio_metric, RATIOS)]:
        assert text.count(f"# TYPE {metric.name} {metric.kind}\n") == 1, metric.name


def test_names_with_quotes_backslashes_and_emoji_arrive_whole() -> None:
    teams = {dict(labels).get("team") for _, labels in samples_of(render_figures([make_figures()]))}
    assert set(ODD_NAMES) <= teams


def test_a_line_break_in_a_label_does_not_break_the_text() -> None:
    figures = make_figures(1, 1)
    key = figures.teams.keys[0]._replace(team='a\nb\\n"c')
    odd = dataclasses.replace(figures, teams=dataclasses.replace(figures.teams, keys=(key,)))
    teams = {dict(labels).get("team") for _, labels in samples_of(render_figures([odd]))}
    assert 'a\nb\\n"c' in teams


def test_a_value_that_is_not_finite_has_no_series_and_a_metric_without_series_no_header() -> None:
    figures = make_figures()
    nothing = np.full_like(figures.teams.cv, np.nan)
    nothing[0, 0, 0] = np.inf
    teams = dataclasses.replace(figures.teams, cv=nothing)
    text = render_figures([dataclasses.replace(figures, teams=teams)])
    assert b"dispersion_cv" not in text
    assert b"nan" not in text.lower()


def test_no_teams_no_pools_no_detectors_is_no_text() -> None:
    assert render_figures([make_figures(0)]) == b""
    assert render_figures([]) == b""


def test_a_floor_without_events_has_no_watermark() -> None:
    figures = make_figures()
    teams = dataclasses.replace(
        figures.teams, watermark_ms=np.zeros_like(figures.teams.handled[:, 0])
    )
    text = render_figures([dataclasses.replace(figures, teams=teams)])
    assert b"team_watermark" not in text
    assert b"team_as_of" in text


def test_a_configured_ratio_is_a_metric_with_its_definition_as_help() -> None:
    ratio = RatioSpec(
        "training_rate", frozenset({State.training}), frozenset({State.training, State.available})
    )
    figures = make_figures()
    text = render_figures([dataclasses.replace(figures, ratios=(*RATIOS[:4], ratio))]).decode()
    assert (
        "# HELP floorwatch_team_training_rate_ratio"
        " (training) / (available + training), time over time.\n"
    ) in text
    assert 'figure="training_rate"' in text
    assert "slack_rate" not in text


def test_names_keep_to_the_rules_of_prometheus() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"floorwatch_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.counter)
        assert "agent" not in metric.labels
        assert metric.help.endswith(".")


def touched_health() -> Health:
    health = Health()
    health.events.labels("accepted").inc(3)
    health.events_late.inc()
    health.events_rejected.labels("broken_json").inc()
    health.consumer_lag.set(7)
    for histogram in (health.commit_seconds, health.restore_seconds, health.tick_seconds):
        histogram.observe(0.02)
    health.redis_up.set(1)
    health.alert_deliveries.labels("webhook", "delivered").inc()
    health.alerts_pending.labels("webhook").set(0)
    health.exposition_seconds.observe(0.02)
    health.partitions.set(4)
    health.commits.labels("stored").inc()
    health.topic_up.labels("floor-events").set(1)
    health.redis_memory.labels("127.0.0.1:6379").set(1_000)
    health.redis_memory_max.labels("127.0.0.1:6379").set(2_000)
    health.left_out.labels("team").set(0)
    health.build_info.labels("0.1.0", "0123456789ab").set(1)
    return health


def test_promtool_reports_nothing(promtool: Path) -> None:
    text = touched_health().text() + render_figures([make_figures()])
    answer = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"", b"")


def test_promtool_would_report_something(promtool: Path) -> None:
    bad = b"# HELP x_ms X.\n# TYPE x_ms counter\nx_ms 1\n"
    answer = subprocess.run([promtool, "check", "metrics"], input=bad, check=False)
    assert answer.returncode != 0


async def test_a_shard_that_was_withdrawn_disappears() -> None:
    exporter = Exporter(Health())
    exporter.publish(0, make_figures(3, 1, prefix="first"))
    exporter.publish(5, make_figures(3, 1, prefix="second"))
    both = await exporter.text()
    exporter.withdraw(5)
    one = await exporter.text()
    assert b'floor="second 0' in both
    assert b'floor="first 0' in one
    assert b'floor="second 0' not in one


async def test_a_team_that_vanished_disappears() -> None:
    exporter = Exporter(Health())
    exporter.publish(0, make_figures(7, 1))
    assert b'team="team 6"' in await exporter.text()
    exporter.publish(0, make_figures(6, 1))
    assert b'team="team 6"' not in await exporter.text()


async def test_rows_beyond_the_cap_are_counted_beside_what_is_shown() -> None:
    exporter = Exporter(Health(), MetricSelection(rows_max=2))
    exporter.publish(0, make_figures(7, 1))
    await exporter.text()
    text = (await exporter.text()).decode()
    assert 'floorwatch_metrics_left_out{kind="team"} 5.0' in text
    assert 'team="team 6"' not in text


def test_counters_start_at_zero_so_that_the_first_increase_is_noticed() -> None:
    text = Health().text().decode()
    for result in ("accepted", "late", "rejected"):
        assert f'floorwatch_events_total{{result="{result}"}} 0.0' in text
    assert 'floorwatch_events_rejected_total{reason="ahead"} 0.0' in text
    assert 'reason="late_grace"' not in text
    assert set(COMMITTED) == {one.value for one in CommitResult}
    for outcome in CommitResult:
        assert f'floorwatch_commits_total{{result="{outcome}"}} 0.0' in text


async def test_counters_are_current_without_a_refresh() -> None:
    health = Health()
    exporter = Exporter(health)
    exporter.publish(0, make_figures(1))
    await exporter.text()
    health.events.labels("accepted").inc(42)
    assert b'floorwatch_events_total{result="accepted"} 42.0' in await exporter.text()


def test_each_metric_of_figures_has_exactly_one_kind_of_series() -> None:
    figures: Figures = make_figures()
    of_team_and_pool = [one.metric.name for one in series_of(figures)]
    assert len(of_team_and_pool) == len(set(of_team_and_pool))
    assert catalogue.TEAM_AGENTS.name in of_team_and_pool
