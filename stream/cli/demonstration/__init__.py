"""The parts of `floorwatch demo`: a scenario, a receiver of pages, a screen, and the checks."""
