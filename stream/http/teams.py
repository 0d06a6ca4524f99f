"""`/api/v1/floors/{floor}/teams` and `/teams/{team}`: figures and verdicts of teams."""

from typing import Final

from aiohttp import web

from stream.http.api import API, FLOOR, Api, error_answer, json_answer
from stream.http.documents import team_document
from stream.render.view_fields import TeamView, ViewKey, ViewKind

routes: Final = web.RouteTableDef()


@routes.get(f"{FLOOR}/teams")
async def list_teams(request: web.Request) -> web.Response:
    """All teams of a floor, by name."""
    api, floor = request.app[API], request.match_info["floor"]
    teams = await read_teams(api, floor)
    if teams is None:
        return unknown_floor(floor)
    now_ms = api.now_ms()
    return json_answer({"floor": floor, "teams": [team_document(one, now_ms) for one in teams]})


async def read_teams(api: Api, floor: str) -> list[TeamView] | None:
    """The views of all teams of a floor, by name; None: the floor is unknown.

    Raises:
        ServiceError: the store is unavailable.
    """
    names = sorted(team for one, team in await api.reader.teams() if one == floor)
    keys = [ViewKey(ViewKind.team, floor, name) for name in names]
    if not keys:
        return None
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
