"""The workbenches of the lab: one Panel app a part, over `dataselect_core`."""
