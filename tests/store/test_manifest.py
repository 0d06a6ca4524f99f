from dataclasses import replace

import orjson
import pytest

from stream.errors import UnreadableStateError
from stream.store.keys import ShardKey
from stream.store.lease import Manifest, Part
from stream.store.manifest import (
    PIECE_BYTES,
    from_text,
    pack,
    piece_keys,
    plan_upload,
    to_text,
    unpack,
)
from stream.store.protocol import Snapshot
from stream.store.record_fingerprint import RecordFingerprint

SHARD = ShardKey("t", 0)
STORED = Manifest("m1", "s", 1, 8, 10, 100, {"a": Part("m1", 2), "b": Part("m0", 1)})


def snapshot(*names: str) -> Snapshot:
    return Snapshot({}, names, 20, 200, 1, 8)


def test_a_manifest_survives_its_text() -> None:
    assert from_text(to_text(STORED)) == STORED
    marked = replace(STORED, fingerprint=RecordFingerprint.of(9, 1_795_000_200_000, b"{}"))
    assert from_text(to_text(marked)) == marked


def test_a_manifest_without_a_fingerprint_is_read() -> None:
    """Version 0.1.0 stored none."""
    document = orjson.loads(to_text(STORED))
    del document["record"]
    assert from_text(orjson.dumps(document)) == STORED


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"parts":{"a":[1]}}', b"\xff"])
def test_a_text_that_is_no_manifest_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(UnreadableStateError, match="the manifest of its snapshot cannot be read"):
        from_text(text)


def test_a_plan_uploads_what_changed_and_names_what_it_supersedes() -> None:
    packed = {"a": b"x" * (PIECE_BYTES + 1), "c": b"y"}
    upload = plan_upload(
        SHARD, STORED, snapshot("a", "b", "c"), packed, manifest_id="m2", store_id="s"
    )
    assert upload.manifest.parts == {"a": Part("m2", 2), "b": Part("m0", 1), "c": Part("m2", 1)}
    assert [len(piece) for _, piece in upload.pieces] == [PIECE_BYTES, 1, 1]
    assert upload.superseded == tuple(piece_keys(SHARD, "a", Part("m1", 2)))


def test_a_plan_supersedes_parts_that_are_gone() -> None:
    upload = plan_upload(SHARD, STORED, snapshot("a"), {}, manifest_id="m2", store_id="s")
    assert upload.pieces == ()
    assert upload.superseded == tuple(piece_keys(SHARD, "b", Part("m0", 1)))


def test_parts_survive_packing() -> None:
    parts = {"a": b"", "b": bytes(1_000_000)}
    packed = pack(parts)
    assert {name: unpack(name, blob) for name, blob in packed.items()} == parts
    assert len(packed["b"]) < 10_000
