"""What `floorwatch demo` is made of: a scenario, a sink, a screen, and the checks."""
