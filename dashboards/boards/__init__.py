"""The boards, in the order in which they link to each other."""

from typing import Final

from dashboards.boards.control import CONTROL
from dashboards.boards.monitor import MONITOR
from dashboards.boards.queue import QUEUE
from dashboards.boards.team import TEAM
from dashboards.boards.wallboard import WALLBOARD

BOARDS: Final = (WALLBOARD, TEAM, CONTROL, QUEUE, MONITOR)
