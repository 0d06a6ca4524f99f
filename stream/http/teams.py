"""`/api/v1/floors/{floor}/teams` and `/teams/{team}`: figures and verdicts of teams."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from stream.http.api import API, FLOOR, Api, error_answer, json_answer
from stream.http.documents import team_document
from stream.http.pages import TURNS, documents, page_of
from stream.render.view_fields import TeamView, ViewKey, ViewKind

routes: Final = web.RouteTableDef()


@routes.get(f"{FLOOR}/teams")
async def list_teams(request: web.Request) -> web.Response:
    """The teams of a floor, by name, in pages."""
    api, floor = request.app[API], request.match_info["floor"]
    async with request.app[TURNS]:
        page = page_of(await team_names(api, floor), request)
        teams = await read_teams(api, floor, page.names)
        if teams is None:
            return unknown_floor(floor)
        now_ms = api.now_ms()
        found = await documents(teams, lambda view: team_document(view, now_ms))
        return json_answer({"floor": floor, "teams": found, "next": page.next})


async def team_names(api: Api, floor: str) -> list[str]:
    """The teams of a floor that have a view, by name.

    Raises:
        ServiceError: the store is unavailable.
    """
    return sorted(team for one, team in await api.reader.teams() if one == floor)


async def read_teams(
    api: Api, floor: str, names: Sequence[str] | None = None
) -> list[TeamView] | None:
    """The views of all teams of a floor, or of these, by name; None: the floor is unknown.

    Raises:
        ServiceError: the store is unavailable.
    """
    known = await team_names(api, floor)
    if not known:
        return None
    keys = [ViewKey(ViewKind.team, floor, name) for name in (known if names is None else names)]
    found = await api.reader.read(keys)
    return [TeamView(floor, key.name, found[key]) for key in keys if key in found]


def unknown_floor(floor: str) -> web.Response:
    """The answer about a floor of which no team is known."""
    return error_answer(404, "unknown_floor", f"no team of floor '{floor}' is known")


@routes.get(f"{FLOOR}/teams/{{team:[^/]+}}")
async def get_team(request: web.Request) -> web.Response:
    """One team."""
    api, floor = request.app[API], request.match_info["floor"]
    key = ViewKey(ViewKind.team, floor, request.match_info["team"])
    texts = (await api.reader.read([key])).get(key)
    if texts is None:
        return error_answer(404, "unknown_team", f"floor '{floor}' has no team '{key.name}'")
    return json_answer(team_document(TeamView(floor, key.name, texts), api.now_ms()))
