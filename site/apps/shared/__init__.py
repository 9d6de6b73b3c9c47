"""What the three workbenches share."""
