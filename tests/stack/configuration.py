"""The files of deploy/, with addresses of this machine in the place of their hosts."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.components import ROOT

DEPLOY = ROOT / "deploy"


@dataclass(frozen=True)
class Ports:
    """Where everything listens, on the loopback interface."""

    kafka: int
    redis: int
    workers: tuple[int, int]
    prometheus: int
    alertmanager: int
    receiver: int


def placed(text: str, places: Mapping[str, str]) -> str:
    """A text with each of these parts replaced; it must contain each."""
    for old, new in places.items():
        assert old in text, f"deploy/ names no {old}"
        text = text.replace(old, new)
    return text


def write(folder: Path, ports: Ports) -> None:
    """Put all configuration files into a folder."""
    worker = placed(
        (DEPLOY / "floorwatch.toml").read_text(encoding="utf-8"),
        {
            "kafka:9092": f"127.0.0.1:{ports.kafka}",
            "redis://redis:6379/0": f"redis://127.0.0.1:{ports.redis}/0",
            'bind = "0.0.0.0"': 'bind = "127.0.0.1"',
            "http://alertmanager:9093": f"http://127.0.0.1:{ports.alertmanager}",
            # The example's peak is a weekday morning in Shanghai; it is to be one now.
            'days = ["mon", "tue", "wed", "thu", "fri"]\n': "",
            'time = "10:00-11:30"': 'time = "00:00-00:00"',
        },
    )
    (folder / "floorwatch.toml").write_text(worker, encoding="utf-8")
    prometheus = placed(
        (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"),
        {
            "worker-1:6066": f"127.0.0.1:{ports.workers[0]}",
            "worker-2:6066": f"127.0.0.1:{ports.workers[1]}",
            "alertmanager:9093": f"127.0.0.1:{ports.alertmanager}",
        },
    )
    (folder / "prometheus.yml").write_text(prometheus, encoding="utf-8")
    shutil.copytree(ROOT / "dashboards" / "rules", folder / "rules", dirs_exist_ok=True)
    alertmanager = placed(
        (DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"),
        {"http://127.0.0.1:9099": f"http://127.0.0.1:{ports.receiver}"},
    )
    (folder / "alertmanager.yml").write_text(alertmanager, encoding="utf-8")
