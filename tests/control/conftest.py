"""The two added detectors."""

import pytest

from stream.control.detectors import registry
from tests.control.idle import Idle
from tests.control.ringing import Ringing


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registration: one place each, through the check that the lists pass at import."""
    monkeypatch.setattr(
        registry, "POOL_DETECTORS", registry.checked(*registry.POOL_DETECTORS, Idle())
    )
    monkeypatch.setattr(
        registry, "TEAM_DETECTORS", registry.checked(*registry.TEAM_DETECTORS, Ringing())
    )
