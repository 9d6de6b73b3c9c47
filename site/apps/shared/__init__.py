"""Code that the three workbenches share."""
