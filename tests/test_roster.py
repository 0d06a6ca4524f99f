"""The roster: who belongs to which team when, and what a wrong line is told."""

import pytest

from stream.errors import ConfigurationError
from stream.roster import NO_ROSTER, Roster, parse_roster
from stream.units import NEVER_MS, rfc3339

MONDAY_MS = 1_772_409_600_000
"""2026-03-02T00:00:00Z."""
MOVES = """agent,team,name,pool,from,to
ann,blue,Ann Lee,sales,2026-03-02T00:00:00Z,2026-03-03T00:00:00Z
ann,red,,care,2026-03-03T08:00:00+08:00,2026-03-04T00:00:00Z
ann,blue,,,2026-03-05T00:00:00Z,
bob,red,,,,
"""
DAY_MS = 86_400_000


def parsed(text: str) -> Roster:
    return parse_roster(text, "roster.csv")


def complaint(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parsed(text)
    assert caught.value.exit_status == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("after_ms", "team"),
    [
        (-1, "unassigned"),
        (0, "blue"),
        (DAY_MS - 1, "blue"),
        (DAY_MS, "red"),
        (2 * DAY_MS - 1, "red"),
        (2 * DAY_MS, "unassigned"),
        (3 * DAY_MS - 1, "unassigned"),
        (3 * DAY_MS, "blue"),
        (4_000 * DAY_MS, "blue"),
    ],
)
def test_from_is_included_and_to_is_not(after_ms: int, team: str) -> None:
    assert parsed(MOVES).team_at("ann", MONDAY_MS + after_ms) == team


def test_lines_may_stand_in_any_order() -> None:
    head, *lines = MOVES.splitlines(keepends=True)
    assert parsed(head + "".join(reversed(lines))).assignments == parsed(MOVES).assignments


def test_without_dates_an_agent_is_in_one_team_for_ever() -> None:
    roster = parsed(MOVES)
    assert [roster.team_at("bob", t) for t in (-NEVER_MS, 0, NEVER_MS - 1)] == ["red"] * 3
    assert [roster.is_fixed(agent) for agent in ("ann", "bob", "nobody")] == [False, True, True]
    half = parsed("agent,team,to\nann,blue,2026-03-02T00:00:00Z\n")
    assert not half.is_fixed("ann")


def test_who_is_on_no_line_is_unassigned_and_a_team_without_pool_is_in_main() -> None:
    roster = parsed(MOVES)
    assert roster.team_at("nobody", MONDAY_MS) == "unassigned"
    assert [roster.pool_of(team) for team in ("blue", "red", "unassigned")] == [
        "sales", "care", "main",
    ]  # fmt: skip
    assert NO_ROSTER.team_at("ann", 0) == "unassigned"


def test_a_source_without_teams_names_its_own_team_and_pool() -> None:
    roster = Roster(fallback_team="bank", fallback_pool="desk")
    assert (roster.team_at("ann", 0), roster.pool_of("bank")) == ("bank", "desk")


def test_a_spreadsheets_file_is_read_with_mark_quotes_and_carriage_returns() -> None:
    roster = parsed(
        '\ufeffteam,agent,name\r\n"客服,一组",ann,"Lee, ""Ann"""\r\n\r\nred,☎👩\u200d💻,\r\n'
    )
    assert roster.team_at("ann", 0) == "客服,一组"
    assert roster.team_at("☎👩\u200d💻", 0) == "red"
    assert roster.display_names == {"ann": 'Lee, "Ann"'}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_capitals_spaces_and_blank_lines_make_no_difference(
    separator: str,
) -> None:
    text = "Agent , TEAM,Name\n ann ,red ,  Lee\n,,\n\nbob, blue,\n".replace(",", separator)
    roster = parsed(text)
    assert (roster.team_at("ann", 0), roster.team_at("bob", 0)) == ("red", "blue")
    assert roster.display_names == {"ann": "Lee"}
    assert set(roster.assignments) == {"ann", "bob"}


def test_times_of_a_line_with_a_zone_may_be_local() -> None:
    head = "agent,team,zone,from,to\n"
    berlin = parsed(
        head
        + "ann,red,Europe/Berlin,2026-03-28,2026-03-30\n"  # the clock changes on the 29th
        + "ann,blue,Europe/Berlin,2026-03-30T08:00,2026-03-31T00:00:00Z\n"
    ).assignments["ann"]
    assert [rfc3339(at) for one in berlin for at in (one.from_ms, one.to_ms)] == [
        "2026-03-27T23:00:00.000Z",
        "2026-03-29T22:00:00.000Z",
        "2026-03-30T06:00:00.000Z",
        "2026-03-31T00:00:00.000Z",
    ]


def test_an_empty_roster_has_nobody() -> None:
    assert parsed("agent,team\n").assignments == {}


ALLOWED = "agent, team, name, pool, zone, shift, work_mode, from, to"
ID_RULE = "allowed: 1 to 128 bytes without '/' and without control characters"
TIME_RULE = "allowed: RFC 3339 with an offset, as 2026-03-02T08:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", f"line 1: column 'agent' is missing; allowed: {ALLOWED}"),
        ("agent\n", "line 1: column 'team' is missing"),
        ("agent,team,mood\n", f"line 1: unknown column 'mood'; allowed: {ALLOWED}"),
        ("agent,team,agent\n", "line 1: column 'agent' stands there twice"),
        ("agent,team\nann\n", "line 2: as many values as columns are needed"),
        ("agent,team\nann,blue,\n", "line 2: as many values as columns are needed"),
        ("agent,team\nann,\n", f"line 2: team ''; {ID_RULE}"),
        ("agent,team\nann,blue\na/b,blue\n", f"line 3: agent 'a/b'; {ID_RULE}"),
        ("agent,team\na\0b,blue\n", f"line 2: agent 'a\\x00b'; {ID_RULE}"),
        ("agent,team\n" + "☎" * 43 + ",blue\n", "line 2: agent '☎☎"),
        ("agent,team,pool\nann,blue,a/b\n", f"line 2: pool 'a/b'; {ID_RULE}"),
        ("agent,team,work_mode\nann,blue,moon\n", "line 2: work_mode 'moon'; allowed: on_site"),
        ("agent,team,from\nann,blue,2026-03-02\n", f"line 2: from '2026-03-02'; {TIME_RULE}"),
        ("agent,team,from\nann,blue,monday\n", f"line 2: from 'monday'; {TIME_RULE}"),
        ("agent,team,to\nann,blue,2026-03-02T08:00:00\n", f"to '2026-03-02T08:00:00'; {TIME_RULE}"),
        (
            "agent,team,from,to\nann,blue,2026-03-02T08:00:00Z,2026-03-02T16:00:00+08:00\n",
            "line 2: 'to' 2026-03-02T16:00:00+08:00 must be later than 'from' 2026-03-02T08:00",
        ),
        (
            "agent,team,zone,to\nann,blue,Asia/Shanghai,soon\n",
            "line 2: to 'soon'; allowed: RFC 3339, or a local date or time, as 2026-03-02T08:00",
        ),
        (
            "agent,team,zone\nann,blue,Nowhere/Nope\n",
            "line 2: zone 'Nowhere/Nope'; allowed: an IANA name, as Asia/Shanghai",
        ),
        ("agent,team,zone\nann,blue,/etc/localtime\n", "line 2: zone '/etc/localtime'"),
        ("agent|team\nann|blue\n", "separate columns by ',', not by '|'"),
        (
            "agent,team\nann,blue\nann,blue\n",
            "line 3: agent 'ann' is in team 'blue' by another line at the same time already",
        ),
        ('agent,team\nann,"blue\n', "line 2: unexpected end of data"),
    ],
)
def test_a_wrong_line_is_named_with_its_value_and_what_is_allowed(text: str, words: str) -> None:
    said = complaint(text)
    assert said.startswith("roster.csv")
    assert words in said


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (",", ","),
        ("2026-03-02T00:00:00Z,2026-03-03T00:00:00Z", "2026-03-02T23:59:59.999Z,"),
        (",2026-03-02T00:00:00Z", ",2026-03-01T00:00:00Z"),
    ],
)
def test_an_agent_in_two_teams_at_once_is_refused(first: str, second: str) -> None:
    said = complaint(f"agent,team,from,to\nann,blue,{first}\nbob,red,,\nann,red,{second}\n")
    assert "line 4: agent 'ann' is in 'blue' and 'red' at the same time" in said


def test_a_team_in_two_pools_is_refused() -> None:
    said = complaint("agent,team,pool\nann,blue,sales\nbob,blue,\ncleo,blue,care\n")
    assert said == "roster.csv, line 4: team 'blue' stands in pool 'sales' above, in 'care' here"
