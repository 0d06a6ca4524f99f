"""What control sees of an agent: one of the states, or why his state is not known.

The figures call all that is not known `unknown`. Control does not: where the feed is lost, or the
agent went home without logging off, what it sees of the others says as much as before. So these two
are no `unknown` to it, of which a team may have a tenth at most.
"""

from typing import Final

from stream.events.language import STATE_COUNT, State

SILENT: Final = STATE_COUNT
"""The source that reported the state is silent."""
DAY_OVER: Final = STATE_COUNT + 1
"""The state is beyond its limit, and the agent's working day is over."""
SEEN_COUNT: Final = STATE_COUNT + 2
SEEN_NAMES: Final = (*(state.name for state in State), "silent", "day_over")
"""By number, as stored in a commit."""
