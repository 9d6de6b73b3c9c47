"""Deduplicate a corpus with one peer of the `dedup` command, in the environment that has it: see bench_corpus.py.

  python bench_peers.py rensa|daft|datasketch CORPUS.jsonl KEPT.jsonl
  python bench_peers.py signatures TEXTS REPEATS

Each peer does the whole job: it reads the JSON Lines, signs the texts, finds near-duplicates by 9 bands x 13 rows of
the signatures, keeps the first row of each cluster, and writes the kept rows. The texts consist of lower-case words
between single spaces, so that `str.split`, the fastest splitter, finds the same words as the command does. The peers
do not compare candidates exactly, as the command does, because none of them does so by itself.

`signatures` only signs texts, which are in memory, with the core and with each peer, on one processor; it prints the
seconds as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

WIDTH = 5
BANDS, ROWS = 9, 13
BATCH = 10_000  # documents per call of a peer that signs many at once


def shingles(text):
    """The word 5-grams of a text; all its words if it has fewer."""
    words = text.split()
    if len(words) < WIDTH:
        return [" ".join(words)] if words else []
    return list(map(" ".join, zip(*(words[start:] for start in range(WIDTH)), strict=False)))


def texts(corpus):
    """The texts of a corpus, in batches."""
    import orjson

    batch = []
    with open(corpus, "rb") as lines:
        for line in lines:
            batch.append(orjson.loads(line)["text"])
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def write_kept(corpus, kept, keep):
    """Write the kept lines unchanged."""
    with open(corpus, "rb") as lines, open(kept, "wb") as out:
        out.writelines(line for line, stays in zip(lines, keep, strict=True) if stays)


def first_of_each(documents, groups):
    """For each document, the first one of its cluster; all documents of a group belong to one cluster."""
    parent = list(range(documents))

    def root(one):
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for group in groups:
        roots = sorted({root(one) for one in group})
        for later in roots[1:]:
            parent[later] = roots[0]
    return [root(one) for one in range(documents)]


def rensa(corpus, kept):
    """A pipeline around the Rust package rensa: `RMinHashDeduplicator`, as its README shows it."""
    from rensa import RMinHashDeduplicator

    known = RMinHashDeduplicator(threshold=0.8, num_perm=BANDS * ROWS, use_lsh=True, num_bands=BANDS, seed=1)
    keep, number = [], 0
    for batch in texts(corpus):
        keep += known.add_pairs((str(number + place), shingles(text)) for place, text in enumerate(batch))
        number += len(batch)
    write_kept(corpus, kept, keep)


def daft(corpus, kept):
    """The engine Daft on this machine, with its own expression `minhash`, its grouping and its reader and writer."""
    import daft
    from daft import col
    from daft.functions import chunk, length, minhash

    rows = daft.read_json(corpus)
    signed = minhash(col("text"), num_hashes=BANDS * ROWS, ngram_size=WIDTH, seed=1)
    bands = rows.select(col("id"), chunk(signed, ROWS).alias("band"))
    bands = bands.with_column("number", daft.lit(list(range(BANDS)))).explode("band", "number")
    groups = bands.groupby("number", "band").agg(col("id").list_agg().alias("ids"))
    groups = groups.where(length(col("ids")) > 1).select("ids").to_pydict()["ids"]
    documents = rows.count_rows()
    first = first_of_each(documents, groups)
    removed = daft.from_pydict({"id": [place for place, root in enumerate(first) if place != root]})
    rows.join(removed, on="id", how="anti").write_json(kept)


def datasketch(corpus, kept):
    """The Python package datasketch: `MinHash.bulk` and `MinHashLSH`."""
    from datasketch import MinHash, MinHashLSH

    index, groups, number = MinHashLSH(params=(BANDS, ROWS), num_perm=BANDS * ROWS), [], 0
    for batch in texts(corpus):
        sets = [[shingle.encode() for shingle in shingles(text)] for text in batch]
        for signed in MinHash.bulk(sets, num_perm=BANDS * ROWS):
            alike = index.query(signed)
            if alike:
                groups.append([*alike, number])
            index.insert(number, signed, check_duplication=False)
            number += 1
    first = first_of_each(number, groups)
    write_kept(corpus, kept, [root == place for place, root in enumerate(first)])


def signatures(documents, repeats):
    """Seconds to sign fresh texts, by name, in turns; the first repetition only warms up."""
    import daft
    from daft import col
    from daft.functions import minhash
    from datasketch import MinHash
    from rensa import RMinHash

    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import bench_core

    def by_daft(rows):
        rows.select(minhash(col("text"), num_hashes=128, ngram_size=WIDTH, seed=1)).collect()

    def by_rensa(given):
        RMinHash.digest_matrix_from_token_sets([shingles(text) for text in given], 128, 1)

    def by_datasketch(given):
        MinHash.bulk([[shingle.encode() for shingle in shingles(text)] for text in given], num_perm=128)

    signers = {
        "this core": lambda given: bench_core.ours(given, 128),
        "this core, one permutation": lambda given: bench_core.ours(given, 128, one_permutation=True),
        "daft": by_daft,
        "rensa": by_rensa,
        "datasketch": by_datasketch,
    }
    times = {name: [] for name in signers}
    for seed in range(repeats + 1):
        given = bench_core.make_texts(documents, 100, seed)
        rows = daft.from_pydict({"text": given}).collect()  # Daft's own strings, made before its time begins
        for name, sign in signers.items():
            began = time.perf_counter()
            sign(rows if name == "daft" else given)
            if seed:
                times[name].append(time.perf_counter() - began)
    return times


def main(name, *given):
    """Run a peer, or sign with all of them."""
    if name == "signatures":
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
        print(json.dumps(signatures(*map(int, given))), flush=True)
    else:
        PEERS[name](*given)
        sys.stdout.flush()
    # Not by the usual end of Python, in which Daft 0.7 sometimes crashes after everything was written.
    os._exit(0)


PEERS = {"rensa": rensa, "daft": daft, "datasketch": datasketch}

if __name__ == "__main__":
    main(*sys.argv[1:])
