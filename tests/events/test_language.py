"""Of each agent state it is written here in which sets it stands: who adds one decides it."""

from stream.events.language import PAID, SERVING, STAFFED, WORKING, State
from stream.spec import RATIOS

RATIO = {ratio.name: ratio for ratio in RATIOS}
SETS = {
    "staffed": STAFFED,
    "paid": PAID,
    "serving": SERVING,
    "working": WORKING,
    "slack": RATIO["slack_rate"].numerator,
    "busy": RATIO["occupancy"].numerator,
}
WORDS = {
    State.available: "staffed paid serving working slack",
    State.ringing: "staffed paid serving working busy",
    State.dialing: "staffed paid serving working busy",
    State.talking: "staffed paid serving working busy",
    State.hold: "staffed paid serving working busy",
    State.acw: "staffed paid serving working busy",
    State.other_work: "staffed paid working",
    State.aux: "staffed paid slack",
    State.meal: "staffed",
    State.training: "staffed paid slack",
    State.meeting: "staffed paid slack",
    State.system_aux: "staffed paid",
    State.unknown: "",
    State.offline: "",
}


def test_of_equal_times_no_state_wins_over_unknown_and_offline() -> None:
    assert list(State)[-2:] == [State.unknown, State.offline]


def test_each_state_stands_in_the_sets_that_are_written_here() -> None:
    found = {
        state: " ".join(name for name, members in SETS.items() if state in members)
        for state in State
    }
    assert found == WORDS
