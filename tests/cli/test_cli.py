"""The command line, as its own process: what it prints where, and its exit status."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from stream.cli.main import app, guarded
from stream.errors import ConfigurationError, FloorwatchError, InputError, ServiceError

FLOORWATCH = Path(sys.executable).parent / "floorwatch"
HEAVY = ("aiohttp", "aiokafka", "faust", "numpy", "pydantic", "redis", "scipy")

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Done]:
    """Runs `floorwatch` in an empty directory, without our environment's overrides."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith("FLOORWATCH_")}

    def run(*arguments: str, **environment: str) -> Done:
        return subprocess.run(
            [FLOORWATCH, *arguments],
            cwd=tmp_path,
            env=bare | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `floorwatch check-config` likewise, but in this process: what it says, not how it ends
    as a process.
    """
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FLOORWATCH_")]:
        monkeypatch.delenv(name)

    def check(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(app, ["check-config", *arguments], env=environment)

    return check


def test_the_version_is_that_of_the_package(run: Callable[..., Done]) -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"floorwatch {version('floorwatch')}\n")


def test_help_shows_examples_and_every_command(run: Callable[..., Done]) -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    for command in ("check-config", "demo", "dlq", "replay", "simulate", "worker"):
        assert f"\n  {command} " in done.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        f"import sys, stream.cli.main\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("check-config", "--nonsense")])
def test_bad_usage_is_two_and_said_on_stderr(
    run: Callable[..., Done], arguments: tuple[str, ...]
) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage: floorwatch" in done.stderr
    assert done.stdout == ""


def test_python_m_stream_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stream", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("floorwatch ")


def test_a_good_configuration_is_zero(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "floorwatch.toml").write_text('[alerts]\nlanguage = "en"\n')
    done = run("check-config")
    assert done.returncode == 0
    assert done.stdout.startswith("good; rules ")
    assert done.stderr == ""


def test_where_there_is_no_file_it_is_said_that_defaults_were_checked(
    check: Callable[..., Result],
) -> None:
    done = check()
    assert done.exit_code == 0
    assert done.stdout.startswith("good; rules ")
    said = "no floorwatch.toml in this directory; checked the defaults\n"
    assert done.stderr == said


def test_all_ratios_that_hold_are_shown(check: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "floorwatch.toml").write_text(
        '[ratio.coaching]\nnumerator = ["training"]\ndenominator = ["training", "aux"]\n'
    )
    shown = check("--show").stdout
    for name in ("occupancy", "talk_utilisation", "aux_rate", "coaching"):
        assert f"[ratio.{name}]\nnumerator = [" in shown


def test_a_bad_configuration_is_two_and_lists_all_that_is_wrong(
    run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text('[alerts]\nlanguage = "fr"\n[[plan]]\nteam = "a"\n')
    done = run("check-config", "bad.toml", FLOORWATCH_WEB_PORT="0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("floorwatch: bad.toml: 3 errors\n")
    for part in ("alerts.language", "plan: unknown key in this version", "FLOORWATCH_WEB_PORT"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_roster_line_that_is_wrong_is_two(check: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "floorwatch.toml").write_text('[roster]\nfile = "r.csv"\n')
    (tmp_path / "r.csv").write_text("agent,team\nann,\n")
    done = check()
    assert done.exit_code == 2
    assert "r.csv, line 2" in done.stderr


def test_a_worker_with_a_bad_configuration_is_two(run: Callable[..., Done]) -> None:
    done = run("worker", FLOORWATCH_KAFKA_BROKERS="nowhere")
    assert done.returncode == 2
    assert "kafka.brokers (from FLOORWATCH_KAFKA_BROKERS)" in done.stderr


def test_settings_are_shown_with_secrets_masked(check: Callable[..., Result]) -> None:
    done = check("--show", FLOORWATCH_REDIS_URL="redis://:hush@h:1/0")
    assert done.exit_code == 0
    assert 'url = "redis://:***@h:1/0"' in done.stdout
    assert "hush" not in done.stdout + done.stderr


@pytest.mark.parametrize("password", ["hu/sh", "hu?sh", "hu#sh", "57#hush", "57/0?hush", "hush%ff"])
@pytest.mark.parametrize("form", ["redis://{}h:1/0", "redis+sentinel://{}h:1/main"])
def test_a_password_that_has_to_be_encoded_is_refused_and_never_shown(
    check: Callable[..., Result], form: str, password: str
) -> None:
    url = form.format(f":{password}@")
    done = check("--show", FLOORWATCH_REDIS_URL=url)
    assert done.exit_code == 2
    assert "redis.url (from FLOORWATCH_REDIS_URL)" in done.stderr
    assert "/ as %2F" in done.stderr
    assert password not in done.stdout + done.stderr
    assert "sh@" not in done.stdout + done.stderr


def test_help_of_check_config_documents_every_key(check: Callable[..., Result]) -> None:
    done = check("--help")
    assert done.exit_code == 0
    for part in ("Usage:", "[windows]", "grace:", 'default "5m"; allowed: 0s to 30m', "[[sink]]"):
        assert part in done.stdout


def test_output_into_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    line = f"'{FLOORWATCH}' check-config --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1)
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["check-config --help", "simulate --duration 1m", "--help"])
def test_output_that_cannot_be_written_is_one_line(tmp_path: Path, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [FLOORWATCH, *command.split()],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = "floorwatch: cannot write the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_a_demo_that_can_keep_nothing_where_it_should_is_two(
    run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = run("demo", "--keep", "file/there")
    said = f"floorwatch: --keep {tmp_path}/file/there: not a directory\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigurationError("what is wrong"), 2),
        (InputError("what is wrong"), 2),
        (ServiceError("what is wrong"), 3),
        (FloorwatchError("what is wrong"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_a_message_and_an_exit_status(error: BaseException, status: int) -> None:
    def command() -> None:
        raise error

    app = typer.Typer()
    app.command()(guarded(command))
    result = CliRunner().invoke(app)
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr == ("" if status == 130 else "floorwatch: what is wrong\n")


def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    # A shell's background job, and what nohup starts, hand on that SIGINT is ignored.
    code = (
        "import signal, typer\n"
        "from stream.cli.main import guarded\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def wait():\n"
        "    print('here', flush=True)\n"
        "    __import__('threading').Event().wait()\n"
        "app = typer.Typer()\n"
        "app.command()(guarded(wait))\n"
        "app()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "here\n"
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said == ""
