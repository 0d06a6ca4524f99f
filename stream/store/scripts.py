"""The scripts that Redis runs atomically, and their calls as commands."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Literal

Value = bytes | str | int
Command = tuple[Value, ...]

ScriptName = Literal[
    "acquire",
    "owner",
    "commit",
    "put",
    "flip",
    "reset",
    "sweep",
    "view",
    "drop",
    "archive",
    "rules",
    "add",
    "members",
]


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its text, preceded by the guard, and the digest that Redis knows it by."""

    text: str
    digest: str

    def call(self, script_keys: tuple[str, ...], *arguments: Value) -> Command:
        """The command that runs it, if Redis has it; see `in_full`."""
        return ("EVALSHA", self.digest, len(script_keys), *script_keys, *arguments)


_texts: dict[str, str] = {}
"""By digest: all scripts that `script` has loaded."""


@cache
def script(name: ScriptName, fields: tuple[tuple[str, str], ...] = ()) -> Script:
    """The script of this name, read once from the file beside this module.

    Args:
        name: of the file.
        fields: (name, format) of fields that the script knows by their numbers, from 1 on, as
            `FIELDS` and `FORMATS`.
    """
    folder = files("stream.store") / "lua"
    known = "".join(
        f"local {table} = {{{','.join(_quoted(one[place]) for one in fields)}}}\n"
        for place, table in enumerate(("FIELDS", "FORMATS"))
    )
    text = known + (folder / "guard.lua").read_text() + (folder / f"{name}.lua").read_text()
    made = Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
    _texts[made.digest] = made.text
    return made


def keys_of(commands: Iterable[Command]) -> list[Value]:
    """The keys of these commands, each once."""
    found: dict[Value, None] = {}
    for command in commands:
        is_script = command[0] in {"EVALSHA", "EVAL"}
        some = command[3 : 3 + int(command[2])] if is_script else command[1:2]
        found.update(dict.fromkeys(some))
    return list(found)


def _quoted(name: str) -> str:
    """As a Lua string literal; every byte that is not a plain character as its number."""
    plain = re.compile(rb"[^A-Za-z0-9_:.-]")
    return '"' + plain.sub(lambda odd: b"\\%03d" % odd[0][0], name.encode()).decode() + '"'


def in_full(command: Command) -> Command:
    """The same call with the script's text, for a Redis that does not have it (any more)."""
    assert command[0] == "EVALSHA"
    return ("EVAL", _texts[str(command[1])], *command[2:])
