"""The lab's data sets: real ones that packages ship, and simulated ones made from them."""

from dataselect_core.datasets.files import (
    FILES,
    DataMissing,
    Licences,
    Ratings,
    Speech,
    breast_cancer,
    clips,
    crawl,
    data_directory,
    digits,
    drive,
    gap_maps,
    labelling_sweep,
    licences,
    nist_digits,
    provenance,
    rainfall,
    rainfall_mm,
    ratings,
    speech,
)
from dataselect_core.datasets.simulated_clips import Clips
from dataselect_core.datasets.simulated_crawl import Crawl
from dataselect_core.datasets.simulated_drive import Drive

__all__ = [
    "FILES",
    "Clips",
    "Crawl",
    "DataMissing",
    "Drive",
    "Licences",
    "Ratings",
    "Speech",
    "breast_cancer",
    "clips",
    "crawl",
    "data_directory",
    "digits",
    "drive",
    "gap_maps",
    "labelling_sweep",
    "licences",
    "nist_digits",
    "provenance",
    "rainfall",
    "rainfall_mm",
    "ratings",
    "speech",
]
