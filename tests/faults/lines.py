"""TCP lines between programs, in a process of their own, which may be cut, slow or lossy.

As a program it reads one JSON command a line and answers each with one line.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Self

from stream.store.scripts import ScriptName
from tests.store.proxy import Proxy


class Lines:
    """Opens lines and does things to them."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.lines"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            process_group=0,
        )
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.kill()
        self._process.communicate()

    def open(
        self, name: str, port: int, upstream: int, view_fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Pass on what comes to a port of this machine to another one.

        view_fields: what the script of views knows by number, as the workers are configured.
        """
        self._ask("open", name, port=port, upstream=upstream, view_fields=view_fields)

    def cut(self, name: str) -> None:
        """From now on nothing gets through, and neither end is notified."""
        self._ask("cut", name)

    def heal(self, name: str) -> None:
        """The line is fast and honest again."""
        self._ask("heal", name)

    def slow(self, name: str, delay_s: float) -> None:
        """Each direction is delayed by this."""
        self._ask("slow", name, delay_s=delay_s)

    def lose_reply(self, name: str, script: ScriptName) -> None:
        """The next call of a script is executed, and its reply lost with the connection."""
        self._ask("lose", name, script=script)

    def keep_next(self, name: str, script: ScriptName) -> None:
        """Copy the next call of a script while it goes through."""
        self._ask("keep", name, script=script)

    def has_kept(self, name: str) -> bool:
        """Whether that call has come."""
        return bool(int(self._ask("kept", name)))

    def send_kept(self, name: str) -> None:
        """The call comes to Redis a second time."""
        self._ask("send", name)

    def lost(self, name: str) -> int:
        """How many replies were lost."""
        return int(self._ask("lost", name))

    def _ask(self, verb: str, name: str, **more: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"verb": verb, "name": name, **more}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the lines' process has ended"
        return answer.strip()


async def _do(proxies: dict[str, Proxy], command: dict[str, Any]) -> str:
    name = command["name"]
    if command["verb"] == "open":
        proxies[name] = await Proxy(f"tcp://127.0.0.1:{command['upstream']}").start(command["port"])
        proxies[name].view_fields = tuple((name, form) for name, form in command["view_fields"])
        return "ok"
    proxy = proxies[name]
    match command["verb"]:
        case "cut":
            proxy.way.clear()
        case "heal":
            proxy.be_honest()
            proxy.delay_s = 0.0
            proxy.way.set()
        case "slow":
            proxy.delay_s = command["delay_s"]
        case "lose":
            proxy.lose_reply_to(command["script"])
        case "keep":
            proxy.keep_next(command["script"])
        case "kept":
            return str(len(proxy.recorded))
        case "send":
            await proxy.send_kept()
        case "lost":
            return str(proxy.lost)
    return "ok"


async def _main() -> None:
    if mutant := os.environ.get("MUTANT"):  # calls are known by their scripts' digests
        from tests.faults.mutants import MUTANTS

        MUTANTS[mutant][0]()
    proxies: dict[str, Proxy] = {}
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(await _do(proxies, json.loads(line)), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
