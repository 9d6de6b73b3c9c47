"""Figures of the core, measured in one run: MinHash end to end against datasketch, and its memory.

Run as `python tools/bench_core.py` in an environment with the core and datasketch.
"""

import random
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from dataselect_core.minhash import signatures_of_texts

WIDTH = 5
MEMORY_DOCUMENTS = 50_000


def make_vocabulary():
    """20,000 random words of 2 to 9 letters."""
    draw = random.Random(0)
    return ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(20_000)]


def make_texts(documents, words, seed):
    """Texts of random words from the vocabulary; every seed gives different texts."""
    vocabulary = make_vocabulary()
    draw = random.Random(seed)
    return [" ".join(draw.choices(vocabulary, k=words)) for _ in range(documents)]


def ours(texts, num_perm, one_permutation=False):
    """Texts in, signatures out, with the core."""
    return signatures_of_texts(texts, WIDTH, num_perm, one_permutation=one_permutation)


def theirs(texts, num_perm):
    """Texts in, signatures out, with datasketch: word n-grams as bytes, and `MinHash.bulk`."""
    from datasketch import MinHash

    documents = []
    for text in texts:
        words = re.findall("[a-z0-9]+", text.lower())
        grams = [" ".join(words[i : i + WIDTH]).encode() for i in range(len(words) - WIDTH + 1)]
        documents.append(grams)
    return MinHash.bulk(documents, num_perm=num_perm)


def peak_memory(documents, words, num_perm):
    """Peak resident memory in MB of a fresh process that makes, shingles and signs the texts."""
    completed = subprocess.run(
        [sys.executable, __file__, "--memory", str(documents), str(words), str(num_perm)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(completed.stdout)


def bench_minhash(documents=5000, words=100, num_perm=128, repeats=5):
    """Measure texts -> signatures against datasketch's `MinHash.bulk`, alternating, on fresh texts each time.

    Parameters
    ----------
    documents, words : int
        Size of the corpus, and words in each of its documents.
    num_perm : int
        Number of permutations.
    repeats : int
        Corpora measured; the figures are medians over them.

    Returns
    -------
    dict
        seconds_core, seconds_datasketch, ratio (the median of the ratios of each corpus), ratios,
        documents_per_second, and peak_mb: the memory of a process that signs 50,000 such documents.
    """
    core, datasketch = [], []
    for seed in range(-1, repeats):
        texts = make_texts(documents, words, seed)
        for times, sign in ((core, ours), (datasketch, theirs)):
            start = time.perf_counter()
            sign(texts, num_perm)
            if seed >= 0:  # the first corpus only warms up: imports, page faults
                times.append(time.perf_counter() - start)
    ratios = [d / c for d, c in zip(datasketch, core)]
    return {
        "documents": documents,
        "words": words,
        "num_perm": num_perm,
        "seconds_core": statistics.median(core),
        "seconds_datasketch": statistics.median(datasketch),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "documents_per_second": documents / statistics.median(core),
        "memory_documents": MEMORY_DOCUMENTS,
        "peak_mb": peak_memory(MEMORY_DOCUMENTS, words, num_perm),
    }


def main():
    """Print the figures as a table."""
    figures = bench_minhash()
    size = (
        f"{figures['documents']:,} documents x {figures['words']} words, {figures['num_perm']} permutations"
    )
    rows = [
        (f"MinHash, {size}: core", f"{1000 * figures['seconds_core']:.1f} ms"),
        ("the same: datasketch MinHash.bulk", f"{1000 * figures['seconds_datasketch']:.1f} ms"),
        ("ratio (must 12, aim 18)", f"{figures['ratio']:.1f}"),
        ("ratio, lowest to highest", f"{min(figures['ratios']):.1f} to {max(figures['ratios']):.1f}"),
        ("documents per second", f"{figures['documents_per_second']:,.0f}"),
        (
            f"peak memory, {figures['memory_documents']:,} documents (must 1000)",
            f"{figures['peak_mb']:.0f} MB",
        ),
    ]
    for label, figure in rows:
        print(f"{label:<72}{figure:>12}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        size, length, slots = map(int, sys.argv[2:])
        ours(make_texts(size, length, 0), slots)
        # Kilobytes on Linux, bytes on macOS.
        print(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            / (2**20 if sys.platform == "darwin" else 2**10)
        )
    else:
        main()
