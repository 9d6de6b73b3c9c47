"""Compare the `dedup` command with two engines for larger corpora: the table in docs/larger-corpora.md.

  python -m tools.compare_engines [--python PATH]

Run it by hand, in an environment that has the core and its data (`.venv`, after `python build.py build`); the
engines are not part of the build or of its tests. They are installed into a separate environment in the cache
outside the tree (1.6 GB, once), unless PATH is the Python of an environment that has them. Two corpora, which are
the same every time, are deduplicated by this command with several seeds and by each engine, with the engine's own
words and with this command's. The output is Markdown.
"""

import argparse
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

from dataselect_core.datasets import files
from dataselect_core.lsh import collision_probability
from dataselect_core.shingles import tokens
from tools import fetch

REQUIREMENTS = (  # the engines, and what datatrove imports without requiring it
    "datatrove==0.10.1", "spacy==3.8.18", "orjson==3.13.0", "tokenizers==0.23.3", "xxhash==3.8.2",
    "text-dedup==0.4.0", "datasets==5.2.0",
)  # fmt: skip
ENGINES = ("datatrove", "text-dedup")
THRESHOLD = 0.72  # (1/14)^(1/8), which datatrove calls the threshold of its default
SETTING = ("--permutations", "112", "--bands", "14", "--rows", "8", "--width", "5")
UNVERIFIED, VERIFIED = ("--no-verify", "--threshold", "0.01"), ("--threshold", str(THRESHOLD))
SEEDS, VERIFIED_SEEDS = (1, 2, 3, 4, 5), (1, 2, 3)

# Made-up words of letters only: every engine takes each for one word, and no engine takes it for a number.
VOCABULARY = ["".join(word) for word in itertools.product("bdfgklmnprstvz", "aeiou", repeat=2)]
MOST_EDITS = 8  # of 100 words: similarities from 1 down to about 0.4, on both sides of the threshold


def synthetic(documents=20_000, words=100, seed=1):
    """Texts of random words; the last three of every ten copy an original, with 0 to 8 words replaced.

    Parameters
    ----------
    documents, words : int
    seed : int
        Of a `numpy.random.RandomState`, whose stream is frozen.

    Returns
    -------
    list of str
    """
    draw = np.random.RandomState(seed)
    size, originals, texts, copies = len(VOCABULARY), [], [], 0
    for place in range(documents):
        if place % 10 < 7:
            text = draw.randint(size, size=words, dtype=np.int64)
            originals.append(text)
        else:
            text = originals[draw.randint(len(originals), dtype=np.int64)].copy()
            edits = copies % (MOST_EDITS + 1)
            positions = draw.permutation(words)[:edits]
            shifts = draw.randint(1, size, size=edits, dtype=np.int64)  # never the same word
            text[positions] = (text[positions] + shifts) % size
            copies += 1
        texts.append(" ".join(VOCABULARY[word] for word in text))
    return texts


def write(path, texts):
    """Write texts as JSONL, their places as ids (strings, as datatrove requires)."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        rows = ({"id": str(place), "text": text} for place, text in enumerate(texts))
        file.writelines(json.dumps(row) + "\n" for row in rows)


def removed(stays):
    """The places of the removed documents if the first of every cluster is kept.

    Parameters
    ----------
    stays : list of int
        For each document something that names its cluster, such as the place of the kept document.

    Returns
    -------
    set of int
    """
    seen = set()
    return {place for place, name in enumerate(stays) if name in seen or seen.add(name)}


def differs(first, second):
    """How many documents are in only one of two sets of removed places."""
    return len(first ^ second)


def not_first(stays):
    """How many documents an engine keeps although another of their cluster comes before them."""
    return len(removed(stays).intersection(stays))


def run(command, folder, **environment):
    """Run a command in a folder; its output is shown only if it fails."""
    print("  " + " ".join(map(str, command[1:])), file=sys.stderr)
    variables = {**os.environ, **environment}
    completed = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        sys.exit(f"This failed: {' '.join(map(str, command))}\n{completed.stderr[-3000:]}")


def environment():
    """The Python of an environment with exactly these versions of the engines; made if missing."""
    key = hashlib.sha256("\n".join(REQUIREMENTS).encode()).hexdigest()[:8]
    folder = fetch.cache_dir() / f"engines-{key}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "complete").exists():
        venv.create(folder, clear=True, with_pip=True)
        run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], folder)
        (folder / "complete").touch()
    return python


def command(corpus, seed, options):
    """The places that this project's command removes."""
    kept = corpus.with_name("kept.jsonl")
    source = Path(files.__file__).parents[1]
    run(
        [
            sys.executable,
            "-m",
            "dataselect_core",
            "dedup",
            corpus,
            "-o",
            kept,
            "--quiet",
            "--seed",
            str(seed),
            *SETTING,
            *options,
        ],
        corpus.parent,
        PYTHONPATH=str(source),
    )
    places = [
        {int(json.loads(line)["id"]) for line in path.read_text("utf-8").splitlines()}
        for path in (corpus, kept)
    ]
    kept.unlink()
    return places[0] - places[1]


def engine(python, name, corpus):
    """For each document, the place of the one that the engine keeps."""
    folder = corpus.with_name(f"{name} {corpus.stem}")
    folder.mkdir()
    script = Path(__file__).with_name("engines.py")
    run([python, "-I", script, name, corpus, folder], folder, HF_HOME=str(folder), HF_HUB_OFFLINE="1")
    return json.loads((folder / "stays.json").read_text("ascii"))


def compare(texts, python, folder):
    """Make every run on one corpus: rows of the table, (label, sets of removed places), and sentences."""
    own, fed = folder / "own.jsonl", folder / "fed.jsonl"
    write(own, texts)
    write(fed, [" ".join(tokens(text)) for text in texts])
    every = [command(own, seed, UNVERIFIED) for seed in SEEDS]
    verified = [command(own, seed, VERIFIED) for seed in VERIFIED_SEEDS]
    rows = [("this command, every candidate counts, seed 1", every[:1])]
    rows.append(("the same, seeds 2 to 5", every[1:]))
    remarks = []
    for name in ENGINES:
        stays = engine(python, name, own)
        rows.append((name, [removed(stays)]))
        rows.append((f"{name}, fed with this command's words", [removed(engine(python, name, fed))]))
        kept_count, later_count = len(set(stays)), not_first(stays)
        remarks.append(
            f"{name} keeps {kept_count:,}, of which {later_count:,} not the first of their cluster"
        )
    rows.append((f"this command, verified at {THRESHOLD}, seeds 1 to 3", verified))
    unlike = [100 * len(loose - strict) / len(loose) for loose, strict in zip(every, verified, strict=False)]
    remarks.append(f"{spread(unlike, '.1f')} % of what goes unverified stays when verified (seeds 1 to 3)")
    return rows, remarks


def spread(values, form=","):
    """A number, or the least and the greatest of several."""
    ends = dict.fromkeys(format(end, form) for end in (min(values), max(values)))
    return "-".join(ends)


def cells(sets, reference):
    """The two cells of a row: how many documents are removed, and how many differ from the reference."""
    if sets[0] is reference:
        return [spread([len(reference)]), ""]
    return [spread([len(places) for places in sets]), spread([differs(places, reference) for places in sets])]


def table(corpora):
    """Markdown of the rows of several corpora, each against its own first row.

    Parameters
    ----------
    corpora : dict of str to list of (str, list of set of int)
        Name of the corpus -> its rows; the same labels in all.

    Returns
    -------
    str
    """
    lines = [["", *(word for name in corpora for word in (f"{name}: removed", "differs"))]]
    lines.append(["---"] * len(lines[0]))
    for rows in zip(*corpora.values(), strict=True):
        lines.append([rows[0][0]])
        for (_, sets), of_corpus in zip(rows, corpora.values(), strict=True):
            lines[-1] += cells(sets, of_corpus[0][1][0])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments=None):
    """Run everything, and print the table and the numbers that the text next to it quotes."""
    parser = argparse.ArgumentParser(description="Compare the `dedup` command with other engines.")
    parser.add_argument("--python", type=Path, help=f"of an environment that has {' '.join(REQUIREMENTS)}")
    python = parser.parse_args(arguments).python or environment()
    corpora = {"licences": files.licences().texts, "synthetic": synthetic()}
    rows, remarks = {}, []
    for name, texts in corpora.items():
        with tempfile.TemporaryDirectory(prefix="engines-") as folder:
            rows[name], sentences = compare(texts, python.absolute(), Path(folder))
        remarks += [f"{name}, {len(texts):,} documents: {sentence}" for sentence in sentences]
    probability = collision_probability(THRESHOLD, 14, 8)
    remarks.append(f"a pair of similarity {THRESHOLD} is found with probability {probability:.2f}")
    print(table(rows), *(f"- {sentence}" for sentence in remarks), sep="\n")


if __name__ == "__main__":
    main()
