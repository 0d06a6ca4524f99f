"""How one notices that state is not taken over as it was left; as a program: of two states.

`python -m tests.golden.stored.seen URL` says where the program is imported from, then what is
noticed of the state that it stored itself, and of the newest sample: a line each, empty where all
is well.
"""

import asyncio
import sys
from pathlib import Path

import stream
from tests.golden.stored.keeping import load, shown, taken_over
from tests.golden.stored.sample import Sample, comparable, differing, gone_on, hours, made, paths


async def seen(url: str, sample: Sample) -> str:
    """What is noticed of the state that stands there; empty: nothing."""
    try:
        async with taken_over(url) as kept:
            archived = await hours(kept)
            if len(archived) != 3 or any(hour not in sample.hours for hour in archived):
                return "other archived hours"
            if kept.runner.task.offset != sample.first_offset:
                return "reads from elsewhere"
            await kept.feed(sample.replayed, sample.first_offset)
            await kept.runner.publish()
            if comparable(shown(url)) != comparable(sample.shown):
                return "shows something else"
            after = await gone_on(kept, url, sample.following)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is loud
        return f"fails: {error!r}"
    return " ".join(differing(sample, after))


async def main(url: str) -> None:
    print(Path(str(stream.__file__)).parent)
    load(url, {})
    own = await made(url)
    for sample in (own, Sample.read(paths()[-1])):
        load(url, sample.held)
        print(await seen(url, sample))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
