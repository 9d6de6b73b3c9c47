"""Data selection for machine learning: deduplication, active learning, domain gap. NumPy only."""

__version__ = "0.1.0"
