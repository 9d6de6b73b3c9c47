"""Part 2, Active Learning ROI: its workbench, plots and tables."""
