"""What is said about a configuration that is wrong."""

import os
from pathlib import Path

import pytest

from stream.config import load_settings
from stream.errors import ConfigurationError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "floorwatch.toml"


def complaint(file: Path, content: str, **environment: str) -> str:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, environment)
    return str(caught.value)


def test_a_complaint_about_the_environment_names_the_variable(file: Path) -> None:
    said = complaint(file, "", FLOORWATCH_WEB_PORT="70000", FLOORWATCH_WEB_PROT="1")
    assert (
        'web.port (from FLOORWATCH_WEB_PORT) = "70000": out of range; allowed: 1 to 65535' in said
    )
    assert (
        "web.prot (from FLOORWATCH_WEB_PROT): unknown key in this version (did you mean port?); "
        "keys: bind, port" in said
    )


def test_a_variable_for_a_section_that_is_not_there_is_named(file: Path) -> None:
    said = complaint(file, "", FLOORWATCH_KAKFA_BROKERS="a:1", FLOORWATCH_WEB_PORT="0")
    assert "2 errors" in said
    assert "FLOORWATCH_KAKFA_BROKERS: unknown setting; sections: alerts, " in said


@pytest.mark.parametrize(
    "variable",
    [
        "FLOORWATCH_REQUIRE_REAL",
        "FLOORWATCH_HISTORIES",
        "FLOORWATCH_KAFKA_JARS",
        "FLOORWATCH_SERVICE_HOST",
        "FLOORWATCH_PORT_6066_TCP_ADDR",
    ],
)
def test_variables_of_tests_and_of_kubernetes_are_no_settings(file: Path, variable: str) -> None:
    file.write_text("")
    assert load_settings(file, {variable: "1"}) == load_settings(file, {})


def of_kubernetes(service: str, protocol: str = "tcp") -> dict[str, str]:
    """The variables that Kubernetes makes for a Service."""
    name, url = service.upper().replace("-", "_"), f"{protocol}://10.0.0.11:6379"
    port = f"{name}_PORT_6379_{protocol.upper()}"
    return {
        f"{name}_SERVICE_HOST": "10.0.0.11",
        f"{name}_SERVICE_PORT": "6379",
        f"{name}_SERVICE_PORT_CLIENT_TLS": "6379",
        f"{name}_PORT": url,
        port: url,
        f"{port}_PROTO": protocol,
        f"{port}_PORT": "6379",
        f"{port}_ADDR": "10.0.0.11",
    }


@pytest.mark.parametrize("protocol", ["tcp", "udp", "sctp"])
@pytest.mark.parametrize(
    "service", ["", "-redis", "-redis-master", "-kafka", "-kafka-0-external", "-web", "-worker"]
)
def test_variables_that_kubernetes_makes_for_a_service_are_no_settings(
    file: Path, service: str, protocol: str
) -> None:
    file.write_text("")
    made = of_kubernetes(f"floorwatch{service}", protocol)
    assert load_settings(file, made) == load_settings(file, {})
    settings = load_settings(file, {**made, "FLOORWATCH_REDIS_URL": "redis://h:1/0"})
    assert settings.redis.url.reveal() == "redis://h:1/0"


@pytest.mark.parametrize(
    "variable", ["FLOORWATCH_REDIS_PORT", "FLOORWATCH_REDIS_HOST", "FLOORWATCH_REDIS_SERVICE"]
)
def test_a_variable_that_kubernetes_would_not_make_is_still_reported(
    file: Path, variable: str
) -> None:
    assert f"(from {variable}): unknown key" in complaint(file, "", **{variable: "6379"})


def test_a_variable_that_is_no_text_is_named(file: Path) -> None:
    said = complaint(file, "", FLOORWATCH_REDIS_URL=os.fsdecode(b"redis://:hu\xffsh@h:1/0"))
    assert "FLOORWATCH_REDIS_URL: not UTF-8" in said
    said.encode()
    assert "sh@" not in said


BAD = {
    '[windows]\ngrace = "7x"': ("windows.grace", '"7x"', "allowed: 0s to 30m", 'default "5m"'),
    '[windows]\nseal = "31m"': ("windows.seal", '"31m"', "out of range", "1m to 30m"),
    '[windows]\ngrace = "20m"\nseal = "10m"': ("seal is shorter than grace", "to 30m"),
    '[archive]\nkeep = "12h"': ("archive.keep", '"12h"', "1d to 400d", 'default "35d"'),
    "[windows]\ngrace = 300": ("windows.grace", "300", "write text such as '90s'"),
    '[windows]\ngrace = "2h"': ("windows.grace", '"2h"', "out of range", "0s to 30m"),
    '[[pool]]\nname = "a"\nopen = "8-22"': ("pool[0].open", '"8-22"', "'08:00-22:00'"),
    '[[pool]]\nname = "a"\nopen = "08:00-24:30"': ("pool[0].open", "24:30", "allowed"),
    '[[pool]]\nname = "a"\nzone = "Asia/Nowhere"': ("pool[0].zone", "Asia/Nowhere", "IANA"),
    '[[pool]]\nzone = "UTC"': ("pool[0].name: required", "1 to 128 bytes"),
    '[[pool]]\nname = "a/b"': ("pool[0].name", '"a/b"', "without '/'"),
    '[[pool]]\nname = "a"\n[[pool]]\nname = "a"': ("pool[1]", "'*/a'", "allowed: once"),
    '[[peak]]\ntime = "10:00-11:30"\ndays = ["mon", "fry"]': ("peak[0].days[1]", "'fry'", "sun"),
    '[[peak]]\ntime = "10:00-11:30"\nexcept = ["soon"]': ("peak[0].except[0]", '"soon"', "dates"),
    '[[source]]\nname = "x"\nheartbeat = "0s"': ("source[0].heartbeat", '"0s"', "1s to 1h"),
    '[[source]]\nname = "x"\nsilence = { aux = "9d" }': ("source[0].silence", "9d", "1s to 7d"),
    '[[source]]\nname = "x"\nsilence = { lunch = "9m" }': ("source[0].silence", "'lunch'", "state"),
    '[ratio.x]\nnumerator = ["nap"]\ndenominator = ["aux"]': ("ratio.x.numerator", "'nap'", "meal"),
    '[ratio.x]\nnumerator = ["aux"]\ndenominator = ["meal"]': ("ratio.x", "aux", "denominator"),
    '[ratio.x]\nnumerator = []\ndenominator = ["meal"]': ("ratio.x.numerator", "[]", "at least 1"),
    '[ratio."A b"]\nnumerator = ["aux"]\ndenominator = ["aux"]': (
        "ratio.A b: not a name of a ratio; allowed: one of a-z",
    ),
    '[control]\nclock = "sun"': ("control.clock", '"sun"', "allowed: live, event"),
    '[control]\ngate = "perhaps"': ("control.gate", '"perhaps"', "allowed: true, false"),
    '[control]\npolicy = "literal"': ("control.policy", '"literal"', "not in this version"),
    '[[sink]]\nkind = "pager"\nurl = "http://a"': ("sink[0].kind", "webhook, alertmanager"),
    '[[sink]]\nkind = "webhook"\nurl = "http://a"\nresend = "30s"': (
        "sink[0]",
        "resend is only for kind = alertmanager",
    ),
    '[[plan]]\nteam = "a"': ("plan", "unknown key in this version"),
    '[privacy]\nindividual = "off"': ("privacy", "unknown key in this version"),
    "[baseline]\naux_rate = 8.5": ("baseline.aux_rate", "8.5", "allowed: 0.005 to 0.5"),
    '[kafka]\nbrokers = "nowhere"': ("kafka.brokers", '"nowhere"', "host:port"),
    '[kafka]\nevents_topic = "a b"': ("kafka.events_topic", '"a b"', "allowed"),
    '[redis]\nurl = "http://x"': ("redis.url", "redis://"),
    '[redis]\nprefix = "a:b"': ("redis.prefix", "1 to 64 of A-Z"),
    '[redis]\nprefix = "{a}"': ("redis.prefix", "1 to 64 of A-Z"),
    '[redis]\nprefix = ""': ("redis.prefix", "1 to 64 of A-Z"),
    '[redis]\nurl = "redis+sentinel://h:1,i:2"': ("redis.url", "the service's name"),
    '[redis]\nurl = "redis+cluster://h:1,:x@i:2"': ("redis.url", "user and password once"),
    '[alerts]\nlanguage = "fr"': ("alerts.language", '"fr"', "allowed: zh, en"),
    "kafka = 3": ("kafka", "dictionary"),
    "[windows\n": ("invalid TOML", "line 1"),
}


@pytest.mark.parametrize("content", BAD)
def test_a_complaint_names_key_value_and_what_is_allowed(file: Path, content: str) -> None:
    said = complaint(file, content)
    assert said.startswith(str(file))
    for part in BAD[content]:
        assert part in said


def test_all_that_is_wrong_is_said_at_once(file: Path) -> None:
    said = complaint(file, '[windows]\ngrace = "7x"\n[web]\nport = 0\n[[plan]]\nteam = "a"')
    assert said.startswith(f"{file}: 3 errors\n")
    assert len(said.splitlines()) == 4


def test_secrets_are_masked_in_complaints(file: Path) -> None:
    said = complaint(file, '[redis]\nurl = "redos://a:hush@b/0"\n[web]\nport = 0')
    assert "redos://a:***@b/***" in said
    said = complaint(file, '[[sink]]\nkind = "webhook"\nurl = "ftp://a:hush@b/hush"')
    assert "hush" not in said
    said = complaint(file, '[[sink]]\nkind = "feishu"\nurl = "http://b/"\nsecret = 12345678')
    assert "sink[0].secret" in said
    assert "12345678" not in said


@pytest.mark.parametrize("url", ["http://:80/", "http://b:99999/", "http://b:port/", "http://b:0"])
def test_an_address_without_a_host_or_with_a_port_that_is_none_is_reported(
    file: Path, url: str
) -> None:
    said = complaint(file, f'[[sink]]\nkind = "webhook"\nurl = "{url}"')
    assert "sink[0].url" in said
    assert "no host" in said


@pytest.mark.parametrize(
    "key",
    [
        'url = "hooks.slack.example/services/T0/B0/hush"',
        'url = "https//robots.example/send?access_token=hush"',
        'url = "http://a"\npeers = ["b:9093/hush"]',
    ],
)
def test_an_address_of_a_sink_that_is_no_url_is_not_shown(file: Path, key: str) -> None:
    said = complaint(file, f'[[sink]]\nkind = "alertmanager"\n{key}')
    assert "must begin with http:// or https://" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    "url", ["redis+sentinel:a:1/main?sentinel_password=hush", "redis:hush", "hush"]
)
def test_an_address_of_redis_that_is_no_url_is_not_shown(file: Path, url: str) -> None:
    said = complaint(file, f'[redis]\nurl = "{url}"')
    assert 'redis.url = "***": must begin with' in said
    assert "hush" not in said


def test_two_sinks_of_one_name_are_refused_whether_it_is_given_or_not(file: Path) -> None:
    sink = '[[sink]]\nkind = "webhook"\nurl = "http://a"\n'
    assert "sink[1] names 'ops', as sink[0] does" in complaint(file, f'{sink}name = "ops"\n' * 2)
    assert "sink[1] names 'sink-1', as sink[0] does" in complaint(
        file, f'{sink}name = "sink-1"\n{sink}'
    )


def test_annotations_without_a_token_are_reported_at_once(file: Path) -> None:
    said = complaint(file, '[[sink]]\nkind = "grafana"\nurl = "http://g:3000/"')
    assert "needs a secret: the token of a service account" in said
