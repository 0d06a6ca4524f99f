"""All faults, entered by the modules that know them."""

from tests.faults import (
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
    "input_faults",
    "log_faults",
    "neighbour_faults",
    "service_faults",
    "transaction_faults",
    "worker_faults",
]
