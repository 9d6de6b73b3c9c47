"""The workbenches of the lab: one Panel app per part, built on `dataselect_core`."""
