"""Costs and savings of selection: training, labelling, scoring, indexing."""

from dataselect_core.economics.amortisation import Amortisation, amortise
from dataselect_core.economics.assumptions import Assumption, Assumptions
from dataselect_core.economics.costs import (
    IndexingCost,
    IndexingRange,
    TrainingCost,
    implied_utilisation,
    indexing_cost,
    indexing_range,
    labelling_cost,
    rates_of,
    return_on_selection,
    runs_to_break_even,
    scoring_cost,
    selection_pays,
    storage_cost,
    training_cost,
)

__all__ = [
    "Amortisation",
    "Assumption",
    "Assumptions",
    "IndexingCost",
    "IndexingRange",
    "TrainingCost",
    "amortise",
    "implied_utilisation",
    "indexing_cost",
    "indexing_range",
    "labelling_cost",
    "rates_of",
    "return_on_selection",
    "runs_to_break_even",
    "scoring_cost",
    "selection_pays",
    "storage_cost",
    "training_cost",
]
