"""Part 3, the Domain Gap Synthesis: its situation and figures, with their cases."""
