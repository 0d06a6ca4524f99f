"""A short fingerprint of all rules, equal on every machine and in every run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum

from stream.roster import Roster
from stream.spec import ADDED, Spec


def fingerprint(spec: Spec) -> str:
    """Twelve hexadecimal digits of the SHA-256 of everything that decides figures and verdicts.

    Addresses and secrets are not part of it, so a replay under the same rules has the same. The
    roster is part of it if `with_roster` has put it into the specification.
    """
    return _digest(spec)


def with_roster(spec: Spec, roster: Roster) -> Spec:
    """The specification, with the fingerprint of the roster in it; unchanged for an empty one."""
    return replace(spec, roster=_digest(roster)) if roster.assignments else spec


def _digest(value: object) -> str:
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def plain(value: object) -> object:
    """The value in JSON's types, independent of the order of sets and of states' numbers."""
    if is_dataclass(value):
        rows = ((field, getattr(value, field.name)) for field in fields(value))
        return {
            field.name: plain(own)
            for field, own in rows
            if not (field.metadata.get(ADDED) and own == field.default)
        }
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, frozenset):
        return sorted((plain(entry) for entry in value), key=str)
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    return value
