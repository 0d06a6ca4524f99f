"""Writes the golden files anew, on purpose: `python -m tests.golden`, or with names of files."""

import sys

from tests.golden.goldens import GOLDENS, write

for name in sys.argv[1:] or GOLDENS:
    write(name)
    print(name)
