"""Where a floor lives: the same partition that Java's default partitioner chooses."""

import random

import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka

from stream.events.partition import murmur2, partition_of

JAVA = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}
"""From Apache Kafka's own test of Utils.murmur2, as signed 32-bit numbers."""


@pytest.mark.parametrize(("text", "hashed"), JAVA.items())
def test_murmur2_gives_kafkas_published_numbers(text: str, hashed: int) -> None:
    assert murmur2(text.encode()) == hashed % 2**32


def test_murmur2_agrees_with_aiokafkas_for_keys_of_all_lengths() -> None:
    rng = random.Random(7)
    for length in range(70):
        key = rng.randbytes(length)
        assert murmur2(key) == murmur2_of_aiokafka(key) % 2**32


def test_the_sign_is_dropped_before_the_partition_is_taken() -> None:
    for text, hashed in JAVA.items():
        for partitions in (1, 3, 8, 4_096):
            assert partition_of(text, partitions) == (hashed & 0x7FFFFFFF) % partitions


def test_a_floor_is_hashed_by_its_utf_8_bytes() -> None:
    key = "北京一层".encode()
    assert partition_of("北京一层", 8) == (murmur2_of_aiokafka(key) & 0x7FFFFFFF) % 8
