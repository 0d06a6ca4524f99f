"""gzip whose beginning was compressed ahead: any reader of gzip reads it."""

import gzip
import random
import shutil
import subprocess
import zlib

import pytest

from stream.render.gzipped import Gzipped

RNG = random.Random(5)
TEXT = b"".join(b'floorwatch_x{team="team %d"} %d\n' % (n, RNG.randrange(99)) for n in range(9_000))


@pytest.mark.parametrize("text", [b"", b"a", TEXT, RNG.randbytes(100_000)])
@pytest.mark.parametrize("rest", [b"", b"b", TEXT, RNG.randbytes(100_000)])
def test_the_decompressed_stream_is_the_text_and_the_rest(text: bytes, rest: bytes) -> None:
    stream = Gzipped.of(text).ended(rest)
    assert gzip.decompress(stream) == text + rest
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    assert reader.decompress(stream) == text + rest
    assert reader.eof
    assert not reader.unused_data, "one member: some readers stop behind the first"


def test_gzip_itself_finds_no_error() -> None:
    program = shutil.which("gzip")
    if program is None:
        pytest.skip("no gzip")
    stream = Gzipped.of(TEXT).ended(b"the rest\n")
    done = subprocess.run([program, "-dc"], input=stream, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == TEXT + b"the rest\n"


def test_one_beginning_serves_many_ends() -> None:
    begun = Gzipped.of(TEXT)
    for rest in (b"one", b"two"):
        assert gzip.decompress(begun.ended(rest)) == TEXT + rest


def test_exposition_text_shrinks_to_a_fifth_at_most() -> None:
    assert len(Gzipped.of(TEXT).deflated) < len(TEXT) / 5
