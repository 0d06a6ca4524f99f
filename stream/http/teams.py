"""`/api/v1/floors/{floor}/teams` and `/teams/{team}`: figures and verdicts of teams."""

from typing import Final

from aiohttp import web

from stream.http.api import API, FLOOR, error_answer, json_answer
from stream.http.documents import team_document
from stream.http.pages import TURNS, documents, page_of
from stream.render.view_fields import TeamView, ViewKey, ViewKind

routes: Final = web.RouteTableDef()


@routes.get(f"{FLOOR}/teams")
async def list_teams(request: web.Request) -> web.Response:
    """The teams of a floor, by name, in pages."""
    api, floor = request.app[API], request.match_info["floor"]
    async with request.app[TURNS]:
        names = [team for one, team in await api.reader.teams() if one == floor]
        if not names:
            return error_answer(404, "unknown_floor", f"no team of floor '{floor}' is known")
        page = page_of(names, request)
        keys = [ViewKey(ViewKind.team, floor, name) for name in page.names]
        found, now_ms = await api.reader.read(keys), api.now_ms()
        views = (TeamView(floor, key.name, found[key]) for key in keys if key in found)
        teams = await documents(views, lambda view: team_document(view, now_ms))
        return json_answer({"floor": floor, "teams": teams, "next": page.next})


@routes.get(f"{FLOOR}/teams/{{team:[^/]+}}")
async def get_team(request: web.Request) -> web.Response:
    """One team."""
    api, floor = request.app[API], request.match_info["floor"]
    key = ViewKey(ViewKind.team, floor, request.match_info["team"])
    texts = (await api.reader.read([key])).get(key)
    if texts is None:
        return error_answer(404, "unknown_team", f"floor '{floor}' has no team '{key.name}'")
    return json_answer(team_document(TeamView(floor, key.name, texts), api.now_ms()))
