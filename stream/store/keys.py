"""The only place that spells Redis keys.

All keys begin with a prefix, "floorwatch" by default, so that installations may share a Redis.
All keys of a shard share its hash tag ``{<topic>:<partition>}``, so that one script may touch
several of them on a Redis Cluster too, and a server that loses one loses all. A view has no
tag: it is written by a script call of its own. An id holds no "/", so a view's name cannot be read
in two ways.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from stream.errors import DamagedKeyError
from stream.render.view_fields import ViewKey, ViewKind

PREFIX: Final = "floorwatch"
PREFIX_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"
"""Without ":", which separates the parts of a key, and without the braces of hash tags."""
REMEDY: Final = "remove it, or restore it from a backup; docs/operations.md says more"

_TOPIC = re.compile(r"[A-Za-z0-9._-]+")
_VIEW = re.compile(r"[A-Za-z0-9._-]+:(team|pool):[^/]+/[^/]+", re.DOTALL)


class ShardKey(NamedTuple):
    """One partition of the events' topic, with all its floors."""

    topic: str
    partition: int
    prefix: str = PREFIX


def teams(prefix: str = PREFIX) -> str:
    """Set: the ``<floor>/<team>`` that have a view."""
    return f"{prefix}:teams"


def shard(key: ShardKey) -> str:
    """Hash: owner, group, commit_seq, offset, as_of_ms, control, fingerprint, manifest."""
    return f"{_prefix(key)}shard"


def store_id(key: ShardKey) -> str:
    """String: a random id, written once, when the shard is first seen in a store without it."""
    return f"{_prefix(key)}store"


def outbox(key: ShardKey) -> str:
    """Hash: id of an undelivered entry → ``<commit_seq>:<place in the commit>:<body>``."""
    return f"{_prefix(key)}outbox"


def garbage(key: ShardKey) -> str:
    """Set: pieces of snapshots that no manifest names, of an upload under way or superseded."""
    return f"{_prefix(key)}garbage"


def views(key: ShardKey) -> str:
    """Set: the keys of all views that this shard may have written."""
    return f"{_prefix(key)}views"


def piece(key: ShardKey, name: str, version: str, index: int) -> str:
    """String: one piece of one version of a part of the snapshot."""
    return f"{_prefix(key)}part:{name}:{version}:{index}"


def hours(key: ShardKey, floor: str) -> str:
    """Sorted set: the starts of a floor's archived hours, in milliseconds, scored by themselves."""
    return f"{_prefix(key)}hours:{floor}"


def hour(key: ShardKey, floor: str, start_ms: int) -> str:
    """String: an archived hour of a floor (`stream.windows.closing.archive`)."""
    return f"{_prefix(key)}hour:{floor}/{start_ms}"


def team_view(floor: str, team: str, prefix: str = PREFIX) -> str:
    """Hash: the view of a team."""
    return f"{prefix}:{ViewKind.team}:{floor}/{team}"


def pool_view(floor: str, pool: str, prefix: str = PREFIX) -> str:
    """Hash: the view of a pool."""
    return f"{prefix}:{ViewKind.pool}:{floor}/{pool}"


def rules(scope: str, prefix: str = PREFIX) -> str:
    """Sorted set: ``<worker> <fingerprint of its rules>``, scored by when it last said so (ms)."""
    return f"{prefix}:{{rules:{scope}}}"


def view(key: ViewKey, prefix: str = PREFIX) -> str:
    """The hash of a view."""
    spell = team_view if key.kind is ViewKind.team else pool_view
    return spell(key.floor, key.name, prefix)


def team_of_view(view: str) -> str | None:
    """``<floor>/<team>`` of a team's view; None for a pool's."""
    _, kind, member = view.split(":", 2)
    return member if kind == ViewKind.team else None


def pools_of_views(views: Iterable[str]) -> list[tuple[str, str]]:
    """(floor, pool) of the pools' views among these, sorted."""
    found = (view.split(":", 2) for view in views if is_view(view))
    members = (member for _, kind, member in found if kind == ViewKind.pool)
    return sorted((floor, pool) for floor, _, pool in (one.partition("/") for one in members))


def is_view(key: str) -> bool:
    """Whether a text is the key of a view."""
    return _VIEW.fullmatch(key) is not None


def damaged(key: str, what: str) -> DamagedKeyError:
    """The error for a key of the right type with a wrong value."""
    return DamagedKeyError(f"key {key} holds something else ({what}): {REMEDY}")


def type_of(key: str) -> str | None:
    """The type of Redis that a key of ours has; None: it is none of ours."""
    if key.endswith((":teams", "}:garbage", "}:views")):
        return "set"
    if is_view(key) or key.endswith(("}:shard", "}:outbox")):
        return "hash"
    _, tag, name = key.partition("}:")
    if name.startswith("hours:"):
        return "zset"
    return "string" if tag else None


def _prefix(key: ShardKey) -> str:
    if _TOPIC.fullmatch(key.topic) is None:
        msg = f"'{key.topic}' is no name of a Kafka topic: letters, digits, '.', '_' and '-' only"
        raise ValueError(msg)
    return f"{key.prefix}:{{{key.topic}:{key.partition}}}:"
