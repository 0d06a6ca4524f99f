"""Alerts in words."""

import re
from dataclasses import replace

import orjson
import pytest

from stream.control.alerts.messages import LONGEST, describe, messages
from stream.control.alerts.texts import CHINESE, ENGLISH
from stream.control.model import Transition, Verdict
from stream.events.language import State
from stream.spec import LocalSpan
from tests.control.floor import Floor, m, run, s, spec, waiting

SHARED = re.compile(r"\{(\w+)\}")


def walk_out(team: str = "Service 2") -> list[Transition]:
    """Six of fifteen leave within 75 s, later all come back; then nobody is there."""
    floor = Floor({team: "hotline"})
    agents = floor.staff(15, team)
    floor.calls(s(100), 9, s(100), "hotline")
    floor.all_set(s(120), agents[:6], State.aux, every_ms=15_000)
    floor.all_set(s(500), agents, State.talking)
    floor.all_set(s(1_000), agents, State.offline)
    return run(floor, spec(opening=(LocalSpan(0, 0),)), m(30))


def test_a_page_says_what_why_do_and_proof() -> None:
    page = walk_out()[0]
    message = describe(page, "en")
    assert message.title == "Service 2: 6 people went on break within 75 s"
    assert message.text == (
        "[ACT, peak] Service 2: 6 people went on break within 75 s, 6 of 15 now (usual 1-2). "
        "9 waiting, longest 95 s, nobody free. "
        "Do: 1) ask 4 people back to calls, longest break first; "
        "2) a meeting or training? Move it past the peak. "
        "Chance alone: about once in 20 months. As of 10:03:15."
    )
    assert describe(page, "zh").text == (
        "【需处理·高峰】Service 2:75 秒内 6 人转小休,现 6/15 人小休(通常 1-2 人)。"
        "排队 9 通,最久 95 秒,无人空闲。"
        "建议:①先请回 4 人,休息最久者优先;②若是开会或培训,请移到高峰之后。"
        "正常波动下约 20 个月才出现一次。数据截至 10:03:15。"
    )


def test_an_alert_whose_events_are_gone_says_that_nothing_is_known() -> None:
    page = walk_out()[0]
    facts = {name: page.evidence[name] for name in ("local_time", "config")}
    gone = replace(page, to=Verdict.insufficient_data, evidence=facts)
    assert describe(gone, "en").text == (
        "[Unknown] Service 2: no longer known. The events behind this alert are gone from Kafka. "
        "Please look at the floor; a new alert follows if it is still so. As of 10:03:15."
    )
    assert describe(gone, "zh").text.startswith("【未知】Service 2:情况未知")


def test_the_end_and_cover_have_their_own_words() -> None:
    found = walk_out()
    cleared = next(t for t in found if t.detector == "collective" and t.to == "in_control")
    assert describe(cleared, "en").text == (
        "[OK again] Service 2: 0 of 15 on break. It lasted 6 min. Nothing to do. As of 10:09:20."
    )
    cover = next(t for t in found if t.detector == "cover")
    assert describe(cover, "en").text == (
        "[ACT, peak] Pool hotline: nobody logged in for 30 s within opening hours. "
        "9 waiting, longest 16 min, nobody free. "
        "Do: reach whoever is on duty, at home too, and get one person logged in. As of 10:17:10."
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_message_is_short_names_nobody_and_blames_nobody(language: str) -> None:
    for t in walk_out("团队🎧" * 16):
        message = describe(t, language)
        assert len(message.text) <= LONGEST
        assert "-0" not in message.text.replace("10:0", "")
        assert not re.search(r"失控|fault|blame|lazy|escalat", message.text)
        assert "{" not in message.text
        assert messages(t)[language] == message


def test_evidence_is_json_in_a_fixed_order_and_names_stand_apart() -> None:
    found = walk_out()
    for t in found:
        assert orjson.loads(orjson.dumps(t.evidence)) == t.evidence
    raised = [t for t in found if t.detector != "cover" and t.to != "in_control"]
    assert list(raised[0].evidence) == [
        "k", "n", "unknown", "limit", "nudge_limit", "clear_limit", "usual", "movers", "window_s",
        "span_s", "drivers", "entry_states", "chance", "budget", "waiting", "oldest_wait_s",
        "ringing_calls", "free", "gate", "gate_reason", "in_peak", "local_time", "config",
    ]  # fmt: skip
    drivers = raised[0].evidence["drivers"]
    assert isinstance(drivers, list)
    assert len(drivers) == raised[0].evidence["movers"] == 6
    assert len({t.evidence["config"] for t in found}) == 1


def test_both_languages_have_the_same_keys_and_facts() -> None:
    assert ENGLISH.keys() == CHINESE.keys()
    for key, text in ENGLISH.items():
        assert set(SHARED.findall(text)) == set(SHARED.findall(CHINESE[key])), key


def test_another_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        describe(walk_out()[0], "fr")


def test_the_end_of_a_team_that_has_gone_home_says_so() -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.all_set(s(300), agents[:4], State.aux)
    floor.all_set(s(400), agents, State.offline)
    cleared = next(t for t in run(floor, spec(), m(20)) if t.to == "in_control")
    assert describe(cleared, "en").title == "red: shift over"
    assert describe(cleared, "en").text == (
        "[OK again] red: shift over, ended automatically. Nothing to do. As of 10:07:40."
    )
    assert "已下班,自动结束。" in describe(cleared, "zh").text
