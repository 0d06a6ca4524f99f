"""What others do to the group, to the keys in Redis, and to a worker's configuration."""

import time
from functools import partial
from random import Random
from typing import Final

from stream.fingerprint import fingerprint, with_roster
from stream.roster import parse_roster
from stream.store import keys
from stream.store.keys import ShardKey
from tests.faults.fault import named, one_of, pass_time
from tests.faults.held import PARTITIONS
from tests.faults.rig import Rig
from tests.faults.services import SLOTS
from tests.real.foreign_member import foreign_member
from tests.real.working import wait_until

NOT_JOINED: Final = "another application is in it"
ANEW: Final = "{} held something else, and was written anew"
DAMAGED: Final = "key {} holds something else"
SAID_S_MAX: Final = 60.0
ROSTER: Final = "agent,team\nsomebody-else,elsewhere\n"
"""Of nobody on the floors: figures stay the same, the rules do not."""
ROSTER_VARIABLE: Final = "FLOORWATCH_ROSTER_FILE"
DIFFER: Final = "floorwatch_rules_differ "
SET_ASIDE: Final = """
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('RPUSH', KEYS[1], 'something else')
"""
"""In one go: a worker that found no key would take its state for lost."""


@named("foreign-group-member")
def foreign(rig: Rig, rng: Random) -> None:
    """Another application is in the group while all workers start: they say so, and join later."""
    one_of(rig, rng)
    running = rig.running
    for number in running:
        rig.end(number)
    with foreign_member(rig.services.kafka.address, f"{rig.topic}-group", rig.topic):
        for number in running:
            rig.start(number)
        for number in running:
            worker = rig.workers[number]
            said = lambda worker=worker: NOT_JOINED in str(worker.why_not_ready())  # noqa: E731
            wait_until(said, f"worker {number} says why", every_s=0.5)
    rig.struck()
    rig.await_ready()


@named("damaged-views")
def damaged_views(rig: Rig, rng: Random) -> None:
    """Somebody replaces and edits views: they are named once, and written anew."""
    one_of(rig, rng)
    rig.await_ready()
    replaced, (edited,) = drawn_views(rig, rng, 3), drawn_views(rig, rng, 1)
    with Calmly(rig) as said:
        for key in replaced:
            rig.client.eval("redis.call('SET', KEYS[1], 'something else')", 1, key)
        if edited not in replaced:
            rig.client.hset(edited, mapping={"as_of": "never", "ghosts": "17"})
        rig.struck()
        for key in replaced:
            said.once(ANEW.format(key))


def drawn_views(rig: Rig, rng: Random, count: int) -> list[str]:
    """Some views that there are."""
    return rng.sample(sorted(rig.held.view_keys()), count)


@named("damaged-commit")
def damaged_commit(rig: Rig, rng: Random) -> None:
    """Somebody replaces a partition's state under its worker, and puts it back."""
    one_of(rig, rng)
    rig.await_ready()
    key = rig.held.shard(rng.randrange(PARTITIONS))
    with Calmly(rig) as said:
        set_aside(rig, key)
        said.once(DAMAGED.format(key))
        pass_time(rng, 2, 4)
        put_back(rig, key)
    rig.struck()


@named("damaged-snapshot")
def damaged_snapshot(rig: Rig, rng: Random) -> None:
    """Somebody replaces a piece of a snapshot: the partition is computed again from the log."""
    one_of(rig, rng)
    rig.settle()
    running = rig.running
    for number in running:
        rig.kill(number)
    shard = ShardKey(rig.topic, rng.randrange(PARTITIONS))
    key = rng.choice(rig.held.pieces(shard.partition))
    set_aside(rig, key)
    # What is computed again begins where the log begins, which may have lost its first records.
    rig.read_anew([shard.partition], abandons=True)
    for number in running:
        rig.start(number)
    rig.pump.flow()
    with Calmly(rig) as said:
        said.once(DAMAGED.format(key))
        pass_time(rng, 3, 5)
        put_back(rig, key)
        rig.struck()
        rig.await_ready()


@named("damaged-lists")
def damaged_lists(rig: Rig, rng: Random) -> None:
    """Somebody replaces the lists of views: a worker that is started again fills them."""
    one_of(rig, rng)
    rig.await_ready()
    lists = [keys.teams(), *(keys.views(ShardKey(rig.topic, p)) for p in range(PARTITIONS))]
    held = {key: rig.client.smembers(key) for key in lists}
    for key in lists:
        rig.client.delete(key)
        rig.client.set(key, "something else")
    running = rig.running
    for number in running:
        rig.kill(number)
        rig.start(number)
    rig.struck()
    for key, members in held.items():
        wait_until(partial(is_filled, rig, key, members), f"{key} is filled", every_s=0.1)


def is_filled(rig: Rig, key: str, members: set[bytes]) -> bool:
    """Whether a list holds again what it held."""
    return bool(rig.client.type(key) == b"set" and rig.client.smembers(key) >= members)


def set_aside(rig: Rig, key: str) -> None:
    """Put something else in a key's place."""
    wait_until(lambda: rig.client.exists(key), f"{key} is there", every_s=0.1)
    rig.client.eval(SET_ASIDE, 2, key, f"{key}:aside")


def put_back(rig: Rig, key: str) -> None:
    """Put the key back."""
    rig.client.rename(f"{key}:aside", key)


class Calmly:
    """While others do harm, no worker ends, and each says what is wrong in one line."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def __enter__(self) -> "Calmly":
        self._processes = self._pids()
        self._before = self._logs()
        return self

    def __exit__(self, kind: object, *_exc: object) -> None:
        if kind is None:
            assert self._pids() == self._processes, "a worker has ended"

    def _pids(self) -> dict[int, int]:
        found = {number: self._rig.workers[number].process for number in self._rig.running}
        return {number: process.pid for number, process in found.items() if process is not None}

    def _logs(self) -> dict[int, str]:
        return {number: self._rig.workers[number].log for number in self._rig.running}

    def once(self, text: str) -> None:
        """Wait until a worker says this; none has said it twice by then."""

        def counts() -> list[int]:
            return [log[len(self._before[n]) :].count(text) for n, log in self._logs().items()]

        wait_until(lambda: any(counts()), f"a worker says: {text}", SAID_S_MAX, 0.1)
        time.sleep(2)
        assert max(counts()) == 1, f"{text}: said {counts()} times"


@named("other-roster")
def other_roster(rig: Rig, rng: Random) -> None:
    """A worker with another roster joins, and goes: all say that they differ while it is there."""
    number = one_of(rig, rng)
    rig.end(number)
    free = [slot for slot in range(SLOTS) if slot not in rig.running and slot != number]
    others = rig.running or free[:1]
    for slot in others:
        if slot not in rig.running:
            rig.start(slot)
    file = rig.directory / "other-roster.csv"
    file.write_text(ROSTER)
    rig.other_rules.add(fingerprint(with_roster(rig.spec, parse_roster(ROSTER, file.name))))
    worker = rig.workers[number]
    worker.environment[ROSTER_VARIABLE] = str(file)
    rig.start(number)
    try:
        all_say(rig, [*others, number], "1.0")
        pass_time(rng, 4, 8)
        rig.end(number)
    finally:
        del worker.environment[ROSTER_VARIABLE]
    rig.start(number)
    all_say(rig, [*others, number], "0.0")
    rig.struck()


def all_say(rig: Rig, numbers: list[int], text: str) -> None:
    """Wait until workers say whether the rules of all are the same."""

    def said(number: int) -> bool:
        lines = rig.workers[number].get("/metrics")[1].decode().splitlines()
        return f"{DIFFER}{text}" in lines

    wait_until(lambda: all(map(said, numbers)), f"all export {DIFFER}{text}", SAID_S_MAX, 0.5)
