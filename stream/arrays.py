"""Array tools that the windows share, and stores of columns that grow together."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)
BLOCK_BITS = 10
"""Blocks of 1 024 agents or seats are the unit of storage."""
_ROWS_AT_FIRST = 64
_GROWTH = 4
"""Rows in reserve cost addresses, and no memory where their fill is 0; to copy those in use costs
time, which doubling would spend three times as often."""


def blocks_of(first: int, last: int) -> range:
    """The blocks in which the numbers [first, last) lie."""
    return range(first >> BLOCK_BITS, (last - 1 >> BLOCK_BITS) + 1) if last > first else range(0)


def ranges(starts: I64, ends: I64) -> I64:
    """All indices of the half-open ranges [starts[i], ends[i]), one range after the other."""
    lengths = ends - starts
    total = int(lengths.sum())
    before = np.cumsum(lengths) - lengths
    out: I64 = np.arange(total) + np.repeat(starts - before, lengths)
    return out


def distinct(numbers: I64) -> I64:
    """The numbers that occur, in order.

    The numbers must not be negative, and be small, as slots and rows are. So they can be counted,
    in a tenth of the time that `np.unique` takes.
    """
    return np.flatnonzero(np.bincount(numbers))


def sorted_distinct(values: I64) -> I64:
    """The values that occur, in order, whatever they are.

    By sorting, which is fast where most are in order. `np.unique` builds a hash table, and takes
    nine times as long for 8 000 instants:
    https://numpy.org/doc/stable/release/2.3.0-notes.html
    """
    values = np.sort(values)
    is_first = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return values[is_first]


def ranked(numbers: I64) -> tuple[I64, I64]:
    """The numbers that occur, as `distinct`, and the place of each among them, (N,)."""
    occurs = np.bincount(numbers) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


def firsts(numbers: I64) -> Bool:
    """(N,): whether each number, small as those of `distinct`, occurs for the first time."""
    at = np.arange(len(numbers))
    first = np.empty(int(numbers.max(initial=0)) + 1, np.int64)
    first[numbers[::-1]] = at[::-1]  # of several writes to one place the last one counts
    is_first: Bool = first[numbers] == at
    return is_first


def within(lengths: I64) -> I64:
    """0, 1, ... length-1 for each length, one run after the other."""
    before = np.cumsum(lengths) - lengths
    out: I64 = np.arange(int(lengths.sum())) - np.repeat(before, lengths)
    return out


@dataclass(frozen=True, slots=True)
class Runs:
    """N rows sorted by group, so that the rows of each group that has any are one run."""

    groups: int
    order: I64
    """(N,): the rows, group by group, in their own order within each."""
    start: I64
    """(runs,): where each run starts."""
    held: I64
    """(runs,): the group of each run."""
    run: I64
    """(N,): the run of each sorted row."""

    @classmethod
    def of(cls, group: I64, groups: int) -> Self:
        """The runs of rows by `group` (N,), whose values are below `groups`."""
        order = np.argsort(group, kind="stable")
        ordered = group[order]
        first = np.diff(ordered, prepend=-1) > 0
        start = np.flatnonzero(first)
        return cls(groups, order, start, ordered[start], np.cumsum(first) - 1)

    def in_order(self, rows: npt.NDArray[T]) -> npt.NDArray[T]:
        """Rows (N, ...) in the order of the runs."""
        return rows[self.order]

    def sums(self, rows: I64) -> I64:
        """(runs, ...): sums of sorted rows (N, ...)."""
        total: I64 = np.add.reduceat(rows, self.start, axis=0)
        return total

    def by_group(self, values: npt.NDArray[T], fill: object) -> npt.NDArray[T]:
        """(groups, ...): the values of each group; `fill` for those without rows."""
        out = np.full((self.groups, *values.shape[1:]), fill, values.dtype)
        out[self.held] = values
        return out


def add_rows(target: I64, at: I64, values: I64) -> None:
    """Add each row of `values` (N, width) to row `at[i]` of `target` (rows, width), in place.

    Flat, since NumPy's own `add.at` takes three times as long with rows. `target` is contiguous.
    """
    width = target.shape[1]
    place = (at * width)[:, None] + np.arange(width)
    np.add.at(target.reshape(-1), place.reshape(-1), values.reshape(-1))


def max_before(group: I64, value: I64, initial: I64) -> I64:
    """Running maximum *before* each element among the earlier ones of its group.

    group: (N,) small integers; value: (N,) in order of arrival; initial: (groups,) the maxima so
    far. Returns (N,).
    """
    if not len(group):
        return value.copy()
    # Short integers are sorted by radix, in a tenth of the time.
    short = group.astype(np.uint16) if int(group.max()) < 2**16 else group
    order = np.argsort(short, kind="stable")
    sorted_group, sorted_value = group[order], value[order]
    start = np.ones(len(group), np.bool_)
    start[1:] = sorted_group[1:] != sorted_group[:-1]
    # One running maximum serves all groups: each group is lifted above all groups before it.
    # An initial maximum below all values decides nothing, so it may be raised to them.
    so_far = np.maximum(initial[sorted_group], value.min() - 1)
    rank = np.cumsum(start) - 1
    base = int(value.min()) - 1
    top = max(int(value.max()), int(so_far.max()))
    lift = rank * (top - base + 1) - base
    shifted = np.empty_like(sorted_value)
    shifted[1:] = sorted_value[:-1] + lift[:-1]
    shifted[start] = 0
    shifted = np.maximum(shifted, so_far + lift)
    out = np.empty_like(value)
    out[order] = np.maximum.accumulate(shifted) - lift
    return out


def union(group: I64, start: I64, end: I64) -> tuple[I64, I64, I64]:
    """The union of the intervals [start, end) of each group: (group, start, end), in order."""
    if len(group) < 2:
        return group, start, end
    order = np.lexsort((start, group))
    group, start, end = group[order], start[order], end[order]
    before = max_before(group, end, np.full(int(group[-1]) + 1, int(end.min())))
    new = np.append(True, group[1:] != group[:-1]) | (start > before)
    first = np.flatnonzero(new)
    return group[first], start[first], np.maximum.reduceat(end, first)


def without(
    row: I64, start: I64, end: I64, hole: I64, hole_start: I64, hole_end: I64
) -> tuple[I64, I64, I64]:
    """What holes leave of the intervals [start, end) of rows: (row, start, end), in order.

    row: (N,) of each interval; hole: (H,) of each hole. Intervals of one row do not overlap, nor do
    its holes, which lie within them.
    """
    if not len(hole):
        return row, start, end
    # What is left begins where an interval begins or a hole ends, and ends the other way round.
    row = np.concatenate([row, hole])
    begin, end = np.concatenate([start, hole_end]), np.concatenate([end, hole_start])
    begins, ends = np.lexsort((begin, row)), np.lexsort((end, row))
    row, begin, end = row[begins], begin[begins], end[ends]
    real = begin < end
    return row[real], begin[real], end[real]


def grown(column: npt.NDArray[T], size: int, fill: object = 0) -> npt.NDArray[T]:
    """The column with at least `size` rows: doubled if it is shorter, the new rows filled.

    Rows that are filled with 0 cost no memory until they are written to.
    """
    if len(column) >= size:
        return column
    wide = np.zeros((max(size, 2 * len(column)), *column.shape[1:]), column.dtype)
    wide[: len(column)] = column
    if fill != 0:
        wide[len(column) :] = fill
    return wide


@dataclass(frozen=True, slots=True)
class _Column:
    dtype: Any
    fill: object
    shape: tuple[int, ...]
    per: str


def column(
    dtype: Any,  # noqa: ANN401 - whatever NumPy takes as a type
    fill: object = 0,
    *,
    per: str = "rows",
    shape: tuple[int, ...] = (),
) -> Any:  # noqa: ANN401 - the attribute's annotation says which array it is
    """Declare a column of a `ColumnStore`.

    Args:
        dtype: NumPy's type of a value.
        fill: The value of new rows.
        per: What the rows stand for; columns of one kind grow together.
        shape: The shape of one row; () for a single value.
    """
    return _Column(dtype, fill, shape, per)


class ColumnStore:
    """Growing columns, declared in the class and held as plain arrays by each instance.

    A column may have more rows than are in use. `resize` may replace the arrays, so a reference to
    one must not be kept across it.

        class Heads(ColumnStore):
            count: I64 = column(np.int64, per="teams")

        heads = Heads()
        heads.resize(teams=100)
    """

    _declared: ClassVar[dict[str, _Column]] = {}

    def __init_subclass__(cls) -> None:
        declared = {name: one for name, one in vars(cls).items() if isinstance(one, _Column)}
        cls._declared = cls._declared | declared

    def __init__(self) -> None:
        self._sizes = {one.per: _ROWS_AT_FIRST for one in self._declared.values()}
        for name, one in self._declared.items():
            rows = np.full((_ROWS_AT_FIRST, *one.shape), one.fill, one.dtype)
            setattr(self, name, rows)

    @classmethod
    def column_names(cls, per: str = "rows") -> tuple[str, ...]:
        """The columns of one kind, in the order in which they were declared."""
        return tuple(name for name, one in cls._declared.items() if one.per == per)

    def resize(self, **rows: int) -> None:
        """Grow the columns of each kind to at least so many rows; they never shrink.

        Raises:
            KeyError: no column is declared for this kind of row.
        """
        for per, size in rows.items():
            if size > self._sizes[per]:
                self._sizes[per] = max(size, _GROWTH * self._sizes[per])
                for name in self.column_names(per):
                    fill = self._declared[name].fill
                    setattr(self, name, grown(getattr(self, name), self._sizes[per], fill))


class Columns:
    """Base of frozen dataclasses with slots whose fields are arrays of one length."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(getattr(self, self._names()[0]))

    def take(self, at: I64 | Bool | slice) -> Self:
        """The rows at the given places."""
        return type(self)(*[getattr(self, name)[at] for name in self._names()])

    def write(self, at: I64 | slice, rows: Self) -> None:
        """Write rows to the given places."""
        for name in self._names():
            getattr(self, name)[at] = getattr(rows, name)

    @classmethod
    def joined(cls, *parts: Self) -> Self:
        """The rows of all parts, one part after the other."""
        return cls(
            *[np.concatenate([getattr(part, name) for part in parts]) for name in cls._names()]
        )

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return cls.__slots__
