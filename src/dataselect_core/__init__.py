"""Data selection for machine learning: deduplication, active learning and domain gap, with NumPy only."""

__version__ = "0.1.0"
