"""Which receivers come of which configuration."""

from pathlib import Path

import pytest

from stream.agents.sink_specs import alertmanager_specs, notice_sinks
from stream.config import load_settings
from stream.notify.alertmanager_alert import dashboard_url
from stream.notify.chat.chat_sender import ChatSpec

CONFIG = """
[alerts]
language = "zh"
grafana_url = "https://grafana.example/"

[[sink]]
kind = "alertmanager"
url = "http://am-1:9093"
peers = ["http://am-2:9093"]

[[sink]]
kind = "slack"
url = "https://hooks.example/1"
language = "en"

[[sink]]
kind = "feishu"
url = "https://hooks.example/2"
"""
PLACE = {"floor": "深圳", "pool": "sales", "team": "red"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "floorwatch.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_alertmanager_has_its_own_delivery_to_all_its_addresses(config: Path) -> None:
    settings = load_settings(config, {})
    [spec] = alertmanager_specs(settings)
    assert spec.urls == ("http://am-1:9093", "http://am-2:9093")
    assert [sink.name for sink in notice_sinks(settings)] == ["sink-1", "sink-2"]


def test_links_lead_to_the_board_in_the_receivers_language(config: Path) -> None:
    settings = load_settings(config, {})
    [alertmanager] = alertmanager_specs(settings)
    slack, feishu = (sink for sink in notice_sinks(settings) if isinstance(sink, ChatSpec))
    there = "https://grafana.example/d/floorwatch-team"
    assert dashboard_url(PLACE, alertmanager.links).startswith(f"{there}-zh?var-floor=")
    assert dashboard_url(PLACE, slack.links).startswith(f"{there}?var-floor=")
    assert dashboard_url(PLACE, feishu.links).startswith(f"{there}-zh?var-floor=")
