"""Progress of long work, on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on a terminal; elsewhere a line for each step and each tenth of it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total or None)
            bar.update(tasks[step], completed=done)

        yield show


class _Lines:
    """Progress as plain lines on stderr."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", -1)

    def __call__(self, step: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if (step, tenth) > self._last or step != self._last[0]:
            self._last = (step, tenth)
            share = f"{10 * tenth} %" if total else ""
            typer.echo(f"{step} {share}".rstrip(), err=True)
