"""Packs arrays and JSON values into bytes, and unpacks them."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

Pieces = dict[str, Any]

_SPARSE: Final = "~"
"""Prefix of the type of a sparse array: a bit for each value is stored, and the values but 0."""


def pack(pieces: Pieces) -> bytes:
    """Pack arrays as they are in memory, or sparse where that halves them; other values as JSON."""
    head: list[list[Any]] = []
    body: list[bytes] = []
    for name, value in pieces.items():
        kind, shape = "", []
        if isinstance(value, np.ndarray):
            kind, shape = value.dtype.str, list(value.shape)
            if 2 * (value.size // 8 + np.count_nonzero(value) * value.itemsize) < value.nbytes:
                kind, data = _SPARSE + kind, _sparse(value)
            else:
                data = np.ascontiguousarray(value).tobytes()
        else:
            data = orjson.dumps(value)
        head.append([name, kind, shape, len(data)])
        body.append(data)
    header = orjson.dumps(head)
    return len(header).to_bytes(4, "little") + header + b"".join(body)


def unpack(data: bytes) -> Pieces:
    """Unpack the pieces; arrays are writable."""
    size = int.from_bytes(data[:4], "little")
    at = 4 + size
    pieces: Pieces = {}
    for name, kind, shape, length in orjson.loads(data[4:at]):
        part = memoryview(data)[at : at + length]
        at += length
        if kind.startswith(_SPARSE):
            pieces[name] = _dense(part, np.dtype(kind.removeprefix(_SPARSE)), shape)
        elif kind:
            pieces[name] = np.frombuffer(part, np.dtype(kind)).reshape(shape).copy()
        else:
            pieces[name] = orjson.loads(part)
    return pieces


def _sparse(array: npt.NDArray[Any]) -> bytes:
    flat = array.reshape(-1)
    is_set = flat != 0
    return b"".join([np.packbits(is_set).tobytes(), flat[is_set].tobytes()])


def _dense(part: memoryview, kind: np.dtype[Any], shape: list[int]) -> npt.NDArray[Any]:
    array = np.zeros(shape, kind)
    bits = np.frombuffer(part, np.uint8, -(-array.size // 8))
    is_set = np.unpackbits(bits, count=array.size).view(np.bool_)
    array.reshape(-1)[is_set] = np.frombuffer(part, kind, offset=len(bits))
    return array
