"""The parts of the lab, in order."""

from apps.part1.bench import DeduplicationAudit
from apps.part2.bench import LabelingROI
from apps.part3.bench import DomainGapSynthesis

WORKBENCHES = (DeduplicationAudit, LabelingROI, DomainGapSynthesis)
