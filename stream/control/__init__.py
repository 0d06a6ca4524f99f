"""Control: detectors, peaks, the gate, the life of an alert, verdicts. All of it is pure."""
