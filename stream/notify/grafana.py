"""Grafana's HTTP API: pushes dashboards from files, and marks alerts as annotations.

It uses only calls that work with every Grafana from 10 to 13: `dashboards/db`, folders, and the
creation of annotations. A dashboard is read before it is changed.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace

from stream.errors import ConfigurationError, FloorwatchError, ServiceError
from stream.failpoints import failpoint
from stream.notify.bounded import ANSWER_BYTES_MAX, BOARD_BYTES_MAX, BoundedAdapter
from stream.notify.notice import Notice, Status
from stream.notify.sink import MessageRate, SendResult, SendStatus, SinkSpec
from stream.units import parse_instant_ms

OWN: Final = ("id", "version")
"""Fields that Grafana itself adds to a dashboard."""
FOLDER: Final = "floorwatch"


class Change(StrEnum):
    """What a push does to a dashboard."""

    new = "new"
    changed = "changed"
    unchanged = "unchanged"


@dataclass(frozen=True, slots=True)
class BoardStep:
    """The push of one dashboard."""

    uid: str
    change: Change
    diff: str
    """The lines that differ, as in `diff -u`; empty for a new dashboard."""


class GrafanaClient:
    """One Grafana.

    Args:
        url: its address, with the path if it is served under one.
        token: of a service account that may write dashboards and folders.
        timeout_s: of one request, in seconds.
        bytes_max: of one answer.
    """

    def __init__(
        self, url: str, token: str, timeout_s: float, bytes_max: int = BOARD_BYTES_MAX
    ) -> None:
        parts = urlsplit(url)
        path = parts.path.strip("/")
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._url = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"
        self._face = GrafanaFace(
            token,
            host=host,
            port=parts.port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=(timeout_s / 2, timeout_s / 2),  # to connect, and to reply
        )
        self._face.api.s.mount(f"{parts.scheme}://", BoundedAdapter(bytes_max, timeout_s / 2))
        # A redirect turns POST into GET: Grafana would reply, and write nothing.
        self._face.api.s.max_redirects = 0

    def plan(self, boards: Sequence[Mapping[str, Any]]) -> list[BoardStep]:
        """What a push of these dashboards would do.

        Raises:
            FloorwatchError: see `push`.
        """
        return [self._step(board, self._read(board["uid"])) for board in boards]

    def push(self, boards: Sequence[Mapping[str, Any]], folder: str) -> list[BoardStep]:
        """Write these dashboards into a folder; unchanged ones are not written.

        Raises:
            ConfigurationError: the token is invalid, or lacks permission.
            ServiceError: Grafana is unavailable, or fails.
            FloorwatchError: a dashboard was changed meanwhile, or Grafana rejects it.
        """
        steps = []
        for board in boards:
            found = self._read(board["uid"])
            step = self._step(board, found)
            steps.append(step)
            if step.change is Change.unchanged:
                continue
            if len([one for one in steps if one.change is not Change.unchanged]) == 1:
                self._create_folder(folder)
            version = 0 if found is None else found["dashboard"].get("version", 0)
            document = {**board, "id": None, "version": version}
            body = {
                "dashboard": document,
                "folderUid": FOLDER,
                "message": "floorwatch grafana push",
                # Do not overwrite a dashboard that somebody changed since it was read.
                "overwrite": False,
            }
            self._call("dashboards/db", self._face.dashboard.update_dashboard, body)
        return steps

    def annotate(self, at_ms: int, until_ms: int | None, tags: Sequence[str], text: str) -> None:
        """Mark an instant, or a period, on all dashboards that query one of these tags.

        Raises:
            FloorwatchError: see `push`.
        """
        self._call(
            "annotations",
            self._face.annotations.add_annotation,
            time_from=at_ms,
            time_to=until_ms if until_ms is not None else at_ms,
            tags=list(tags),
            text=text,
        )

    # ------------------------------------------------------------------------------ calls

    def _read(self, uid: str) -> Mapping[str, Any] | None:
        """A dashboard with its metadata; None if it does not exist."""
        try:
            found: Mapping[str, Any] = self._face.dashboard.get_dashboard(uid)
        except GrafanaClientError as error:
            # Grafana says so in JSON; any other HTTP server has no such page either.
            if error.status_code == requests.codes.not_found and isinstance(error.response, dict):
                return None
            raise self._translated("dashboards", error) from None
        except (GrafanaException, requests.RequestException, ValueError) as error:
            raise self._translated("dashboards", error) from None
        if not isinstance(found, dict) or "dashboard" not in found:
            raise self._no_grafana()
        return found

    def _no_grafana(self) -> ConfigurationError:
        return ConfigurationError(
            f"the server at {self._url} is not Grafana; is the path missing under which Grafana is "
            "served?"
        )

    def _step(self, board: Mapping[str, Any], found: Mapping[str, Any] | None) -> BoardStep:
        if found is None:
            return BoardStep(board["uid"], Change.new, "")
        before, after = _text(found["dashboard"]), _text(board)
        folder = found.get("meta", {}).get("folderUid", FOLDER)
        moved = [] if folder == FOLDER else [f"-folder: {folder}", f"+folder: {FOLDER}"]
        if before == after and not moved:
            return BoardStep(board["uid"], Change.unchanged, "")
        lines = unified_diff(
            before.splitlines(), after.splitlines(), "in Grafana", "here", lineterm="", n=2
        )
        return BoardStep(board["uid"], Change.changed, "\n".join([*moved, *lines]))

    def _create_folder(self, title: str) -> None:
        try:
            self._face.folder.create_folder(title, FOLDER)
        except GrafanaClientError as error:
            # It exists: 409 (up to Grafana 9 too), 412 if the title is taken.
            if error.status_code not in (
                requests.codes.conflict,
                requests.codes.precondition_failed,
            ):
                raise self._translated("folders", error) from None
            self._check_folder(title)
        except (GrafanaException, requests.RequestException, ValueError) as error:
            raise self._translated("folders", error) from None

    def _check_folder(self, title: str) -> None:
        try:
            self._face.folder.get_folder(FOLDER)
        except GrafanaClientError as error:
            if error.status_code != requests.codes.not_found:
                raise self._translated("folders", error) from None
            raise FloorwatchError(
                f"Grafana at {self._url} has a folder '{title}' of another origin (its uid is not "
                f"'{FOLDER}'); rename it, or choose another title with --folder"
            ) from None

    def _call(self, what: str, call: Any, *arguments: Any, **more: Any) -> None:  # noqa: ANN401
        try:
            call(*arguments, **more)
        except (GrafanaException, requests.RequestException, ValueError) as error:
            raise self._translated(what, error) from None

    def _translated(self, what: str, error: Exception) -> FloorwatchError:
        """The error for the user; it contains neither a token nor a path."""
        if isinstance(error, GrafanaException):
            return self._rejected(what, error)
        if isinstance(error, requests.Timeout):
            return ServiceError(f"Grafana at {self._url} did not reply to {what} in time")
        if isinstance(error, requests.TooManyRedirects):
            return ConfigurationError(
                f"Grafana at {self._url} redirects; set the address that it redirects to "
                "(https instead of http, with its path)"
            )
        if isinstance(error, requests.exceptions.SSLError):
            return ServiceError(f"Grafana at {self._url} has no trusted certificate")
        if isinstance(error, requests.ConnectionError):
            return ServiceError(f"Grafana at {self._url} cannot be reached")
        return self._no_grafana()

    def _rejected(self, what: str, error: GrafanaException) -> FloorwatchError:
        code = error.status_code
        if code == requests.codes.not_found and not isinstance(error.response, dict):
            return self._no_grafana()
        if code == requests.codes.unauthorized:
            return ConfigurationError(
                f"Grafana at {self._url} does not accept the token; create one for a service "
                "account with the role Editor (Administration, Service accounts)"
            )
        if code == requests.codes.forbidden:
            return ConfigurationError(
                f"Grafana at {self._url} does not let this token write {what}; it needs the role "
                "Editor"
            )
        if code == requests.codes.precondition_failed:
            return FloorwatchError(
                f"a dashboard was changed in Grafana at {self._url} during the push, or its title "
                "is taken in the folder; check with --dry-run and push again"
            )
        if code >= requests.codes.server_error:
            return ServiceError(f"Grafana at {self._url} fails at {what}: status {code}")
        return FloorwatchError(f"Grafana at {self._url} rejects {what}: {error.message}")


def _text(board: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in board.items() if name not in OWN}
    return json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)


# ---------------------------------------------------------------------------------- annotations


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaSpec(SinkSpec):
    """A Grafana that shows alerts as annotations on its dashboards."""

    url: str
    token: str
    language: str


class GrafanaSender:
    """See `stream.notify.sink.Sender`: a step is an annotation, an end one from the alert's start.

    A step that is sent again because a reply was lost appears twice.
    """

    rate_limit: MessageRate = MessageRate(10, 1.0)
    concurrency = 1

    def __init__(self, spec: GrafanaSpec) -> None:
        self.spec = spec
        self._client = GrafanaClient(
            spec.url, spec.token, spec.timeout_ms / 1_000, ANSWER_BYTES_MAX
        )

    def batch_size(self, _notices: Iterable[Notice]) -> int:
        """One: an annotation is one step."""
        return 1

    async def send(self, notices: Sequence[Notice]) -> SendResult:
        """Mark the first notice."""
        document = orjson.loads(notices[0].body)
        place = [document[name] for name in ("floor", "pool", "team") if document[name]]
        tags = ["floorwatch", document["detector"], document["severity"], *place]
        at_ms, until_ms = parse_instant_ms(document["at"]), None
        if notices[0].status is Status.resolved:
            at_ms, until_ms = parse_instant_ms(document["starts_at"]), at_ms
        language = self.spec.language
        text = document.get("titles", {}).get(language, document["texts"][language])
        try:
            with failpoint("page"):
                await asyncio.to_thread(self._client.annotate, at_ms, until_ms, tags, text)
        except ServiceError as error:
            return SendResult(SendStatus.unavailable, str(error))
        except FloorwatchError as error:
            return SendResult(SendStatus.rejected, str(error))
        return SendResult(SendStatus.delivered)
