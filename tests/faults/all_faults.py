"""All faults, entered by the modules that know them."""

from tests.faults import (
    feed_faults,
    input_faults,
    log_faults,
    neighbour_faults,
    service_faults,
    transaction_faults,
    worker_faults,
)
from tests.faults.fault import FAULTS

__all__ = [
    "FAULTS",
    "feed_faults",
    "input_faults",
    "log_faults",
    "neighbour_faults",
    "service_faults",
    "transaction_faults",
    "worker_faults",
]
