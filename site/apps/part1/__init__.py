"""Part 1, the Deduplication Audit: its workbench, plots and tables."""
