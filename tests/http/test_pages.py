"""Lists of thousands of teams or pools."""

from urllib.parse import quote

import pytest

from stream.render.view_fields import ViewKey, ViewKind
from tests.http.test_api import MemoryReader, World, path_of, serving_world


@pytest.mark.parametrize("kind", ["teams", "pools"])
async def test_a_long_list_comes_in_pages(kind: str) -> None:
    names = [f"n {at:04}" for at in range(2_500)]
    view = ViewKind.team if kind == "teams" else ViewKind.pool
    world = World(MemoryReader({ViewKey(view, "f", name): {"staffed": "1"} for name in names}))
    async with serving_world(world):
        found, path = [], path_of("f", kind=kind)
        after: str | None = ""
        while after is not None:
            status, answer = await world.json(f"{path}?after={quote(after)}")
            assert status == 200
            assert len(answer[kind]) <= 1_000
            found += [document[kind.removesuffix("s")] for document in answer[kind]]
            after = answer["next"]
        assert found == names
        _, first = await world.json(path)
        assert (len(first[kind]), first["next"]) == (1_000, "n 0999")
        _, few = await world.json(f"{path}?limit=2&after=n%200997")
        assert [document[kind.removesuffix("s")] for document in few[kind]] == names[998:1000]
        assert few["next"] == "n 0999"
        _, none = await world.json(f"{path}?after=o")
        assert (none[kind], none["next"]) == ([], None)
        for limit in ("0", "1001", "-1", "x", "", "9" * 99, "0000000019999", "%D9%A3"):
            status, answer = await world.json(f"{path}?limit={limit}")
            assert (status, answer["error"]["code"]) == (400, "bad_request")
            assert answer["error"]["message"] == "limit: allowed: 1 to 1000"
