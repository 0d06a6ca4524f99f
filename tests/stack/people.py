"""The people whom Alertmanager notifies: what each has read, and when."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Read:
    """One alert in one notification."""

    reader: str
    at_s: float
    status: str
    labels: dict[str, str]
    notes: dict[str, str]


@dataclass
class People:
    """The webhooks of deploy/alertmanager, as one server."""

    clock: Any
    read: list[Read] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """One notification."""
        document = await request.json()
        self.read += [
            Read(
                request.path.strip("/"),
                self.clock(),
                alert["status"],
                alert["labels"],
                alert["annotations"],
            )
            for alert in document["alerts"]
        ]
        return web.Response()

    def by(self, reader: str, status: str, **labels: str) -> list[Read]:
        """What one has read of alerts with these labels."""
        return [
            one
            for one in self.read
            if (one.reader, one.status) == (reader, status) and labels.items() <= one.labels.items()
        ]
