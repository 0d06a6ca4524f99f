"""The examples of deploy/: each is taken by its own program, and they fit each other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from stream.config import load_settings
from tests.components import ROOT, required_program

DEPLOY = ROOT / "deploy"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
# By Grafana's documents ("Provision Grafana"): what may stand in these files, and of which type.
TEXT, YES_NO, WHOLE = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
LISTED = {
    "dashboards": (
        "providers",
        {
            "name": TEXT,
            "orgId": WHOLE,
            "folder": TEXT,
            "folderUid": TEXT,
            "type": {"const": "file"},
            "disableDeletion": YES_NO,
            "updateIntervalSeconds": {"type": "integer", "minimum": 10},
            "allowUiUpdates": YES_NO,
            "options": {
                "type": "object",
                "properties": {"path": TEXT, "foldersFromFilesStructure": YES_NO},
                "additionalProperties": False,
                "required": ["path"],
            },
        },
        ["name", "type", "options"],
    ),
    "datasources": (
        "datasources",
        {
            "name": TEXT,
            "uid": {"type": "string", "maxLength": 40, "pattern": "^[A-Za-z0-9_-]+$"},
            "orgId": WHOLE,
            "type": TEXT,
            "access": {"enum": ["proxy", "direct"]},
            "url": {"type": "string", "pattern": "^https?://"},
            "isDefault": YES_NO,
            "editable": YES_NO,
            "basicAuth": YES_NO,
            "jsonData": {
                "type": "object",
                "properties": {
                    "timeInterval": {"type": "string", "pattern": "^[0-9]+(ms|s|m)$"},
                    "httpMethod": {"enum": ["GET", "POST"]},
                },
                "additionalProperties": False,
            },
        },
        ["name", "type", "access", "url"],
    ),
}
PROVISIONING = {
    kind: {
        "type": "object",
        "properties": {
            "apiVersion": {"const": 1},
            name: {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": keys,
                    "additionalProperties": False,
                    "required": needed,
                },
            },
        },
        "additionalProperties": False,
        "required": ["apiVersion", name],
    }
    for kind, (name, keys, needed) in LISTED.items()
}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))


def run(*command: str | Path) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="session")
def amtool() -> Path:
    return required_program("amtool", "apt-get install prometheus-alertmanager")


def routed(amtool: Path, **labels: str) -> set[str]:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    said = run(amtool, "config", "routes", "test", f"--config.file={ALERTMANAGER}", *pairs)
    return set(said.strip().split(","))


# ---------------------------------------------------------------------------------- Prometheus


def test_prometheus_takes_its_configuration_with_the_rules_beside_it(
    promtool: Path, tmp_path: Path
) -> None:
    shutil.copy(DEPLOY / "prometheus" / "prometheus.yml", tmp_path)
    shutil.copytree(ROOT / "dashboards" / "rules", tmp_path / "rules")
    said = run(promtool, "check", "config", tmp_path / "prometheus.yml")
    assert "SUCCESS: 2 rule files found" in said


def test_prometheus_finds_workers_and_alertmanager_where_compose_has_them() -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    hosts = set(re.findall(r"- ([\w-]+):\d+$", text, re.MULTILINE))
    assert hosts == {"worker-1", "worker-2", "alertmanager"}
    assert hosts <= COMPOSE["services"].keys()


# ---------------------------------------------------------------------------------- Alertmanager


def test_alertmanager_takes_its_configuration(amtool: Path) -> None:
    assert "SUCCESS" in run(amtool, "check-config", ALERTMANAGER)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "page", "detector": "collective"}, {"leaders", "floor-managers"}),
        ({"severity": "nudge", "detector": "share"}, {"leaders-quiet"}),
        ({"severity": "digest", "detector": "share"}, {"digest"}),
        ({"severity": "critical", "alertname": "FloorwatchRedisAway"}, {"sre"}),
        (
            {"severity": "critical", "alertname": "FloorwatchSourceSilent"},
            {"floor-managers", "sre"},
        ),
        ({"severity": "warning", "alertname": "FloorwatchLagHigh"}, {"sre-quiet"}),
        ({"severity": "info", "alertname": "FloorwatchSeriesLeftOut"}, {"digest"}),
        ({"severity": "none", "alertname": "FloorwatchWatchdog"}, {"watchdog"}),
        ({"severity": "none", "alertname": "FloorwatchTeamStale"}, {"nobody"}),
    ],
)
def test_each_alert_goes_to_those_who_can_act(
    amtool: Path, labels: dict[str, str], receivers: set[str]
) -> None:
    assert routed(amtool, **labels) == receivers


def test_every_alert_that_is_shipped_is_routed_past_the_default(amtool: Path) -> None:
    for path in (ROOT / "dashboards" / "rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if rule.get("labels", {}).get("severity", "critical") != "critical":
                    labels = {"alertname": rule["alert"], **rule["labels"]}
                    assert routed(amtool, **labels) != {"sre"}, rule["alert"]


def test_a_silent_feed_mutes_what_is_said_of_people_and_not_that_nobody_serves() -> None:
    rules = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))["inhibit_rules"]
    [(muted, equal)] = [
        (one["target_matchers"], one["equal"])
        for one in rules
        if "TeamStale" in one["source_matchers"][0] and "detector" in one["target_matchers"][0]
    ]
    assert "share|collective" in muted[0]
    assert "cover" not in muted[0]
    assert equal == ["floor", "pool", "team"], "teams of other feeds go on"


# ---------------------------------------------------------------------------------- the rest


def test_the_worker_takes_its_configuration() -> None:
    settings = load_settings(DEPLOY / "floorwatch.toml", {})
    hosts = {settings.kafka.brokers.partition(":")[0], "redis", "alertmanager"}
    assert hosts <= COMPOSE["services"].keys()
    assert [sink.kind for sink in settings.sink] == ["alertmanager"]


def test_compose_is_of_the_form_that_compose_takes() -> None:
    """The schema of the compose specification, which the checker carries."""
    program = Path(sys.executable).with_name("check-jsonschema")
    run(program, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yml")


def test_compose_names_only_files_that_are_there() -> None:
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), f"{name}: {source}"
            else:
                assert source in COMPOSE["volumes"], f"{name}: {source}"


def test_compose_pins_every_image() -> None:
    for name, service in COMPOSE["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag), name
        assert tag != "latest", name


def test_redis_of_compose_is_one_that_floorwatch_takes() -> None:
    command = COMPOSE["services"]["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_the_unit_reads_only_its_own_copy_of_the_configuration() -> None:
    """A file with tokens that only root may read is no file for a user without rights."""
    text = (DEPLOY / "systemd" / "floorwatch@.service").read_text(encoding="utf-8")
    assert "LoadCredential=floorwatch.toml:/etc/floorwatch/floorwatch.toml" in text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("ExecStart")] == [
        "%d/floorwatch.toml"
    ]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    systemd = required_program("systemd-analyze", "apt-get install systemd")
    # It looks whether the program is there.
    text = (DEPLOY / "systemd" / "floorwatch@.service").read_text(encoding="utf-8")
    unit = tmp_path / "floorwatch@1.service"
    unit.write_text(text.replace("/opt/floorwatch/bin/floorwatch", "/bin/true"), encoding="utf-8")
    answer = subprocess.run([systemd, "verify", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in answer.stderr.splitlines() if "floorwatch" in line]
    assert complaints == []
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("kind", sorted(PROVISIONING))
def test_grafana_takes_its_provisioning(kind: str) -> None:
    path = DEPLOY / "grafana" / "provisioning" / kind / "floorwatch.yml"
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), PROVISIONING[kind])


def test_grafana_is_provisioned_with_the_boards_and_the_source_that_they_ask_for() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    provider: dict[str, Any]
    [provider] = yaml.safe_load((folder / "dashboards" / "floorwatch.yml").read_text())["providers"]
    mounted = COMPOSE["services"]["grafana"]["volumes"]
    [target] = [one.split(":")[1] for one in mounted if one.startswith("../dashboards/grafana")]
    assert provider["options"]["path"] == target
    assert provider["allowUiUpdates"] is False
    assert "foldersFromFilesStructure" not in provider["options"]
    [source] = yaml.safe_load((folder / "datasources" / "floorwatch.yml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"
    assert source["url"].split("//")[1].split(":")[0] in COMPOSE["services"]
    home = COMPOSE["services"]["grafana"]["environment"][
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    ]
    assert (ROOT / "dashboards" / "grafana" / home.removeprefix(f"{target}/")).exists()
