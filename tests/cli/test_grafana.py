"""`floorwatch grafana push` against a server that keeps Grafana's contract."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.cli.embedded import free_port
from tests.components import ROOT
from tests.notify.grafana_server import TOKEN, Grafana, grafana

BOARDS = 5


@pytest.fixture
def server() -> Iterator[Grafana]:
    with grafana() as one:
        yield one


def push(url: str, *more: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GRAFANA_TOKEN": token, "GRAFANA_URL": ""}
    environment.pop("GRAFANA_URL")
    command = (sys.executable, "-m", "stream", "grafana", "push", "--url", url, *more)
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_all_boards_come_into_a_folder_of_their_own(server: Grafana) -> None:
    done = push(server.url)
    assert done.returncode == 0, done.stderr
    assert "10 of 10 boards pushed" in done.stderr
    assert server.folders == {"floorwatch": "Floorwatch"}
    assert set(server.in_folder.values()) == {"floorwatch"}
    assert len(server.boards) == 2 * BOARDS
    stored = json.loads(
        (ROOT / "dashboards" / "grafana" / "en" / "floorwatch-team.json").read_text("utf-8")
    )
    pushed = server.boards["floorwatch-team"]
    assert {name: pushed[name] for name in stored} == stored


def test_a_second_push_changes_nothing(server: Grafana) -> None:
    push(server.url)
    written = list(server.writes)
    again = push(server.url)
    assert again.returncode == 0
    assert "0 of 10 boards pushed" in again.stderr
    assert server.writes == written


def test_a_board_that_was_edited_by_hand_is_shown_and_brought_back(server: Grafana) -> None:
    push(server.url, "--language", "en")
    server.boards["floorwatch-queue"]["title"] = "My queue"
    server.boards["floorwatch-queue"]["version"] += 1
    shown = push(server.url, "--language", "en", "--dry-run")
    assert '-"title": "My queue"' in shown.stdout.replace("- ", "-")
    assert "1 of 5 boards would be pushed" in shown.stderr
    assert server.boards["floorwatch-queue"]["title"] == "My queue"
    assert push(server.url, "--language", "en").returncode == 0
    assert server.boards["floorwatch-queue"]["title"] == "Queue"


def test_a_board_that_only_lies_in_another_folder_is_shown_and_moved(server: Grafana) -> None:
    push(server.url, "--language", "en")
    server.folders["mine"] = "Mine"
    server.in_folder["floorwatch-queue"] = "mine"
    shown = push(server.url, "--language", "en", "--dry-run")
    assert "-folder: mine" in shown.stdout.replace("- ", "-")
    push(server.url, "--language", "en")
    assert server.in_folder["floorwatch-queue"] == "floorwatch"


def test_a_dry_run_writes_nothing(server: Grafana) -> None:
    shown = push(server.url, "--dry-run")
    assert shown.returncode == 0
    assert shown.stdout.count("+ floorwatch-") == 2 * BOARDS
    assert server.writes == []


def test_one_language_is_pushed_alone(server: Grafana) -> None:
    push(server.url, "--language", "zh")
    assert len(server.boards) == BOARDS
    assert all(uid.endswith("-zh") for uid in server.boards)


def test_a_token_that_is_not_accepted_is_reported_with_what_to_do(server: Grafana) -> None:
    done = push(server.url, token="wrong")
    assert done.returncode == 2
    assert "does not accept the token" in done.stderr
    assert "wrong" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_token_that_may_not_write_is_reported_with_the_role_that_it_takes(
    server: Grafana,
) -> None:
    server.forbidden = True
    done = push(server.url)
    assert done.returncode == 2
    assert "role Editor" in done.stderr


def test_a_board_that_somebody_changes_meanwhile_is_not_overwritten(server: Grafana) -> None:
    push(server.url, "--language", "en")
    server.boards["floorwatch-queue"]["title"] = "My queue"
    server.meanwhile = "floorwatch-queue"
    done = push(server.url, "--language", "en")
    assert done.returncode == 1
    assert "was changed in Grafana" in done.stderr
    assert server.boards["floorwatch-queue"]["title"] == "My queue"


def test_a_grafana_that_does_not_answer_in_time_is_away(server: Grafana) -> None:
    server.delay_s = 2.0
    done = push(server.url, "--timeout", "0.3")
    assert done.returncode == 3
    assert "in time" in done.stderr


def test_a_grafana_that_fails_is_reported_with_its_status(server: Grafana) -> None:
    server.failing = 502
    done = push(server.url)
    assert done.returncode == 3
    assert "502" in done.stderr


def test_a_grafana_that_is_not_there_is_reported(server: Grafana) -> None:
    done = push(f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr


@pytest.mark.parametrize(
    ("status", "text"), [(404, "404 page not found"), (200, "<html>log in</html>"), (200, "{}")]
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_another_server_than_a_grafana_is_reported(
    server: Grafana, status: int, text: str, options: tuple[str, ...]
) -> None:
    server.other = (status, text)
    done = push(server.url, *options)
    assert done.returncode == 2
    assert "is not Grafana; is the path missing" in done.stderr


def test_who_sends_elsewhere_is_reported_and_has_sent_nothing(server: Grafana) -> None:
    """A POST that follows a redirect becomes a GET, which is answered, and nothing is written."""
    server.moved = True
    done = push(server.url)
    assert done.returncode == 2
    assert "redirects" in done.stderr
    assert server.boards == {}


def test_a_folder_of_that_title_that_is_not_ours_is_reported(server: Grafana) -> None:
    server.folders["other"] = "Floorwatch"
    done = push(server.url)
    assert done.returncode == 1
    assert "a folder 'Floorwatch' of another origin" in done.stderr
    assert push(server.url, "--folder", "Floors").returncode == 0


def test_without_a_token_nothing_is_tried(server: Grafana) -> None:
    done = push(server.url, token="")
    assert done.returncode == 2
    assert "GRAFANA_TOKEN" in done.stderr
    assert server.requests == []


def test_the_token_may_come_from_a_file(server: Grafana, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="utf-8")
    assert push(server.url, "--token-file", str(path), token="").returncode == 0
    assert push(server.url, "--token-file", str(tmp_path / "none"), token="").returncode == 2


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--language", "fr"),
        ("--url", "grafana:3000"),
        ("--url", "http://g:99999"),
        ("--timeout", "0"),
    ],
)
def test_a_wrong_option_is_reported_with_what_is_allowed(
    server: Grafana, option: str, value: str
) -> None:
    done = push(server.url, option, value)
    assert done.returncode == 2
    assert option in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_examples() -> None:
    command = (sys.executable, "-m", "stream", "grafana", "push", "--help")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Examples:" in done.stdout
    assert "--dry-run" in done.stdout
