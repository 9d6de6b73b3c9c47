"""Run one deduplication engine on a corpus, in the environment that has it: see compare_engines.py.

  python engines.py datatrove|text-dedup CORPUS.jsonl FOLDER

writes FOLDER/stays.json: for each document, the place of the one that the engine keeps of its cluster. Both
engines use width 5 and 14 bands x 8 rows, as in docs/larger-corpora.md, in one process.
"""

import json
import struct
import sys
from pathlib import Path


def datatrove(corpus, folder, documents):
    """For each document, the place of the kept one, by datatrove's first three steps."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, seed=1)
    signatures, buckets, remove = (str(folder / name) for name in ("signatures", "buckets", "remove"))
    reader = JsonlReader(str(corpus.parent), glob_pattern=corpus.name)
    for tasks, steps in (
        (1, [reader, MinhashDedupSignature(signatures, config)]),
        (14, [MinhashDedupBuckets(signatures, buckets, config=config)]),
        (1, [MinhashDedupCluster(buckets, remove, config=config, save_cluster_id=True)]),
    ):
        logs = str(folder / f"logs of {steps[-1].__class__.__name__}")
        LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=logs).run()
    output = folder / "remove" / "000000"  # of the only task: removed places, and the clusters of places
    removed = {place for (place,) in struct.iter_unpack("<I", output.with_suffix(".remove").read_bytes())}
    clusters = list(struct.iter_unpack("<II", output.with_suffix(".clusters").read_bytes()))
    root = {cluster: place for place, cluster in clusters if place not in removed}
    stays = list(range(documents))
    for place, cluster in clusters:
        stays[place] = root[cluster]
    return stays


def text_dedup(corpus, folder, documents):
    """For each document, the place of the kept one, by text-dedup's own command."""
    from text_dedup import minhash

    options = {
        "path": "json", "data_files": corpus, "split": "train", "column": "text", "output": folder / "kept",
        "cache_dir": folder / "cache", "num_proc": 1,
        "ngram": 5, "num_perm": 112, "b": 14, "r": 8, "min_length": 1,
    }  # fmt: skip
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    minhash.main(arguments, standalone_mode=False)
    return [minhash.uf.find(place) for place in range(documents)]


if __name__ == "__main__":
    engine, corpus, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with open(corpus, encoding="utf-8") as lines:
        documents = sum(1 for _ in lines)
    stays = {"datatrove": datatrove, "text-dedup": text_dedup}[engine](corpus, folder, documents)
    (folder / "stays.json").write_text(json.dumps(stays), encoding="ascii")
