"""Part 2, Active Learning ROI: its situation, figures and cases."""
