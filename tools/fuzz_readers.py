"""Throw bytes at the readers of corpora: documents or a named error, never anything else.

  python tools/fuzz_readers.py --minutes 5 --seed 1

Each case is a file of a random format, compression and encoding, made from good rows and then damaged: bytes are
changed, cut out, doubled, or taken from a list of bytes that break parsers. It is read with `--on-error skip` in
pieces of a random size, and the kept documents are written. A case fails if

- anything but `CorpusError` is raised, or its message does not name the file;
- a case takes more than a second for each 20 kB of input (a hang);
- the file that was read is changed, or a file is left that is not an output;
- the written file, read again, does not have the kept documents.

Prints the number of cases and of each outcome. The status is 1 if a case failed; its files are left in a folder.
"""

import argparse
import bz2
import collections
import gzip
import json
import lzma
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from dataselect_core.corpus import encodings, json_array
from dataselect_core.corpus.errors import CorpusError
from dataselect_core.corpus.files import CorpusFiles
from dataselect_core.corpus.formats import Problem
from dataselect_core.dedup.streaming import deduplicate_files

FORMATS = ("txt", "jsonl", "json", "csv", "tsv", "parquet", "arrow")
CODECS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": None}
ENCODINGS = ("utf-8",) * 6 + (
    "utf-16",
    "utf-16-le",
    "utf-32",
    "cp1252",
    "gb18030",
    "shift_jis",
    "latin-1",
    "utf-7",
)
NASTY = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n\n", b'"', b'""', b"\\", b"\\u", b"\\ud800", b"[", b"]", b"{",
    b"}", b",", b"\t", b"1e999", b"NaN", b"-", b"[" * 3000, b"9" * 5000, b"\xed\xa0\x80", b"\xc3", b"\xe2\x80\xa8",
    b"\x1f\x8b\x08", b"BZh9", b"PAR1", b"ARROW1", b"\x28\xb5\x2f\xfd", b'{"text":', b"null", b"\x1a", b"\x81", b"text",
)  # fmt: skip
WORDS = [
    "one",
    "two",
    "three",
    "naïve",
    "語",
    "中文",
    "日本",
    "€",
    "tab\there",
    'quo"te',
    "new\nline",
    "",
    "\\",
    "]",
    "😀",
]
SECONDS = 1 / 20_000  # per byte


def rows(rng):
    """Some texts, with repetitions."""
    texts = [" ".join(rng.choices(WORDS, k=rng.randrange(9))) for _ in range(rng.randrange(1, 8))]
    return texts + rng.choices(texts, k=rng.randrange(4))


def sound_file(rng, kind, texts):
    """A good file of these texts, as bytes."""
    if kind in ("parquet", "arrow"):
        return table(rng, kind, texts)
    if kind == "json":
        text = json.dumps(
            [{"text": document} for document in texts],
            ensure_ascii=rng.random() < 0.5,
            indent=rng.choice([None, 1]),
        )
    elif kind == "jsonl":
        text = "".join(json.dumps({"text": document, "n": 1.5}) + "\n" for document in texts)
    elif kind == "txt":
        text = "\n".join(texts)
    else:
        parts = (
            ('"' + document.replace('"', '""') + '"') if kind == "csv" else document for document in texts
        )
        text = "".join(
            f"{i}{',' if kind == 'csv' else chr(9)}{document}\r\n" for i, document in enumerate(parts)
        )
        text = ("n,text\n" if kind == "csv" else "n\ttext\n") + text
    return text


def table(rng, kind, texts):
    """The same as a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow_table = pa.table(
        {"text": [text if rng.random() < 0.9 else None for text in texts], "n": list(range(len(texts)))}
    )
    sink = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(arrow_table, sink, row_group_size=rng.randrange(1, 5))
    else:
        with (pa.ipc.new_stream if rng.random() < 0.5 else pa.ipc.new_file)(
            sink, arrow_table.schema
        ) as writer:
            writer.write_table(arrow_table)
    return sink.getvalue().to_pybytes()


def damaged(rng, data):
    """The bytes with some random damage."""
    data = bytearray(data)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        position = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            data[position:position] = rng.choice(NASTY)
        elif kind == 1:
            del data[position : position + rng.randrange(1, 9)]
        elif kind == 2:
            data[position : position + 1] = rng.randbytes(1)
        elif kind == 3:
            data[position:position] = data[position : position + rng.randrange(40)]
        else:
            del data[position:]
    return bytes(data)


def case(rng, folder):
    """Run one case and return its outcome."""
    kind, codec, encoding = rng.choice(FORMATS), rng.choice(list(CODECS)), rng.choice(ENCODINGS)
    content = sound_file(rng, kind, rows(rng))
    if isinstance(content, str):
        content = content.encode(encoding, "replace")
    else:
        encoding = "utf-8"
    data = damaged(rng, content)
    if codec == ".zst":
        import zstandard

        data = zstandard.ZstdCompressor().compress(data)
    else:
        data = CODECS[codec](data)
    if codec and rng.random() < 0.3:
        data = damaged(rng, data)
    path = folder / f"a.{kind}{codec}"
    path.write_bytes(data)
    json_array.CHUNK = rng.choice((3, 50, 1 << 20))
    encodings.CHUNK = rng.choice((1, 7, 1 << 20))
    options = {
        "split": rng.choice(("line", "paragraph", "document")),
        "quoting": rng.choice((None, "csv", "none")),
    }
    options["encoding"] = encoding if rng.random() < 0.8 else rng.choice(ENCODINGS)
    start = time.process_time()
    try:
        outcome = round_trip(path, folder / f"k.{kind}{codec}", options)
    except CorpusError as error:
        if path.name not in str(error):
            raise AssertionError(f"the message does not name the file: {error}") from None
        outcome = "named error"
    if time.process_time() - start > 1 + 2 * SECONDS * len(data):
        raise AssertionError(f"took {time.process_time() - start:.1f} s")
    if path.read_bytes() != data:
        raise AssertionError("the file that was read is changed")
    leftovers = {file.name for file in folder.iterdir()} - {path.name}
    if leftovers != ({f"k.{kind}{codec}"} if outcome != "named error" else set()):
        raise AssertionError(f"these files are left: {sorted(leftovers)}")
    return outcome


def round_trip(path, output, options):
    """Read, deduplicate, write, and read the written file."""
    corpus = CorpusFiles(path, **options)
    try:
        result = deduplicate_files(corpus, 0.5, width=2, on_error="skip")
        corpus.write(output, result.index, result.keep)
        texts = corpus.texts(result.index, np.flatnonzero(result.keep))
    finally:
        corpus.forget()
    written = CorpusFiles(output, **options)
    try:
        texts_read = [
            document.text for _, document in written.documents() if not isinstance(document, Problem)
        ]
    finally:
        written.forget()
    # A last line gets no line break, so a text may be followed by the next one's bytes only after its own break.
    if [text.strip() for text in texts_read] != [text.strip() for text in texts]:
        raise AssertionError(f"written {texts!r}, read again {texts_read!r}")
    return "with problems" if result.malformed else "documents"


def main():
    """Run for some minutes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="stop after so many")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    outcomes, failures, number = collections.Counter(), 0, 0
    while time.monotonic() < end and number < options.cases and failures < 5:
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            outcomes[case(random.Random(f"{options.seed}-{number}"), folder)] += 1
        except Exception:
            failures += 1
            print(f"case {options.seed}-{number} in {folder}", file=sys.stderr)
            traceback.print_exc()
        else:
            shutil.rmtree(folder)
        number += 1
    print(f"{number:,} cases: {dict(outcomes)}, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
