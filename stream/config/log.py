"""The table of the worker's log."""

import logging
from typing import Literal

from stream.config.values import ConfigTable, setting


class LogTable(ConfigTable):
    """The worker's log, on stderr; each line has time, level, worker (host and process), logger."""

    format: Literal["text", "json"] = setting(
        "text", "Form of the lines; json: an object a line, exceptions included.", "text, json"
    )
    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "The least severe level that is written.", "debug, info, warning, error"
    )

    @property
    def level_number(self) -> int:
        """The level as `logging` numbers it."""
        return logging.getLevelNamesMapping()[self.level.upper()]
