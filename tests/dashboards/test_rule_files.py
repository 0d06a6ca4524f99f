"""The rules are made from one configuration: what it changes, and what no change may reach."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from dashboards.__main__ import main
from dashboards.prometheus.config import DEFAULTS, RulesConfig, Thresholds, load_config
from dashboards.prometheus.files import texts
from stream.errors import ConfigurationError
from tests.components import ROOT

GOLDEN = Path(__file__).with_name("rules.golden.json")
ADDRESSES = RulesConfig("https://boards.acme.test/grafana/", "https://wiki.acme.test/floorwatch")


def meaning(rule: dict[str, Any]) -> dict[str, Any]:
    """All that Prometheus evaluates: no annotations, no layout of expressions."""
    spaced = rule["expr"].replace("(", " ( ").replace(")", " ) ")
    kept: dict[str, Any] = {
        key: rule[key] for key in ("for", "keep_firing_for", "labels") if key in rule
    }
    return {"expr": " ".join(spaced.split()), **kept}


def rules(config: RulesConfig = DEFAULTS) -> dict[str, dict[str, Any]]:
    return {
        f"{group['name']}/{rule.get('alert') or rule['record']}": rule
        for text in texts(config).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    }


def test_the_committed_files_are_what_the_builder_makes() -> None:
    folder = ROOT / "dashboards" / "rules"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == texts()


def test_names_expressions_durations_and_labels_are_those_that_users_have_loaded() -> None:
    before = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert {name: meaning(rule) for name, rule in rules().items()} == before
    assert list(rules()) == list(before), "a group is evaluated in order"


def test_each_alert_links_to_the_users_own_addresses() -> None:
    for rule in rules(ADDRESSES).values():
        if "alert" in rule:
            notes, anchor = rule["annotations"], rule["alert"].lower()
            assert notes["runbook_url"] == f"https://wiki.acme.test/floorwatch#{anchor}"
            assert notes["dashboard_url"].startswith(
                "https://boards.acme.test/grafana/d/floorwatch-"
            )
    assert "example" not in "".join(texts(ADDRESSES).values())


@pytest.mark.parametrize("name", [field.name for field in msgspec.structs.fields(Thresholds)])
def test_each_threshold_decides_one_alert_alone(name: str) -> None:
    doubled = getattr(DEFAULTS.thresholds, name) * 2
    thresholds = msgspec.structs.replace(DEFAULTS.thresholds, **{name: doubled})
    changed = rules(msgspec.structs.replace(DEFAULTS, thresholds=thresholds))
    differing = [key for key, rule in rules().items() if changed[key] != rule]
    assert len(differing) == 1
    assert str(doubled) in changed[differing[0]]["expr"]


def test_a_configuration_of_ones_own_is_read_and_the_rest_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('grafana_url = "http://g:3000"\n[thresholds]\nlag_records = 500\n')
    expected = RulesConfig("http://g:3000", thresholds=Thresholds(lag_records=500))
    assert load_config(path) == expected
    assert main(["rules", "--config", str(path), "--out", str(tmp_path / "rules")]) == 0
    made = {each.name: each.read_text(encoding="utf-8") for each in (tmp_path / "rules").iterdir()}
    assert made == texts(expected)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[thresholds]\nlag_records = 0\n", "thresholds.lag_records"),
        ("[thresholds]\nlate_share = 1.5\n", "thresholds.late_share"),
        ("[thresholds]\nlag = 5\n", "lag"),
        ('grafana_url = "grafana:3000"\n', "grafana_url"),
        ("grafana_url = \n", "line 1"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_key_named(
    tmp_path: Path, text: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        load_config(path)
    assert main(["rules", "--config", str(path), "--out", str(tmp_path / "rules")]) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "rules").exists()
