"""``python -m stream`` is ``floorwatch``."""

from stream.cli.main import main

if __name__ == "__main__":
    main()
