"""Part 1, the Deduplication Audit: its situation, figures and cases."""
