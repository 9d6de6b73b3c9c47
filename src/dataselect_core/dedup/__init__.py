"""Near-duplicates: exact and by MinHash with LSH, in memory and from files larger than memory."""

from dataselect_core.dedup.pairs import Deduplication, clusters, deduplicate, exact_pairs, exact_similarity

__all__ = [
    "Deduplication",
    "clusters",
    "deduplicate",
    "exact_pairs",
    "exact_similarity",
]
