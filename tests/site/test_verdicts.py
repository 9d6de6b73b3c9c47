"""Every verdict on the page has its number of seeds and its interval, or says that two things cannot be told apart."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "site" / "pages"
FILES = ("part-1.reveal.md", "part-2.reveal.md", "part-2-indexing.reveal.md", "part-3.reveal.md")
BLOCK = re.compile(r"^::: when ([\w-]+)\n(.*?)^:::$", re.MULTILINE | re.DOTALL)
SEEDS = re.compile(r"\bseeds?\b|\.seeds\|")
INTERVAL = re.compile(
    r"±|95 % interval|cannot\s+be\s+told|can\s+be\s+told\s+apart|[Oo]ne seed is no verdict|[Ww]ith this seed"
)

VERDICTS = {
    # Part 1: two trainings
    "control-better", "control-worse", "control-same", "seeds-same", "loss-better", "loss-worse", "loss-same",
    "reaches-raw", "misses-raw", "leaky-turns", "leaky-stays",
    *(f"built-leaky-{name}-{said}" for name in ("crawl", "licences") for said in ("turns", "stays")),
    *(f"built-truth-{name}-{said}" for name in ("precision", "recall", "lost") for said in ("better", "worse", "same")),
    # Part 2: two ways to buy labels, a stop and the optimum
    "direction-right", "direction-wrong", "own-sure", "own-unsure", "own-unknown", "entropy-behind", "batch-behind",
    "verdict-short", "own-fewer", "own-more", "own-same",
    *(f"built-pruning-{name}-{said}" for name in ("clean-50-hardest", "clean-10-hardest", "among")
      for said in ("better", "worse", "same")),
    *(f"built-votes-{name}-{said}" for name in ("clusters", "three", "items") for said in ("better", "worse", "same")),
    # Part 3: two mixes
    "moved-rises", "moved-falls", "moved-same", "transfer-positive", "transfer-negative", "transfer-unsure",
    "random-both-hurt", "random-less-hurts", "random-more-hurts", "random-unsure", "noise-done", "slopes-alike", "slopes-differ",
    *(f"built-voices-{name}-{said}" for name in ("recall", "accuracy", "given", "wild") for said in ("better", "worse", "same")),
    *(f"built-chapter-{name}-{said}" for name in ("few", "many") for said in ("better", "worse", "same")),
    *(f"built-writers-{name}-{said}" for name in ("uci-gap", "nist-gap", "uci-added", "nist-added")
      for said in ("better", "worse", "same")),
}  # fmt: skip
BESIDE = {
    # A verdict whose seeds and interval are in another sentence of the same text, which is shown whenever it is.
    "control-better": "control-shown", "control-worse": "control-shown", "control-same": "control-shown",
    "seeds-same": "control-shown",
    "direction-right": ("own-", "moved-"), "direction-wrong": ("own-", "moved-"), "own-unknown": "own-sure",
    "own-fewer": "own-pair", "own-more": "own-pair", "own-same": "own-pair",
}  # fmt: skip
CARDS = re.compile(r"built-(leaky|truth|pruning|votes|voices|writers|chapter)-")
"""Exhibits: the table beside the sentence has ± in each cell, and the card its number of seeds (test_exhibits)."""

PLAIN = {
    "a value beside a limit or a price": r"(budget|guardrail|target|supply|accuracy|recall|fid)-(ok|fails|try-[\w-]+)|all-ok"
    r"|limits-[\w-]+|challenge-[\w-]+|target-(sure|unsure)|steps-[\w-]+|region-[\w-]+|best-(at-supply|inside)",
    "a prediction beside one number": r"prediction-(low|high|close)|asked-none|own-pair|words-outweigh",
    "which data, runs or map are shown": r"corpus-\w+|leaky-(cluster|document)|kind-\w+|data-\w+|has-runs|control-shown|own-(needs-\w+|unlike|unreached)"
    r"|newest-alone|other-start|map-[\w-]+|off-grid|agrees|disagrees|live-waits|strategies-wait|noise-waits|no-real-alone"
    r"|measures-coincide|strategies-are-one|line-(reached|missed)|rare-(missed|found)|behind|raw-rises",
    "a sum at the prices in force": r"scale-[\w-]+|pays|never-pays|no-break-even|break-even|index-\w+|range-\w+|score-\w+"
    r"|(no-)?(share|gpu|decode|price)-turns|(no-)?looks-turn|answer-\w+|amortised-\w+|knee-[\w-]+|optimum-[\w-]+|verdict-(close|dear|none)|best-(tried|untried)|better-[\w-]+",
    "a law and the range it was fitted to": r"fit-\w+",
}  # fmt: skip


def blocks(text):
    """The conditional sentences of a text: [(fragment, case, words)]."""
    found = []
    for fragment in re.split(r"(?m)^(?=# )", text):
        found += [(fragment, case, words) for case, words in BLOCK.findall(fragment)]
    return found


def faults(text):
    """The verdicts of a text that have no seeds or no interval, and the cases that nobody has classified."""
    wrong = []
    for fragment, case, words in blocks(text):
        if case not in VERDICTS:
            if not any(re.fullmatch(names, case) for names in PLAIN.values()):
                wrong.append(f"{case}: say whether it is a verdict")
            continue
        said = words
        if case in BESIDE:
            said += "".join(each for _, other, each in blocks(fragment) if other.startswith(BESIDE[case]))
        if CARDS.match(case):
            said = fragment
        if not SEEDS.search(said) and "no seed" not in said:
            wrong.append(f"{case}: how many seeds?")
        if not INTERVAL.search(said):
            wrong.append(f"{case}: no interval")
    return wrong


@pytest.mark.parametrize("name", FILES)
def test_each_verdict_has_its_seeds_and_its_interval(name):
    """Each conditional sentence is a verdict with seeds and interval, or is listed as something else."""
    assert faults((PAGES / name).read_text("utf-8")) == []


def test_each_listed_verdict_is_on_a_page():
    """The list of verdicts has no case that the pages do not have."""
    there = {case for name in FILES for _, case, _ in blocks((PAGES / name).read_text("utf-8"))}
    assert VERDICTS - there == set()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (
            "::: when own-sure\nUncertainty is better.\n:::\n",
            ["own-sure: how many seeds?", "own-sure: no interval"],
        ),
        ("::: when own-sure\nBetter over three seeds.\n:::\n", ["own-sure: no interval"]),
        ("::: when own-sure\nBetter by 3 ± 1.\n:::\n", ["own-sure: how many seeds?"]),
        ("::: when own-better\nBetter.\n:::\n", ["own-better: say whether it is a verdict"]),
        ("::: when own-sure\nBetter by 3 ± 1 over three seeds.\n:::\n", []),
        ("::: when moved-same\nOver 20 seeds the two cannot be told apart.\n:::\n", []),
    ],
)
def test_a_verdict_without_is_found(words, fault):
    """The check finds a missing number of seeds, a missing interval, and a case that is not classified."""
    assert faults("# prediction\n\n" + words) == fault
