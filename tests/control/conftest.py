"""The two added detectors."""

import pytest

from stream.control import detectors
from tests.control.idle import Idle
from tests.control.ringing import Ringing


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registration: one place each, through the check that the lists pass at import."""
    monkeypatch.setattr(
        detectors, "POOL_DETECTORS", detectors.checked(*detectors.POOL_DETECTORS, Idle())
    )
    monkeypatch.setattr(
        detectors, "TEAM_DETECTORS", detectors.checked(*detectors.TEAM_DETECTORS, Ringing())
    )
