"""Makes docs/demo.svg: what `make demo` shows on a terminal, a few seconds after its pages came.

Run from the project's root: ``.venv/bin/python docs/picture.py`` (about two minutes). It ends with
the exit status of the demo.
"""

# ruff: noqa: INP001, S607, T201 - a script beside the documents, which starts our own demo

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, LINES = 130, 44
PAGES = 2
SETTLE_S = 3.0
"""From the last page to the picture: the table has been drawn anew by then."""
_CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")
_FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Terminal:
    """As much of a terminal as rich uses; each line is kept with its colours."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0

    def feed(self, text: str) -> None:
        """Show more output."""
        at = 0
        while at < len(text):
            found = _CONTROL.match(text, at)
            if found:
                self._control(found[1], found[2])
                at = found.end()
                continue
            self._put(text[at])
            at += 1

    def _put(self, character: str) -> None:
        if character == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        elif character != "\r":
            self.lines[self._row] += character

    def _control(self, numbers: str, name: str) -> None:
        if name == "m":
            self.lines[self._row] += f"\x1b[{numbers}m"
        elif name == "A":
            self._row -= int(numbers or 1)
        elif name == "K":
            self.lines[self._row] = ""


def record() -> tuple[str, int]:
    """Run the demo on a terminal; what stood there when its pages had come, and how it ended."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {"DEMO_SECONDS": "90"} | os.environ | {"TERM": "xterm-256color"}
    demo = subprocess.Popen(
        ["make", "--no-print-directory", "demo"],
        cwd=ROOT,
        env=environment,
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown, picture, settled_s = b"", b"", 0.0
    while True:
        try:
            shown += os.read(parent, 65536)
        except OSError:  # Linux: the terminal's other side was closed
            break
        if not settled_s and shown.count(b" PAGE ") == PAGES:
            settled_s = time.monotonic() + SETTLE_S
        if settled_s and not picture and time.monotonic() > settled_s:
            picture = shown
    print(shown.decode())
    return (picture or shown).decode(), demo.wait()


def drawn(output: str) -> str:
    """The screen after this output, as an SVG that needs nothing from elsewhere."""
    terminal = Terminal()
    terminal.feed(output)
    console = Console(width=COLUMNS, record=True, file=StringIO())
    console.print("$ make demo", style="bold")
    for line in terminal.lines:
        # Where the demo's files are differs by machine.
        console.print(Text.from_ansi(re.sub(r" +files /\S+", "", line)))
    svg = console.export_svg(title="make demo")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*;", f"font-family: {_FONT};", svg)
    return re.sub(r"[ \t]+\n", "\n", svg)


def main() -> None:
    """Record, and write the picture."""
    output, status = record()
    (ROOT / "docs" / "demo.svg").write_text(drawn(output), encoding="utf-8")
    sys.exit(status)


if __name__ == "__main__":
    main()
