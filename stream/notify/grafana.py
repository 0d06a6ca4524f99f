"""Grafana by its HTTP API: boards pushed from files, and alerts as annotations.

Of the client library only three calls are used, which work with every Grafana from 10 to 13:
`dashboards/db`, folders, and the creation of annotations; and a board is read before it is changed.
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
from stream.notify.notice import Notice, Status
from stream.notify.sink import Answer, Pace, Refusal, SinkSpec
from stream.units import parse_instant_ms

OWN: Final = ("id", "version")
"""What Grafana itself puts into a board."""
FOLDER: Final = "floorwatch"


class Fate(StrEnum):
    """What a push does to a board."""

    new = "new"
    changed = "changed"
    unchanged = "unchanged"


@dataclass(frozen=True, slots=True)
class BoardStep:
    """One board of a push."""

    uid: str
    fate: Fate
    diff: str
    """Lines that differ, as `diff -u` writes them; empty for a new board."""


class GrafanaClient:
    """One Grafana.

    Args:
        url: its own address, with a path where it is served under one.
        token: of a service account that may write boards and folders.
        timeout_s: of one request.
    """

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
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
            timeout=(timeout_s / 2, timeout_s / 2),  # to connect, and to answer
        )
        # After a redirect a POST is sent as GET, which Grafana answers, and nothing is written.
        self._face.api.s.max_redirects = 0

    def plan(self, boards: Sequence[Mapping[str, Any]]) -> list[BoardStep]:
        """What a push of these boards would do.

        Raises:
            FloorwatchError: see `push`.
        """
        return [self._step(board, self._read(board["uid"])) for board in boards]

    def push(self, boards: Sequence[Mapping[str, Any]], folder: str) -> list[BoardStep]:
        """Put these boards into a folder; what is there already as it is stays untouched.

        Raises:
            ConfigurationError: the token is not accepted, or may not do this.
            ServiceError: Grafana is not there, or fails.
            FloorwatchError: a board was changed meanwhile, or Grafana refuses it.
        """
        steps = []
        for board in boards:
            found = self._read(board["uid"])
            step = self._step(board, found)
            steps.append(step)
            if step.fate is Fate.unchanged:
                continue
            if len([one for one in steps if one.fate is not Fate.unchanged]) == 1:
                self._make_folder(folder)
            version = 0 if found is None else found["dashboard"].get("version", 0)
            document = {**board, "id": None, "version": version}
            body = {
                "dashboard": document,
                "folderUid": FOLDER,
                "message": "floorwatch grafana push",
                # A board that somebody changed since it was read is not overwritten.
                "overwrite": False,
            }
            self._call("dashboards/db", self._face.dashboard.update_dashboard, body)
        return steps

    def annotate(self, at_ms: int, until_ms: int | None, tags: Sequence[str], text: str) -> None:
        """Mark an instant, or a time, on all boards that ask for one of these tags.

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
        """A board with what Grafana says of it; None: there is none."""
        try:
            found: Mapping[str, Any] = self._face.dashboard.get_dashboard(uid)
        except GrafanaClientError as error:
            # Grafana says so in JSON; any other server of HTTP has no such page either.
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
            f"what answers at {self._url} is no Grafana; is the path missing under which it is?"
        )

    def _step(self, board: Mapping[str, Any], found: Mapping[str, Any] | None) -> BoardStep:
        if found is None:
            return BoardStep(board["uid"], Fate.new, "")
        before, after = _text(found["dashboard"]), _text(board)
        folder = found.get("meta", {}).get("folderUid", FOLDER)
        moved = [] if folder == FOLDER else [f"-folder: {folder}", f"+folder: {FOLDER}"]
        if before == after and not moved:
            return BoardStep(board["uid"], Fate.unchanged, "")
        lines = unified_diff(
            before.splitlines(), after.splitlines(), "in Grafana", "here", lineterm="", n=2
        )
        return BoardStep(board["uid"], Fate.changed, "\n".join([*moved, *lines]))

    def _make_folder(self, title: str) -> None:
        try:
            self._face.folder.create_folder(title, FOLDER)
        except GrafanaClientError as error:
            # It is there already: 409 (up to Grafana 9 too), 412 where the title is taken.
            if error.status_code not in (
                requests.codes.conflict,
                requests.codes.precondition_failed,
            ):
                raise self._translated("folders", error) from None
            self._has_folder(title)
        except (GrafanaException, requests.RequestException, ValueError) as error:
            raise self._translated("folders", error) from None

    def _has_folder(self, title: str) -> None:
        try:
            self._face.folder.get_folder(FOLDER)
        except GrafanaClientError as error:
            if error.status_code != requests.codes.not_found:
                raise self._translated("folders", error) from None
            raise FloorwatchError(
                f"Grafana at {self._url} has a folder '{title}' that is not ours (its uid is not "
                f"'{FOLDER}'); rename it, or name another with --folder"
            ) from None

    def _call(self, what: str, call: Any, *arguments: Any, **more: Any) -> None:  # noqa: ANN401
        try:
            call(*arguments, **more)
        except (GrafanaException, requests.RequestException, ValueError) as error:
            raise self._translated(what, error) from None

    def _translated(self, what: str, error: Exception) -> FloorwatchError:
        """An error in our words; neither a token nor a path stands in it."""
        if isinstance(error, GrafanaException):
            return self._refused(what, error)
        if isinstance(error, requests.Timeout):
            return ServiceError(f"Grafana at {self._url} gave no answer to {what} in time")
        if isinstance(error, requests.TooManyRedirects):
            return ConfigurationError(
                f"Grafana at {self._url} sends elsewhere; give the address where it is itself "
                "(https instead of http, with its path)"
            )
        if isinstance(error, requests.exceptions.SSLError):
            return ServiceError(f"Grafana at {self._url} has no certificate that is trusted here")
        if isinstance(error, requests.ConnectionError):
            return ServiceError(f"Grafana at {self._url} is not there: it cannot be reached")
        return self._no_grafana()

    def _refused(self, what: str, error: GrafanaException) -> FloorwatchError:
        code = error.status_code
        if code == requests.codes.not_found and not isinstance(error.response, dict):
            return self._no_grafana()
        if code == requests.codes.unauthorized:
            return ConfigurationError(
                f"Grafana at {self._url} does not accept the token; make one for a service "
                "account with the role Editor (Administration, Service accounts)"
            )
        if code == requests.codes.forbidden:
            return ConfigurationError(
                f"Grafana at {self._url} does not let this token write {what}; it needs the role "
                "Editor"
            )
        if code == requests.codes.precondition_failed:
            return FloorwatchError(
                f"a board was changed in Grafana at {self._url} while it was pushed, or its title "
                "is taken in the folder; look with --dry-run and push again"
            )
        if code >= requests.codes.server_error:
            return ServiceError(f"Grafana at {self._url} fails at {what}: status {code}")
        return FloorwatchError(f"Grafana at {self._url} refuses {what}: {error.message}")


def _text(board: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in board.items() if name not in OWN}
    return json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)


# ---------------------------------------------------------------------------------- annotations


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaSpec(SinkSpec):
    """A Grafana that marks alerts on its boards."""

    url: str
    token: str
    language: str


class GrafanaSender:
    """See `stream.notify.sink.Sender`: each step is an annotation, an end one from its beginning.

    What is sent a second time because a reply was lost stands there twice.
    """

    pace: Pace = Pace(10, 1.0)
    at_once = 1

    def __init__(self, spec: GrafanaSpec) -> None:
        self.spec = spec
        self._client = GrafanaClient(spec.url, spec.token, spec.timeout_ms / 1_000)

    def fitting(self, _notices: Iterable[Notice]) -> int:
        """One step an annotation."""
        return 1

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Mark the first."""
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
            return Answer(Refusal.away, str(error))
        except FloorwatchError as error:
            return Answer(Refusal.refused, str(error))
        return Answer(Refusal.none)
