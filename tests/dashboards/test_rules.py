"""The rules for Prometheus: each alert on both sides of its threshold, and what it says."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.queries.control import IN_PEAK
from stream.events.language import State
from stream.spec import RATIOS
from tests.components import ROOT
from tests.dashboards.promql import substituted
from tests.dashboards.situations import SITUATIONS, Series, Situation

RULES = ROOT / "dashboards" / "rules"
FILES = sorted(RULES.glob("*.yml"))
SEVERITIES = {"critical", "warning", "info", "none"}


GROUPS: list[dict[str, Any]] = [
    group for path in FILES for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
]


def rules() -> list[dict[str, Any]]:
    return [rule for group in GROUPS for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]
NAMES = [rule["alert"] for rule in ALERTS]


def needed(alert: str) -> list[dict[str, Any]]:
    """The groups with no rules but an alert's and those on whose series it rests.

    promtool computes at each step whatever it is given: all rules for each alert take minutes.
    """
    found = [rule for rule in ALERTS if rule["alert"] == alert]
    for rule in found:  # grows
        rests_on = [one for one in rules() if one.get("record", "no name") in rule["expr"]]
        found += [one for one in rests_on if one not in found]
    kept = [{**g, "rules": [rule for rule in g["rules"] if rule in found]} for g in GROUPS]
    return [group for group in kept if group["rules"]]


def seconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def firing(alert: str, at: str, count: int) -> dict[str, Any]:
    expected = [{"labels": "{}", "value": count}] if count else []
    expr = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    return {"expr": expr, "eval_time": at, "exp_samples": expected}


def unit_test(series: Series, checks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": checks,
    }


def both_sides(situation: Situation) -> list[dict[str, Any]]:
    [rule] = [rule for rule in ALERTS if rule["alert"] == situation.alert]
    bad = [firing(situation.alert, situation.after, situation.fires)]
    if half := seconds(rule.get("for", "0s")) // 2:
        bad.append(firing(situation.alert, f"{half}s", 0))
    good = [firing(situation.alert, situation.after, 0)]
    tests = [unit_test({**situation.bad, **situation.with_good}, bad)]
    if situation.alert != "FloorwatchWatchdog":
        tests.append(unit_test({**situation.good, **situation.with_good}, good))
    return tests


def promtool_test(
    promtool: Path, folder: Path, tests: list[dict[str, Any]], groups: list[dict[str, Any]]
) -> str:
    rule_file = folder / "rules.yml"
    rule_file.write_text(yaml.safe_dump({"groups": groups}, allow_unicode=True), encoding="utf-8")
    document = {
        "rule_files": [str(rule_file)],
        "evaluation_interval": "30s",
        "tests": tests,
    }
    path = folder / "test.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    answer = subprocess.run(
        [promtool, "test", "rules", path], capture_output=True, text=True, check=False
    )
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def test_promtool_finds_nothing_to_say(promtool: Path) -> None:
    answer = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", *FILES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("alert", NAMES)
def test_each_alert_fires_beyond_its_threshold_and_not_before_it(
    alert: str, promtool: Path, tmp_path: Path
) -> None:
    situations = [situation for situation in SITUATIONS if situation.alert == alert]
    tests = [test for situation in situations for test in both_sides(situation)]
    assert promtool_test(promtool, tmp_path, tests, needed(alert)) == ""


def test_a_threshold_that_is_not_reached_would_be_noticed(promtool: Path, tmp_path: Path) -> None:
    [lag] = [one for one in SITUATIONS if one.alert == "FloorwatchLagHigh"]
    wrong = unit_test(lag.good, [firing(lag.alert, "30m", 1)])
    assert "FAILED" in promtool_test(promtool, tmp_path, [wrong], needed(lag.alert))


def test_each_alert_has_a_situation() -> None:
    assert {situation.alert for situation in SITUATIONS} == set(NAMES)


@pytest.mark.parametrize("rule", ALERTS, ids=NAMES)
def test_each_alert_says_what_and_where_to_read_on_in_both_languages(rule: dict[str, Any]) -> None:
    notes = rule["annotations"]
    anchor = rule["alert"].lower()
    assert rule["alert"].startswith("Floorwatch")
    assert {"for", "keep_firing_for"} <= rule.keys() or rule["alert"] == "FloorwatchWatchdog"
    assert set(notes) == {
        *("summary", "summary_zh", "description", "description_zh"),
        *("runbook_url", "dashboard_url"),
    }
    assert "{{" not in notes["summary"] + notes["summary_zh"], "a summary is the same for all"
    assert notes["runbook_url"] == f"https://docs.example/runbook.md#{anchor}"
    assert notes["dashboard_url"].startswith("https://grafana.example/d/floorwatch-")
    for language in ("description", "description_zh"):
        assert len(notes[language]) < 800


def test_alerts_about_the_monitor_have_a_severity_of_their_own_and_those_of_teams_the_workers() -> (
    None
):
    for path in FILES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if "alert" not in rule:
                    continue
                if path.name == "monitor.yml":
                    assert rule["labels"]["severity"] in SEVERITIES
                else:
                    assert "severity" in rule["expr"]
                    assert "labels" not in rule


def test_no_name_of_a_rule_is_given_twice() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("ratio", RATIOS, ids=[ratio.name for ratio in RATIOS])
def test_a_pools_ratio_has_the_states_of_the_teams_ratio(ratio: Any) -> None:
    name = f"pool_window:floorwatch_team_{ratio.name}:ratio"
    [rule] = [rule for rule in rules() if rule.get("record") == name]
    above, below = re.findall(r'state=~"([a-z_|]+)"', rule["expr"])
    assert {State[state] for state in above.split("|")} == ratio.numerator
    assert {State[state] for state in below.split("|")} == ratio.denominator


def test_a_peak_is_marked_for_as_long_as_it_lasts(promtool: Path, tmp_path: Path) -> None:
    """A peak from minute 10 to minute 20; Grafana joins what it reads into one region."""
    name = 'floorwatch_pool_peak{floor="main",pool="sales",reason="scheduled"}'
    values = {name: "0+0x39 1+0x39 0+0x79"}
    checks = [
        {
            "expr": f"count({substituted(IN_PEAK.expr)})",
            "eval_time": f"{at_s}s",
            "exp_samples": [{"labels": "{}", "value": 1}] if marked else [],
        }
        for at_s, marked in ((585, False), (600, True), (1_185, True), (1_200, False))
    ]
    assert promtool_test(promtool, tmp_path, [unit_test(values, checks)], GROUPS) == ""


def test_every_alert_has_its_section_in_the_runbook_and_every_section_its_alert() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert sorted(sections) == sorted(NAMES)
    for part in text.split("\n## ")[1:]:
        for word in ("Meaning", "Floor", "First", "Not", "Call"):
            assert f"- **{word}.**" in part, part.splitlines()[0]
