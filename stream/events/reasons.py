"""Numbers of the reasons that state and call events give: a function of the text alone."""

from functools import lru_cache
from hashlib import blake2b

NO_REASON = 0


@lru_cache(maxsize=4_096)
def reason_number(text: str) -> int:
    """The number of a reason, the same in every process; NO_REASON for an empty one.

    Two of a thousand reasons share a number with a chance of 2^-43.
    """
    if not text:
        return NO_REASON
    digest = blake2b(text.encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 | 1
