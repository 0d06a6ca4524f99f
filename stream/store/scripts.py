"""The scripts that Redis runs atomically, and their calls as commands."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Literal, get_args

Value = bytes | str | int
Command = tuple[Value, ...]

ScriptName = Literal["acquire", "owner", "commit", "put", "flip", "sweep", "view", "drop"]


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its text with the guard before it, and the digest that Redis knows it by."""

    text: str
    digest: str

    def call(self, script_keys: tuple[str, ...], *arguments: Value) -> Command:
        """The command that runs it, if Redis has it; see `in_full`."""
        return ("EVALSHA", self.digest, len(script_keys), *script_keys, *arguments)


@cache
def script(name: ScriptName) -> Script:
    """The script of this name, read once from the file beside this module."""
    folder = files("stream.store") / "lua"
    text = (folder / "guard.lua").read_text() + (folder / f"{name}.lua").read_text()
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


@cache
def _texts() -> dict[str, str]:
    names: tuple[ScriptName, ...] = get_args(ScriptName)
    return {script(name).digest: script(name).text for name in names}


def in_full(command: Command) -> Command:
    """The same call with the script's text, for a Redis that does not have it (any more)."""
    assert command[0] == "EVALSHA"
    return ("EVAL", _texts()[str(command[1])], *command[2:])
