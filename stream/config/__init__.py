"""floorwatch.toml and the environment, read once, validated, frozen, and passed on as values."""

from stream.config.load import load_roster, load_settings
from stream.config.settings import Settings

__all__ = ["Settings", "load_roster", "load_settings"]
