"""The name of this process, for other workers, for brokers and in logs."""

import os
import socket


def worker_name() -> str:
    """Host and process: <host>-<pid>."""
    return f"{socket.gethostname()}-{os.getpid()}"
