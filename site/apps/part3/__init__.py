"""Part 3, the Domain Gap Synthesis: its workbench, plots and tables."""
