"""The words of part 3: the card's, and every number and case in them is one that the workbench reports."""

import asyncio
import itertools
import re
from pathlib import Path

import pytest
from apps.part3 import bench as part3
from quiet_page import talk

from dataselect_core.figures.domain_gap import situation

PAGES = Path(__file__).resolve().parents[2] / "site" / "pages"
NAMES = ("part-3.md", "part-3.reveal.md", "part-3.bench.html")
STEPS = ("more-synthetic", "less-synthetic", "more-random", "less-random")


def text(name):
    """A file of the pages, with spaces for line ends."""
    return " ".join((PAGES / name).read_text(encoding="utf-8").split())


def matches(pattern):
    """All matches of the pattern in the texts of the part."""
    return {
        match for name in NAMES for match in re.findall(pattern, (PAGES / name).read_text(encoding="utf-8"))
    }


@pytest.fixture(scope="module")
def reported():
    """All paths, tables and cases of conversations on the four tracks, with and without folded settings."""

    async def conversation(page):
        for track, prediction in zip(
            ("cloud", "edge", "mobile", "tiny"),
            (
                {"direction": d, "prediction": p}
                for d, p in (("falls", 7), ("falls", 1), ("same", 1), ("rises", 50))
            ),
            strict=True,
        ):
            await page.open(prediction, track=track, settings={"seeds": 2})
            await page.ask("show")
            await page.rest()
        await page.patch("Synthetic share", 0)
        await asyncio.sleep(0)

    page = talk(conversation, part3.DomainGapSynthesis)
    results = page.of_type("results")
    return (
        {path for message in results for path in message["values"]},
        {name for message in results for name in message["tables"]},
        {case for message in results for case in message["cases"]},
    )


def test_the_texts_use_the_words_of_the_card():
    """Lock, reflection, stakeholder and formulas have the card's words."""
    words = text("part-3.md")
    assert (
        "title: The Domain Gap Synthesis" in words and "stage: Synthesis" in words and "minutes: 15" in words
    )
    assert (
        "question: What happens to your 'Safety Metric' if you move from 10% Synthetic data to 90% Synthetic data?"
        in words
    )
    assert (
        "reflection: Defend your final Data Acquisition Strategy. Did you prioritize 'Quantity' (Synthetic) or "
        "'Quality' (Expert-Labeled Real)? Explain how the \\(1/\\epsilon^2\\) noise penalty influenced your choice."
        in words
    )
    bench = text("part-3.bench.html")
    assert "N_{\\\\text{noisy}} \\\\propto \\\\frac{1}{\\\\epsilon^2}" in bench
    for track in ("cloud", "edge", "mobile", "tiny"):
        assert "**Safety Lead, to the " in text(f"part-3.{track}.md")


def test_every_number_in_the_texts_is_reported(reported):
    """Every placeholder has a number that Python sends."""
    paths = matches(r"\{\{([a-z][\w.]*)\|") | matches(r'value\("([\w.]+)"')
    paths = {path for path in paths if not path.startswith(("native.", "track."))}
    paths = paths - {"check."} | {
        f"check.{name}.{field}" for name in situation.LIMITS for field in ("value", "limit")
    }
    assert len(paths) > 60
    assert paths - reported[0] == set()


def test_every_table_has_a_place_on_the_page(reported):
    """Each table that Python sends has a place on the page, and each place has a table."""
    places = matches(r'data-table-for="(\w+)"') | matches(r'figure\("(\w+)"')
    assert places == reported[1]


def test_every_case_in_the_texts_can_occur(reported):
    """Each block for a case has a case that can occur."""
    cases = matches(r"::: when (?!built-)([a-z-]+)") | matches(r'data-when="([a-z-]+)"')
    known = reported[2] | {
        f"{name}-{state}"
        for name, state in itertools.product(situation.LIMITS, ("ok", "fails", "waits", "unsure"))
    }
    known |= {f"{name}-try-{step}" for name, step in itertools.product(("accuracy", "fid", "recall"), STEPS)}
    known |= {
        "agrees",
        "region-empty",
        "disagrees",
        "moved-rises",
        "moved-same",
        "best-inside",
        "off-grid",
        "map-other",
        "map-own",
        "challenge-solved",
        "no-real-alone",
        "transfer-positive",
        "transfer-negative",
        "transfer-unsure",
        "steps-realizable-fails",
        "direction-right",
        "noise-waits",
        "strategies-wait",
        "random-both-hurt",
        "random-less-hurts",
        "random-more-hurts",
        "random-unsure",
        "slopes-differ",
    }
    assert cases - known == set()


def test_no_measured_figure_is_outside_the_lock():
    """The words before the lock contain no result: no figure of the map, of a run or of an experiment."""
    for name in ("part-3.md", *(f"part-3.{track}.md" for track in ("cloud", "edge", "mobile", "tiny"))):
        paths = re.findall(r"\{\{([\w.]+)\|", (PAGES / name).read_text(encoding="utf-8"))
        assert all(path.startswith("track.") for path in paths), name
        assert not re.search(r"native\.mix", text(name))
