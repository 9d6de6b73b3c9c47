"""The bridge and everything that all workbenches share: messages in and out, without a browser."""

import asyncio
import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from apps.shared.workbench import plain
from quiet_page import ROOT, Page, first_licences, parse_strictly, talk

from dataselect_core.dedup.audit import Audit
from dataselect_core.tracks import track
from dataselect_core.values import measured


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Only the first licence texts, so that an audit is quick."""
    licences = first_licences(tmp_path, 90)
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path))
    return licences


def test_two_processes_build_the_same_first_view():
    """The document made at build time and the one made in the browser are identical."""
    code = "from apps.bridge import Bridge; print(Bridge(print, None).documents())"
    views = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PANEL_CDN_ROOT": "panel/", "PYTHONHASHSEED": seed}
        path = [str(ROOT / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(path)
        process = subprocess.run(
            [sys.executable, "-c", code], env=environment, check=True, capture_output=True
        )
        views.append(process.stdout.decode())
    assert views[0] == views[1]
    assert "http" not in views[0]
    assert "?v=" not in views[0]


def test_the_first_view_has_every_place_and_no_result():
    """Each place on the page has a root with its name, and every line of every plot is empty."""
    page = Page()
    roots = page.views["1"]["roots"]
    names = {root["attributes"]["name"] for root in roots}
    assert names == {"corpus", "threshold", "advanced", "icr", "scurve", "own"}
    sources = re.findall(r'"x", \[.*?\]|\["x", .*?\]', json.dumps(page.views))
    assert sources
    assert {source for source in sources if re.search(r"\d", source)} == set()
    assert page.messages == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float64("-inf"), None),
        (np.int64(3), 3),
        (True, True),
        (np.array([[1.5, np.nan]]), [[1.5, None]]),
        ({"a": (1, float("nan"))}, {"a": [1, None]}),
        (
            measured(np.float64("nan"), "u", "s"),
            {"value": None, "unit": "u", "kind": "measured", "source": "s"},
        ),
        ({3: np.bool_(False)}, {"3": False}),
        ("NaN", "NaN"),
        (None, None),
    ],
)
def test_non_finite_numbers_become_none(value, expected):
    """Numbers, arrays and values become JSON types; NaN and infinity become null."""
    assert plain(value) == expected
    assert parse_strictly(json.dumps(plain(value), allow_nan=False)) == expected


# -- long work -----------------------------------------------------------------------------------------


def test_work_reports_its_progress(small):
    """Progress has a label and rises; the last message clears it."""

    async def conversation(page):
        await page.open()
        await page.rest()

    *steps, last = talk(conversation).of_type("work")
    assert len(steps) > 4
    assert all(step["label"] for step in steps)
    shares = [step["share"] for step in steps]
    assert shares[0] < 0.1
    assert max(shares) < 1
    assert (last["label"], last["share"]) == ("", 1)


def test_the_newest_request_wins(small):
    """If several requests follow each other quickly, only the last is answered, and the others end."""

    async def conversation(page):
        for seed in (1, 2, 3):
            await page.open(settings={"seed": seed})
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await page.patch("Seed", 4)
        await page.rest()
        assert not [task for task in asyncio.all_tasks() if "_watched" in repr(task)]

    page = talk(conversation)
    assert [results["settings"]["seed"] for results in page.of_type("results")] == [4]


def test_results_wait_until_the_chosen_corpus_is_ready(small):
    """While a chosen corpus is being prepared, a new threshold waits and is not applied to the previous corpus."""

    async def conversation(page):
        await page.open()
        await page.rest()
        page.messages.clear()
        await page.patch("Words in a shingle", 2)
        await page.patch("Similarity threshold", 0.6)
        await page.ask("assume", assumptions={"gpu_hour_price": 5})
        assert page.of_type("results") == []
        await page.rest()

    page = talk(conversation)
    assert len(page.of_type("results")) == 1
    assert page.last["removed.words"] == Audit(small.texts, width=2).at(0.6).words_removed


def test_a_prepared_corpus_is_not_read_again(small):
    """Track, prediction and threshold change while the corpus stays: no file is read and no work is repeated."""

    async def conversation(page):
        await page.open()
        await page.rest()
        page.loaded.clear()
        page.messages.clear()
        await page.open(50, track="tiny", settings={"corpus": "licences"})
        await page.rest()

    page = talk(conversation)
    assert page.loaded == []
    assert [work["label"] for work in page.of_type("work")] == [""]
    assert page.last["setting.threshold"] == track("tiny").part_1.threshold.value


def test_work_can_be_cancelled_and_restarted(small):
    """A cancelled preparation says so and reports nothing; the next change of a control starts it again."""

    async def conversation(page):
        page.holding = asyncio.Event()
        await page.open()
        await asyncio.sleep(0.01)
        assert page.bench.working
        await page.send("cancel")
        await asyncio.sleep(0.01)
        assert not page.bench.working
        assert page.of_type("work")[-1] == {
            "type": "work",
            "part": 1,
            "track": "mobile",
            "label": "",
            "share": 1,
        }
        assert page.of_type("results") == page.of_type("trouble") == []
        page.holding = None
        await page.patch("Similarity threshold", 0.6)
        await page.rest()
        await page.send("cancel")  # nothing to cancel

    assert talk(conversation).last["setting.threshold"] == 0.6


def test_a_failed_download_is_reported_and_retried(small):
    """If a file does not arrive, the page gets one sentence; the next change of a control tries again."""

    async def conversation(page):
        async def fail_to_load(name):
            raise OSError(f"{name} could not be downloaded")

        load, page.bench.load = page.bench.load, fail_to_load
        await page.open()
        await page.rest()
        assert [trouble["text"] for trouble in page.of_type("trouble")] == [
            "OSError: licences.json.gz could not be downloaded"
        ]
        assert page.of_type("work")[-1]["label"] == ""
        page.bench.load = load
        await page.patch("Similarity threshold", 0.6)
        await page.rest()

    assert talk(conversation).of_type("results")


# -- the bridge ----------------------------------------------------------------------------------------


def test_an_invalid_message_raises_an_error_and_breaks_nothing(small):
    """An invalid message, or one for an unknown part, raises a ValueError; the next message is handled normally."""

    async def conversation(page):
        for text in (
            "",
            "{",
            "null",
            "[]",
            "3",
            '"open"',
            "{}",
            '{"type": "open"}',
            '{"part": 0}',
            '{"type": "open", "part": null}',
            '{"type": "open", "part": "x"}',
            '{"part": 99}',
        ):
            with pytest.raises(ValueError):
                await page.bridge.receive(text)
        assert page.messages == []
        await page.open()
        await page.rest()

    page = talk(conversation)
    assert len(page.of_type("results")) == 1


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ({"type": "shout"}, "a message must be a patch, open, ask or cancel, not 'shout'"),
        ({}, "a message must be a patch, open, ask or cancel, not None"),
        ({"type": "ask", "id": 1, "name": "everything"}, "part 1 cannot be asked for 'everything'"),
        ({"type": "ask", "id": 1}, "part 1 cannot be asked for None"),
        (
            {"type": "open", "state": {"track": "space"}},
            "the id of a track must be one of cloud, edge, mobile, tiny, not 'space'",
        ),
    ],
)
def test_an_unknown_request_is_refused(small, message, sentence):
    """A kind, a question or a track that does not exist is refused with a sentence."""

    async def conversation(page):
        await page.bridge.receive(json.dumps({"part": "1", **message}))

    page = talk(conversation)
    assert page.sentences == [sentence]
    assert len(page.messages) == 1


def test_patches_turn_the_first_view_into_the_document(small):
    """Python's patches, applied to a copy of the first view, give Python's own document."""
    from bokeh.document import Document

    copies = []

    async def conversation(page):
        copies.append(Document.from_json(page.views["1"]))
        await page.open(settings={"threshold": 0.6})
        await page.rest()
        await page.patch("Similarity threshold (number)", 0.8)

    page = talk(conversation)
    copy = copies[0]
    for message in page.of_type("patch"):
        copy.apply_json_patch(message["patch"])
    for mine in page.bridge._documents[1].models:
        theirs = copy.get_model_by_id(mine.id)
        if hasattr(mine, "title") and hasattr(mine, "value") and "number" not in str(mine.title):
            assert theirs.value == mine.value, mine.title
        if type(mine).__name__ == "ColumnDataSource":
            assert {name: list(column) for name, column in theirs.data.items()} == {
                name: list(column) for name, column in mine.data.items()
            }
    assert math.isclose(copy.get_model_by_id(page.models["Similarity threshold"]).value, 0.8)
