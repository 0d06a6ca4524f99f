import pytest

from stream.render.view_fields import ViewKey, ViewKind
from stream.store import keys
from stream.store.keys import ShardKey

SHARD = ShardKey("floor-events", 3)


def test_views_are_named_as_others_rely_on() -> None:
    assert keys.team_view("北京", "night 🌙") == "floorwatch:team:北京/night 🌙"
    assert keys.pool_view("f", "main") == "floorwatch:pool:f/main"
    assert keys.teams() == "floorwatch:teams"


def test_all_keys_of_a_shard_share_its_tag() -> None:
    of_shard = (keys.shard, keys.store_id, keys.outbox, keys.garbage, keys.views)
    found = [*(name(SHARD) for name in of_shard), keys.piece(SHARD, "a}b{", "v", 0)]
    assert all(key.startswith("floorwatch:{floor-events:3}:") for key in found)
    assert len(set(found)) == len(found)


def test_only_a_teams_view_names_its_team() -> None:
    assert keys.team_of_view(keys.team_view("f", "t")) == "f/t"
    assert keys.team_of_view(keys.pool_view("f", "t")) is None


def test_a_view_is_a_teams_or_a_pools() -> None:
    team, pool = ViewKey(ViewKind.team, "f", "t"), ViewKey(ViewKind.pool, "f", "p")
    assert keys.view(team) == keys.team_view("f", "t")
    assert keys.view(pool) == keys.pool_view("f", "p")
    assert keys.pools_of_views([keys.view(pool), keys.view(team)]) == [("f", "p")]


@pytest.mark.parametrize("topic", ["", "a}b", "a b", "ä"])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="no name of a Kafka topic"):
        keys.shard(ShardKey(topic, 0))
