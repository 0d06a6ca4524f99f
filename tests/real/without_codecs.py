"""Floorwatch as it is where the library of the codecs is not installed."""

import sys

if __name__ == "__main__":
    sys.modules["cramjam"] = None  # type: ignore[assignment]
    from stream.cli.main import main

    main()
