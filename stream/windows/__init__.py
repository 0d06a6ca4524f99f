"""Windows: calendar, timelines, panes, and the engine that keeps them."""
