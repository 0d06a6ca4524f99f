"""floorwatch.toml and the environment."""

import re
from datetime import date
from pathlib import Path

import pytest

from stream.config import Settings, load_roster, load_settings, reference
from stream.errors import ConfigurationError
from stream.events.language import State
from stream.fingerprint import fingerprint
from stream.spec import (
    RATIOS,
    LocalSpan,
    PeakSpec,
    PoolSpec,
    ShiftSpec,
    SourceSpec,
    Spec,
)
from stream.units import MINUTE_MS, NEVER_MS, SECOND_MS

EXAMPLE = """
[kafka]
brokers = "127.0.0.1:9092"
group = "floorwatch"
[redis]
url = "redis://127.0.0.1:6379/0"
[windows]
grace = "5m"
[ratio.aux_rate]
numerator = ["aux"]
denominator = ["available", "ringing", "dialing", "talking", "hold", "acw", "other_work", "aux",
               "training", "meeting", "system_aux"]
[roster]
file = "roster.csv"
[[pool]]
name = "*"
zone = "Asia/Shanghai"
open = "08:00-22:00"
[[shift]]
team = "*"
times = ["08:00-16:00", "16:00-00:00"]
[[peak]]
pool = "*"
days = ["mon", "tue", "wed", "thu", "fri"]
time = "10:00-11:30"
except = [2026-10-01]
[[source]]
name = "*"
heartbeat = "30s"
resolution = "1ms"
silence = { ringing = "3m", acw = "30m", aux = "60m", talking = "120m" }
[control]
clock = "live"
entry_states = ["aux"]
policy = "statistical"
gate = true
[baseline]
aux_rate = 0.085
aux_spell = "5m"
[alerts]
language = "zh"
[[sink]]
kind = "webhook"
url = "http://127.0.0.1:9000/alerts"
severity = ["page"]
teams = ["*"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "floorwatch.toml"


def load(file: Path, content: str, **environment: str) -> Settings:
    file.write_text(content, encoding="utf-8")
    return load_settings(file, environment)


def test_no_configuration_at_all_is_the_defaults_of_the_pure_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}).spec == Spec()


def test_the_file_in_the_working_directory_is_taken_unless_another_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[kafka]\ngroup = "here"')
    monkeypatch.chdir(file.parent)
    assert load_settings(None, {}).kafka.group == "here"


def test_the_documented_example_becomes_the_spec_of_the_pure_part(file: Path) -> None:
    settings = load(file, EXAMPLE)
    assert settings.roster.file == str(file.parent / "roster.csv")
    assert settings.sink[0].url.reveal() == "http://127.0.0.1:9000/alerts"
    assert settings.spec == Spec(
        pools=(PoolSpec("*", "*", "Asia/Shanghai", (LocalSpan(480, 1320),)),),
        shifts=(ShiftSpec((LocalSpan(480, 960), LocalSpan(960, 0))),),
        peaks=(
            PeakSpec(
                LocalSpan(600, 690),
                days=frozenset(range(5)),
                without=frozenset({date(2026, 10, 1)}),
            ),
        ),
    )


def test_a_new_ratio_is_added_and_a_known_one_replaced(file: Path) -> None:
    spec = load(
        file,
        """
        [ratio.coaching_rate]
        numerator = ["training", "meeting"]
        denominator = ["training", "meeting", "available"]
        [ratio.occupancy]
        numerator = ["talking"]
        denominator = ["talking", "available"]
        """,
    ).spec
    assert [r.name for r in spec.ratios] == [*(r.name for r in RATIOS), "coaching_rate"]
    assert spec.ratios[0].numerator == {State.talking}
    assert spec.ratios[-1].denominator == {State.training, State.meeting, State.available}


def test_a_named_pool_takes_what_it_leaves_out_from_the_star(file: Path) -> None:
    spec = load(
        file,
        """
        [[pool]]
        name = "night"
        open = "22:00-08:00"
        [[pool]]
        name = "*"
        zone = "Asia/Shanghai"
        open = ["08:00-12:00", "13:00-24:00"]
        """,
    ).spec
    assert spec.pools == (
        PoolSpec("*", "night", "Asia/Shanghai", (LocalSpan(1320, 480),)),
        PoolSpec("*", "*", "Asia/Shanghai", (LocalSpan(480, 720), LocalSpan(780, 0))),
    )


def test_pools_and_sources_without_a_star_get_the_default_one(file: Path) -> None:
    spec = load(file, '[[pool]]\nname = "a"\n[[source]]\nname = "pbx"\nheartbeat = "10s"').spec
    assert spec.pools == (PoolSpec("*", "a"), PoolSpec())
    assert spec.sources == (SourceSpec("pbx", 10 * SECOND_MS), SourceSpec())


def test_silence_limits_may_be_off_one_by_one_or_all(file: Path) -> None:
    one = load(file, '[[source]]\nname = "*"\nsilence = { aux = "off", acw = "5m" }').spec
    limits = one.sources[0].silence_ms
    assert limits == {
        State.ringing: 3 * MINUTE_MS,
        State.acw: 5 * MINUTE_MS,
        State.aux: NEVER_MS,
        State.talking: 120 * MINUTE_MS,
    }
    every = load(file, '[[source]]\nname = "*"\nsilence = "off"\nheartbeat = "off"').spec
    assert every.sources[0].silence_ms is None
    assert every.sources[0].heartbeat_ms is None


def test_a_named_source_changes_only_the_silence_limits_that_it_names(file: Path) -> None:
    spec = load(
        file,
        """
        [[source]]
        name = "*"
        heartbeat = "10s"
        silence = { aux = "90m" }
        [[source]]
        name = "pbx"
        silence = { acw = "1m" }
        """,
    ).spec
    pbx = spec.sources[1]
    assert pbx.heartbeat_ms == 10 * SECOND_MS
    assert pbx.silence_ms is not None
    assert pbx.silence_ms[State.aux] == 90 * MINUTE_MS
    assert pbx.silence_ms[State.acw] == MINUTE_MS


def test_the_environment_wins_over_the_file(file: Path) -> None:
    settings = load(
        file,
        EXAMPLE,
        FLOORWATCH_KAFKA_BROKERS="a:1,b:2",
        FLOORWATCH_KAFKA_SESSION_TIMEOUT="6s",
        FLOORWATCH_REDIS_URL="rediss://:hush@redis:6380/1",
        FLOORWATCH_CONTROL_GATE="false",
        FLOORWATCH_CONTROL_ENTRY_STATES="aux,meal",
        FLOORWATCH_WEB_PORT="7000",
        FLOORWATCH_REQUIRE_REAL="1",
    )
    assert settings.kafka.brokers == "a:1,b:2"
    assert settings.kafka.session_timeout_ms == 6 * SECOND_MS
    assert settings.redis.url.reveal() == "rediss://:hush@redis:6380/1"
    assert not settings.control.gate
    assert settings.control.entry_states == {State.aux, State.meal}
    assert settings.web.port == 7000


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: no such file or directory"):
        load_settings(tmp_path / "none.toml", {})
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 0"):
        load_settings(broken, {})


SECRETS = """
[redis]
url = "rediss://floor:hush@redis.example:6380/1"
[[sink]]
kind = "webhook"
url = "https://me:hush@hooks.example/services/hush?token=hush"
"""


def test_secrets_are_masked_wherever_settings_are_printed(file: Path) -> None:
    settings = load(file, SECRETS)
    for printed in (
        repr(settings),
        str(settings),
        reference.show(settings),
        settings.model_dump_json(),
    ):
        assert "hush" not in printed
        assert "redis.example:6380" in printed
        assert "hooks.example" in printed


def test_the_fingerprint_is_that_of_the_rules_alone(file: Path) -> None:
    rules = fingerprint(load(file, EXAMPLE).spec)
    assert rules == fingerprint(load(file, EXAMPLE, FLOORWATCH_REDIS_URL="redis://x:1/0").spec)
    assert rules != fingerprint(load(file, EXAMPLE, FLOORWATCH_WINDOWS_GRACE="2m").spec)
    assert re.fullmatch("[0-9a-f]{12}", rules)


def test_settings_cannot_be_changed(file: Path) -> None:
    settings = load(file, EXAMPLE)
    with pytest.raises(ValueError, match="frozen"):
        settings.windows.grace_ms = 1  # type: ignore[misc]


def test_the_roster_is_read_beside_the_configuration(file: Path) -> None:
    settings = load(file, '[roster]\nfile = "people.csv"')
    (file.parent / "people.csv").write_text("agent,team\nann,sales\n")
    assert load_roster(settings).team_at("ann", 0) == "sales"
    (file.parent / "people.csv").write_text("agent,crew\nann,sales\n")
    with pytest.raises(ConfigurationError, match=r"people\.csv, line 1: .*'team'"):
        load_roster(settings)
    (file.parent / "people.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"roster\.file = '.*people\.csv': no such file"):
        load_roster(settings)


def test_what_is_shown_is_itself_a_configuration_that_says_the_same(file: Path) -> None:
    settings = load(file, EXAMPLE.replace("http://127.0.0.1:9000/alerts", "http://127.0.0.1:9000"))
    again = load(file, reference.show(settings))
    assert again.spec == settings.spec
    # What is shown has the ratios that hold without the file, too.
    assert again.model_copy(update={"ratio": settings.ratio}) == settings


def test_every_key_is_described_with_what_is_allowed_and_its_default() -> None:
    described = reference.describe()
    for name, field in Settings.model_fields.items():
        table = reference.table_of(field)
        assert table is not None, name
        assert table.__doc__
        for key, inner in reference.fields_of(table).items():
            assert f"\n  {key}: {inner.description}\n" in described
            assert reference.allowed(inner).startswith("allowed: ")


@pytest.mark.parametrize("name", ["handled", "talk_mean", "aux_cv"])
def test_a_ratio_whose_name_metrics_and_views_use_already_is_refused(file: Path, name: str) -> None:
    file.write_text(f'[ratio.{name}]\nnumerator = ["aux"]\ndenominator = ["aux"]\n')
    with pytest.raises(ConfigurationError, match=rf"ratio\.{name}: the name is reserved"):
        load_settings(file, {})
