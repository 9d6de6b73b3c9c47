"""The parts of the lab, in order."""

from .part1 import DeduplicationAudit

WORKBENCHES = (DeduplicationAudit,)
