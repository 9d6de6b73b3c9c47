"""The commands of `python -m dataselect_core`, one per module."""
