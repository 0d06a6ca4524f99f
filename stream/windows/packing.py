"""Arrays and JSON values as one piece of bytes, and back."""

from typing import Any

import numpy as np
import orjson

Pieces = dict[str, Any]


def pack(pieces: Pieces) -> bytes:
    """Arrays are kept as they are in memory, everything else as JSON."""
    head: list[list[Any]] = []
    body: list[bytes] = []
    for name, value in pieces.items():
        if isinstance(value, np.ndarray):
            data = np.ascontiguousarray(value).tobytes()
            head.append([name, value.dtype.str, list(value.shape), len(data)])
        else:
            data = orjson.dumps(value)
            head.append([name, "", [], len(data)])
        body.append(data)
    header = orjson.dumps(head)
    return len(header).to_bytes(4, "little") + header + b"".join(body)


def unpack(data: bytes) -> Pieces:
    """The pieces; arrays may be written to."""
    size = int.from_bytes(data[:4], "little")
    at = 4 + size
    pieces: Pieces = {}
    for name, kind, shape, length in orjson.loads(data[4:at]):
        part = data[at : at + length]
        at += length
        if kind:
            pieces[name] = np.frombuffer(part, np.dtype(kind)).reshape(shape).copy()
        else:
            pieces[name] = orjson.loads(part)
    return pieces
