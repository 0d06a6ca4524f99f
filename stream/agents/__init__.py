"""The worker: composition root, partition tasks and, in `transport`, all that touches Faust."""
