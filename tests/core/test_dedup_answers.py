"""Answers about a deduplication: what duplicates what, which is kept, what a reference has, how many are missed."""

import json
import random
from pathlib import Path

import pytest

from dataselect_core.__main__ import main
from dataselect_core.dedup.choice import Choice
from dataselect_core.lsh import bands_for_recall, collision_probability

WORDS = [f"w{i}" for i in range(200)]
BASE = WORDS[:60]


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Use relative names, as a user would."""
    monkeypatch.chdir(tmp_path)


def dedup(*arguments):
    """The exit status, with bands that miss nothing here."""
    return main(["dedup", *map(str, arguments), "--bands", "42", "--rows", "3", "--quiet"])


def write_rows(name, texts, **columns):
    """Write a file of these texts, with a list of values for each further key."""
    rows = [{"id": f"r{i}", "text": text} for i, text in enumerate(texts)]
    for key, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[key] = value
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_rows(name):
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def ids(name):
    return [row["id"] for row in read_rows(name)]


def jaccard(a, b, width=5):
    """An independent implementation with Python sets of tuples of words."""
    left, right = (
        {tuple(words[i : i + width]) for i in range(len(words) - width + 1)}
        for words in (a.split(), b.split())
    )
    return len(left & right) / len(left | right)


def chain():
    """A, B and C, where each is near the next and A is not near C, and a copy of B."""
    a = " ".join(BASE)
    b = " ".join(BASE[6:] + WORDS[60:66])
    c = " ".join(BASE[12:] + WORDS[60:72])
    assert jaccard(a, b) >= 0.7
    assert jaccard(b, c) >= 0.7 > jaccard(a, c)
    return [a, b, c, b]


@pytest.mark.parametrize("verify", [[], ["--no-verify"]])
def test_removed_rows_name_the_kept_row_and_the_similarity(capsys, verify):
    """Each has file, line and id, the exact similarity, and whether rows in between joined the two."""
    texts = [*chain(), "something else that is unlike all of these"]
    write_rows("a.jsonl", texts)
    arguments = [
        "a.jsonl",
        "--threshold",
        "0.7",
        "--id",
        "id",
        "--removed",
        "x.jsonl",
        "--report",
        "r.json",
        *verify,
    ]
    assert dedup(*arguments) == 0
    removed = read_rows("x.jsonl")
    assert [(row["file"], row["line"], row["id"]) for row in removed] == [
        ("a.jsonl", 2, "r1"),
        ("a.jsonl", 3, "r2"),
        ("a.jsonl", 4, "r3"),
    ]
    assert all(row["kept"] == {"file": "a.jsonl", "line": 1, "id": "r0"} for row in removed)
    assert [row["chained"] for row in removed] == [False, True, False]
    assert json.loads(Path("r.json").read_text())["documents"]["chained"] == 1
    if not verify:
        exact = [jaccard(texts[0], texts[row["line"] - 1]) for row in removed]
        assert [row["similarity"] for row in removed] == pytest.approx(exact)
    assert main(["dedup", "a.jsonl", "--threshold", "0.7", "--bands", "42", "--rows", "3", *verify]) == 0
    assert "1 are below the threshold to the kept one" in capsys.readouterr().out


def test_similarities_of_many_rows_are_exact():
    """On hundreds of texts in several clusters, every removed row is checked with sets of tuples of words."""
    rng = random.Random(3)
    texts = []
    for _ in range(300):
        words = rng.choice(texts).split() if texts and rng.random() < 0.6 else rng.sample(WORDS, 40)
        if rng.random() < 0.7:
            words[rng.randrange(len(words))] = f"x{rng.randrange(1000)}"
        texts.append(" ".join(words))
    write_rows("a.jsonl", texts)
    assert (
        dedup(
            "a.jsonl", "--threshold", "0.6", "--removed", "x.jsonl", "--clusters", "c.jsonl", "-o", "k.jsonl"
        )
        == 0
    )
    removed = read_rows("x.jsonl")
    assert len(removed) == 300 - len(read_rows("k.jsonl")) > 60
    for row in removed:
        exact = jaccard(texts[row["line"] - 1], texts[row["kept"]["line"] - 1])
        assert row["similarity"] == pytest.approx(exact)
        assert row["chained"] == (exact < 0.6)
    clusters = read_rows("c.jsonl")
    by_kept = {}
    for row in removed:
        by_kept.setdefault(row["kept"]["line"], []).append(row["line"])
    assert {row["kept"]["line"]: [member["line"] for member in row["removed"]] for row in clusters} == by_kept
    assert all(row["size"] == 1 + len(row["removed"]) for row in clusters)


def test_line_numbers_equal_those_of_an_editor():
    """With blank lines, quoted line breaks and a folder, the line number is where the row begins."""
    Path("in").mkdir()
    Path("in/a.csv").write_text('id,text\n1,"two\nlines of words here"\n2,two lines of words here\n')
    Path("in/b.jsonl").write_text('\n\n{"text": "two lines of words here"}\n')
    Path("in/c.json").write_text('[\n\n {"text": "two lines of words here"}]')
    assert dedup("in", "--removed", "x.jsonl") == 0
    assert [(row["file"], row["line"]) for row in read_rows("x.jsonl")] == [
        ("a.csv", 4),
        ("b.jsonl", 3),
        ("c.json", 3),
    ]
    assert all(row["kept"] == {"file": "a.csv", "line": 2} for row in read_rows("x.jsonl"))


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("first", ["r0", "r4"]),
        ("longest", ["r2", "r4"]),
        ("score:max", ["r1", "r4"]),
        ("score:min", ["r3", "r4"]),
        ("date:max", ["r3", "r4"]),
        ("meta.n:max", ["r2", "r4"]),
        ("nowhere:max", ["r0", "r4"]),
    ],
)
def test_the_rule_decides_which_row_is_kept(rule, kept):
    """The first or longest row is kept, or one by a number or date; ties keep the first, and output has input order."""
    base = " ".join(BASE)
    texts = [" ".join(BASE[:55]), base, base + " more words", " ".join(BASE[1:]), "unlike all of it"]
    write_rows(
        "a.jsonl",
        texts,
        score=[3, "12.5", None, -2, 99],
        date=["2023-05-01", "2024-01-01T10:00:00", "2024-01-01T09:00:00+00:00", "2024-02-01", "2020-01-01"],
        meta=[{"n": 1}, {}, {"n": 2}, {"n": 2}, {"n": 0}],
    )
    assert dedup("a.jsonl", "--keep", rule, "-o", "k.jsonl", "--removed", "x.jsonl", "--id", "id") == 0
    assert ids("k.jsonl") == kept
    for row in read_rows("x.jsonl"):
        assert row["kept"]["id"] == kept[0]
        exact = jaccard(texts[int(row["id"][1])], texts[int(kept[0][1])])
        assert row["similarity"] == pytest.approx(exact)


def test_a_value_that_is_not_a_number_stops_the_run_or_is_skipped(capsys):
    """The error names the line; an unknown rule is wrong usage."""
    write_rows("a.jsonl", ["a b c", "d e f"], score=[1, "high"])
    assert dedup("a.jsonl", "--keep", "score:max") == 1
    assert "line 2 has neither a number nor a date in the field 'score'" in capsys.readouterr().err
    assert dedup("a.jsonl", "--keep", "score:max", "--on-error", "skip", "-o", "k.jsonl") == 0
    assert ids("k.jsonl") == ["r0"]
    with pytest.raises(SystemExit):
        dedup("a.jsonl", "--keep", "best")
    with pytest.raises(ValueError, match="keep must be first, longest, FIELD:max or FIELD:min, not ':max'"):
        Choice(":max")


def test_against_removes_near_duplicates_of_the_reference(capsys):
    """The reference is only read, whatever the rule, and near-duplicates among the new rows are removed too."""
    fox, sea = " ".join(BASE[:30]), " ".join(WORDS[100:130])
    Path("old").mkdir()
    write_rows("old/a.jsonl", [fox, "only in the old"])
    Path("old/b.txt").write_text("some other document\n")
    write_rows("new.jsonl", [sea, fox + " more", sea, "only in the new"])
    before = {path: path.read_bytes() for path in Path("old").iterdir()}
    for rule in ("first", "longest"):
        arguments = [
            "new.jsonl",
            "--against",
            "old",
            "--keep",
            rule,
            "--report",
            "r.json",
            "--removed",
            "x.jsonl",
        ]
        assert dedup(*arguments, "-o", "k.jsonl") == 0
        assert ids("k.jsonl") == ["r0", "r3"]
        report = json.loads(Path("r.json").read_text())
        assert (report["documents"]["all"], report["documents"]["removed"]) == (4, 2)
        assert report["against"] == {"given": ["old"], "documents": 3, "found": 1}
        assert [row["kept"]["file"] for row in read_rows("x.jsonl")] == ["old/a.jsonl", "new.jsonl"]
    assert {path: path.read_bytes() for path in Path("old").iterdir()} == before
    assert dedup("new.jsonl", "--against", "old", "-o", "old/a.jsonl") == 1
    assert "must not be the corpus itself" in capsys.readouterr().err
    assert main(["dedup", "new.jsonl", "--against", "old"]) == 0
    assert "1 of the removed documents are in old (3 documents, only read)" in capsys.readouterr().out


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("recall", [0.5, 0.95, 0.999])
def test_bands_for_recall_returns_the_most_selective_bands(threshold, recall):
    """The result equals a search over all bands and rows."""
    choices = [
        (rows, -bands)
        for rows in range(1, 129)
        for bands in range(1, 128 // rows + 1)
        if collision_probability(threshold, bands, rows) >= recall
    ]
    rows, bands = max(choices)
    assert bands_for_recall(threshold, 128, recall) == (-bands, rows)


def test_the_recall_option_chooses_the_bands(capsys):
    """`--recall` chooses the bands, is near the top of the report, and excludes `--bands` and `--rows`."""
    write_rows("a.jsonl", ["a b c d e f"])
    assert main(["dedup", "a.jsonl", "--recall", "0.95", "--report", "r.json"]) == 0
    report = json.loads(Path("r.json").read_text())
    assert report["found_probability"][0]["probability"] >= 0.95
    assert capsys.readouterr().out.splitlines()[1].startswith("Recall to expect: a pair is found with 9")
    with pytest.raises(SystemExit):
        dedup("a.jsonl", "--recall", "0.95")
    assert main(["dedup", "a.jsonl", "--recall", "0.999", "--threshold", "0.01"]) == 1
    assert "cannot be reached with 128 permutations" in capsys.readouterr().err


def test_a_dry_run_estimates_the_removed_share(capsys):
    """The interval contains the share that a run removes; if all rows are sampled, it is exact; nothing is written."""
    rng = random.Random(8)
    texts = [" ".join(rng.choices(WORDS, k=40)) for _ in range(900)]
    texts += [f"{text} more" for text in rng.sample(texts, 300)] + rng.sample(texts, 300)
    rng.shuffle(texts)
    write_rows("a.jsonl", texts)
    assert main(["dedup", "a.jsonl", "--recall", "0.99", "--dry-run", "--report", "e.json"]) == 0
    estimate = json.loads(Path("e.json").read_text())["estimate"]
    assert main(["dedup", "a.jsonl", "--recall", "0.99", "--report", "r.json", "--quiet"]) == 0
    share = json.loads(Path("r.json").read_text())["documents"]["removed_share"]
    assert 0.3 < share < 0.5
    assert (estimate["documents"], estimate["sampled"]) == (1500, 1000)
    assert estimate["low"] < share < estimate["high"]
    assert estimate["high"] - estimate["low"] < 0.07
    assert "95 % interval" in capsys.readouterr().out
    assert sorted(path.name for path in Path().iterdir()) == ["a.jsonl", "e.json", "r.json"]
    write_rows("b.jsonl", texts[:700])
    assert main(["dedup", "b.jsonl", "--recall", "0.99", "--dry-run", "--report", "e.json"]) == 0
    assert main(["dedup", "b.jsonl", "--recall", "0.99", "--report", "r.json", "--quiet"]) == 0
    exact_share = json.loads(Path("e.json").read_text())["estimate"]["share"]
    assert exact_share == json.loads(Path("r.json").read_text())["documents"]["removed_share"]
    with pytest.raises(SystemExit):
        main(["dedup", "a.jsonl", "--dry-run", "-o", "k.jsonl"])


def test_the_estimate_from_a_small_sample_contains_the_share():
    """With two copies of many rows, half is redundant, though a small sample hardly contains a pair."""
    from dataselect_core.corpus.files import CorpusFiles
    from dataselect_core.dedup.estimate import estimate_files

    rng = random.Random(4)
    texts = [" ".join(rng.choices(WORDS, k=12)) for _ in range(1000)]
    write_rows("a.jsonl", texts + [text + " " for text in texts])
    estimate = estimate_files(CorpusFiles("a.jsonl"), sample=100)
    assert estimate.low < 0.5 < estimate.high


@pytest.mark.parametrize(("successes", "sampled"), [(0, 10), (3, 10), (50, 100), (100, 100)])
def test_the_interval_equals_scipys_wilson_interval(successes, sampled):
    """Wilson's interval equals SciPy's."""
    from scipy.stats import binomtest

    from dataselect_core.dedup.estimate import wilson

    expected = binomtest(successes, sampled).proportion_ci(method="wilson")
    assert wilson(successes, sampled) == pytest.approx((expected.low, expected.high))
