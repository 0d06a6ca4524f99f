"""Two recorded months of a real call centre, replayed, against figures that others computed."""

import csv
from pathlib import Path

import pytest

from stream.reports.job import Job

AgentHour = tuple[str, str, int]


def truth(bank: Path, month: str) -> dict[AgentHour, tuple[int, int]]:
    """(busy seconds, calls started) of each agent, date and hour with a call."""
    with (bank / "truth" / "truth.csv").open() as file:
        return {
            (row["server"], row["date"], int(row["hour"])): (
                int(row["busy_seconds"]),
                int(row["calls_started"]),
            )
            for row in csv.DictReader(file)
            if row["month"] == month
        }


@pytest.mark.parametrize("month", ["january", "february"])
def test_talk_time_and_calls_of_every_agent_hour_are_the_truth(
    month: str, recorded_data: Path, tmp_path: Path
) -> None:
    bank = recorded_data / "anonymous_bank"
    job = Job(
        "anonymous-bank",
        (str(bank / f"{month}.txt.gz"),),
        tmp_path,
        window="1h",
        zone="Asia/Jerusalem",
    )
    job.run(lambda *_: None)

    expected = truth(bank, month)
    with (tmp_path / "agents.csv").open() as file:
        rows = list(csv.DictReader(file))
    counted: dict[AgentHour, tuple[int, int]] = {}
    for row in rows:
        talking = round(float(row["talking_s"]) * 1000)
        assert talking % 1000 == 0
        at = row["window_start"]
        counted[row["agent"], at[:10], int(at[11:13])] = talking // 1000, int(row["calls_started"])
    assert {key: value for key, value in counted.items() if value != (0, 0)} == expected
    last = rows[-1]["window_start"]
    sums = {
        sum(round(float(value) * 1000) for name, value in row.items() if name.endswith("_s"))
        for row in rows
        if row["window_start"] != last
    }
    assert sums == {3_600_000}
    assert (tmp_path / "rejected.jsonl").read_text() == ""
