"""The boards for Grafana: what can be proven of them without one."""

import json
import re
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.__main__ import BOARDS_FOLDER
from dashboards.boards import BOARDS
from dashboards.files import texts
from dashboards.model import LANGUAGES, NO_DATA, Colour, Kind, Panel, Row, Unit
from dashboards.palette import VERDICTS
from dashboards.queries import QUERIES
from dashboards.render import uid_of
from stream.control.model import Verdict
from tests.components import ROOT
from tests.dashboards.promql import complaints, grouped, labels_of, selectors

register_default_plugins()  # else the options of panels are taken as they are
CORE = {"stat", "table", "timeseries", "state-timeline", "bargauge", "row"}
FILES = texts(BOARDS)
DOCUMENTS: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in FILES.items()}
PANELS = [
    pytest.param(board, panel, id=f"{board.name}: {panel.title.en}")
    for board in BOARDS
    for panel in board.panels
    if isinstance(panel, Panel)
]


def panels_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in document["panels"] if panel["type"] != "row"]


# ---------------------------------------------------------------------------------- the files


def test_what_is_committed_is_what_the_builder_makes() -> None:
    committed = {
        str(path.relative_to(BOARDS_FOLDER)): path.read_text(encoding="utf-8")
        for path in BOARDS_FOLDER.rglob("*.json")
    }
    assert committed.keys() == FILES.keys()
    stale = [name for name, text in FILES.items() if committed[name] != text]
    assert stale == [], "run: python -m dashboards"


@pytest.mark.parametrize("name", FILES)
def test_grafanas_own_schema_knows_every_key(name: str) -> None:
    document = DOCUMENTS[name]
    again = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(document)))
    for link in again["links"]:
        link.pop("placement", None)
    assert again == document


def test_grafanas_schema_would_drop_a_key_that_is_misspelt() -> None:
    document = json.loads(FILES["en/floorwatch-wallboard.json"])
    document["panels"][0]["options"]["grahpMode"] = "none"
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(document)))
    assert "grahpMode" not in again["panels"][0]["options"]


@pytest.mark.parametrize("name", FILES)
def test_a_board_can_be_provisioned(name: str) -> None:
    document = DOCUMENTS[name]
    assert document["schemaVersion"] == 39
    assert document["editable"] is False
    assert len(document["uid"]) <= 40
    assert "id" not in document
    assert not {"__inputs", "__requires"} & document.keys()
    numbers = [panel["id"] for panel in document["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in document["panels"]:
        assert panel["type"] in CORE
    for panel in panels_of(document):
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"]
    refs = [[target["refId"] for target in panel["targets"]] for panel in panels_of(document)]
    assert all(len(each) == len(set(each)) for each in refs)


@pytest.mark.parametrize("name", FILES)
def test_panels_do_not_overlap_on_the_grid(name: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DOCUMENTS[name]["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, f"{panel['title']} over {taken.get((x, y))}"
                taken[x, y] = panel["title"]


def test_the_wallboard_fits_one_screen_without_scrolling() -> None:
    [board] = [board for board in BOARDS if board.name == "wallboard"]
    # 1080 lines: a row of the grid takes 30, and 8 between.
    lowest = max(panel.place.y + panel.place.height for panel in board.panels)  # type: ignore[union-attr]
    assert lowest * 38 <= 1_080
    assert len(board.panels) <= 12


@pytest.mark.parametrize("name", FILES)
def test_every_link_leads_to_a_board_of_the_same_language(name: str) -> None:
    uids = {document["uid"] for document in DOCUMENTS.values()}
    own = {
        one["uid"]
        for at, one in DOCUMENTS.items()
        if at.split("/")[0] == name.split("/", maxsplit=1)[0]
    }
    linked = re.findall(r"/d/([\w-]+)", FILES[name])
    assert linked
    assert set(linked) <= own <= uids


def test_rules_link_to_boards_that_are_there() -> None:
    uids = {document["uid"] for document in DOCUMENTS.values()}
    for path in (ROOT / "dashboards" / "rules").glob("*.yml"):
        linked = re.findall(r"/d/([\w-]+)", path.read_text(encoding="utf-8"))
        assert set(linked) <= uids


@pytest.mark.parametrize("name", FILES)
def test_links_hand_on_only_variables_that_the_other_board_has(name: str) -> None:
    variables = {
        document["uid"]: {one["name"] for one in document["templating"]["list"]}
        for document in DOCUMENTS.values()
    }
    for uid, query in re.findall(r"/d/([\w-]+)\?([^\"]*)", FILES[name]):
        assert set(re.findall(r"var-(\w+)=", query)) <= variables[uid]


@pytest.mark.parametrize("name", FILES)
def test_a_board_has_every_variable_that_it_asks_for(name: str) -> None:
    """Grafana leaves one that it does not know as it stands, and nothing is found."""
    known = {one["name"] for one in DOCUMENTS[name]["templating"]["list"]}
    assert set(re.findall(r"\$\{?([a-z]\w+)", FILES[name])) <= known


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_board_of_one_team_shows_one(language: str) -> None:
    text = FILES[f"{language}/{uid_of('team', language)}.json"]
    [team] = [one for one in json.loads(text)["templating"]["list"] if one["name"] == "team"]
    assert (team["multi"], team["includeAll"]) == (False, False)


# ---------------------------------------------------------------------------------- the words


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_says_for_whom_it_is_in_both_languages(board: object, panel: Panel) -> None:
    assert panel.title.en
    assert panel.title.zh
    assert panel.description.en.startswith("For "), panel.description.en
    assert panel.description.zh.startswith("给"), panel.description.zh
    assert len(panel.description.en) > 60
    assert re.search(r"[一-鿿]", panel.description.zh)
    assert not re.search(r"失控", panel.description.zh + panel.title.zh)


def test_nothing_is_said_twice_under_one_name() -> None:
    for board in BOARDS:
        titles = [panel.title.en for panel in board.panels]
        assert len(titles) == len(set(titles))


def test_the_wall_shows_no_raw_coefficient_of_variation() -> None:
    assert "dispersion_cv" not in FILES["en/floorwatch-wallboard.json"]


def test_no_board_asks_for_persons() -> None:
    for text in FILES.values():
        assert not re.search(r"\bagent=|by \([^)]*\bagent\b", text)


# ---------------------------------------------------------------------------------- the looks


@pytest.mark.parametrize("name", FILES)
def test_colours_are_those_of_one_palette(name: str) -> None:
    used = set(re.findall(r"#[0-9A-Fa-f]{6}\b", FILES[name]))
    assert used <= {colour.value for colour in Colour}


def test_every_verdict_has_a_number_a_word_and_a_shape_of_its_own() -> None:
    assert {state for state, _ in VERDICTS.values()} == {verdict.value for verdict in Verdict}
    words = [word.text for _, word in VERDICTS.values()]
    assert len({text.en for text in words}) == len({text.zh for text in words}) == len(Verdict)
    shapes = [text.en.split()[0] for text in words]
    assert len(set(shapes)) == len(shapes)
    assert all(not shape.isalnum() for shape in shapes)


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_that_is_often_empty_says_why_and_not_that_data_are_missing(
    board: object, panel: Panel
) -> None:
    if all(target.query.sparse for target in panel.targets):
        assert panel.empty != NO_DATA


@pytest.mark.parametrize("name", FILES)
def test_what_a_panel_says_when_it_is_empty_stands_in_its_file(name: str) -> None:
    language, _, file = name.partition("/")
    [board] = [one for one in BOARDS if f"/{uid_of(one.name, language)}." in f"/{file}"]
    panels = [panel for panel in board.panels if isinstance(panel, Panel)]
    for panel, shown in zip(panels, panels_of(DOCUMENTS[name]), strict=True):
        assert shown["title"] == panel.title.of(language)
        assert shown["fieldConfig"]["defaults"]["noValue"] == panel.empty.of(language)


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_has_the_unit_of_its_queries(board: object, panel: Panel) -> None:
    for target in panel.targets:
        of_panel = target.query.unit in (panel.unit, Unit.number) or panel.kind is Kind.table
        assert of_panel, f"{target.query.name} is written as {panel.unit}"


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_what_changes_colour_also_has_a_word_or_a_number(board: object, panel: Panel) -> None:
    if panel.kind is Kind.timeline:
        assert panel.words
    assert all(word.text.en and word.text.zh for word in panel.words.values())


# ---------------------------------------------------------------------------------- the queries


def records() -> dict[str, set[str]]:
    """Names of recording rules, and the labels by which they are summed."""
    path = ROOT / "dashboards" / "rules" / "recording.yml"
    found = {}
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            found[rule["record"]] = grouped(rule["expr"]) | {"job", "instance"}
    return found


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_a_query_asks_for_what_is_exported(query: Any) -> None:
    assert complaints(query.expr, {}) == []


def test_a_query_for_what_nobody_exports_would_be_noticed() -> None:
    for wrong in (
        "floorwatch_team_agnts",
        'floorwatch_team_agents{stat="aux"}',
        'floorwatch_team_agents{state="pause"}',
        "floorwatch_events_total",
    ):
        assert complaints(wrong, {}) != [], wrong


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_a_query_groups_by_labels_that_its_metrics_have(query: Any) -> None:
    known = {"instance", "job"}
    for selector in selectors(query.expr):
        known |= labels_of(selector.name, {}) or set()
    assert grouped(query.expr) <= known
    assert set(query.labels) <= known


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_rates_are_taken_over_the_interval_that_fits_the_scrapes(query: Any) -> None:
    for interval in re.findall(r"rate\([^\[]*\[([^\]]+)\]", query.expr):
        assert interval == "$__rate_interval"


def test_every_query_of_the_list_stands_on_a_board_and_no_board_has_another() -> None:
    used = {
        target.query.name
        for board in BOARDS
        for panel in board.panels
        if not isinstance(panel, Row)
        for target in panel.targets
    }
    used |= {mark.query.name for board in BOARDS for mark in board.marks}
    names = [query.name for query in QUERIES]
    assert len(names) == len(set(names))
    assert used == set(names)


def test_every_expression_of_a_rule_asks_for_what_is_exported() -> None:
    known = records()
    for path in sorted((ROOT / "dashboards" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                assert complaints(rule["expr"], known) == [], rule


def test_boards_exist_in_every_language() -> None:
    for language in LANGUAGES:
        assert len([name for name in FILES if name.startswith(f"{language}/")]) == len(BOARDS)
