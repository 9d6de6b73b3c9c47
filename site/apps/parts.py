"""The parts of the lab, in order."""

from .part1 import DeduplicationAudit
from .part2 import LabelingROI
from .part3 import DomainGapSynthesis

WORKBENCHES = (DeduplicationAudit, LabelingROI, DomainGapSynthesis)
