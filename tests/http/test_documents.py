from stream.http.documents import team_document
from stream.render.view_fields import TeamView
from stream.units import rfc3339
from tests.render.factory import AS_OF_MS


def test_a_document_has_numbers_as_numbers_and_detectors_and_windows_together() -> None:
    view = {
        "as_of": rfc3339(AS_OF_MS),
        "pool": "main",
        "verdict": "watch",
        "staffed": "15",
        "agents:aux": "7",
        "seconds:aux:5m": "300.250",
        "aux_rate:5m": "0.466667",
        "aux_rate_members:5m": "15",
        "control:share": "out_of_control",
        "alert:share": "page",
        "statistic:share": "7",
        "limit:share": "6.5e-05",
    }
    assert team_document(TeamView("f", "t", view), AS_OF_MS) == {
        "floor": "f",
        "team": "t",
        "pool": "main",
        "as_of": "2026-03-02T02:43:12.000Z",
        "age_s": 0.0,
        "stale": False,
        "verdict": "watch",
        "staffed": 15,
        "agents": {"aux": 7},
        "windows": {
            "5m": {"seconds": {"aux": 300.25}, "aux_rate": 0.466667, "aux_rate_members": 15}
        },
        "detectors": {
            "share": {
                "state": "out_of_control",
                "severity": "page",
                "statistic": 7,
                "limit": 6.5e-05,
            }
        },
    }


def test_fields_that_somebody_edited_are_left_out() -> None:
    view = {
        "as_of": "soon",
        "staffed": "many",
        "agents:aux": "",
        "aux_rate:5m": "high",
        "talk_s:5m": "1",
    }
    document = team_document(TeamView("f", "t", view), AS_OF_MS)
    assert document == {
        "floor": "f",
        "team": "t",
        "as_of": "soon",
        "age_s": None,
        "stale": False,
        "agents": {},
        "windows": {"5m": {"talk_s": 1}},
        "detectors": {},
    }
