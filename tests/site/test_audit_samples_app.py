"""Part 1 on frames and sounds, without a browser: the corpora of each track, the messages, and the pictures."""

import re

import numpy as np
import pytest
from quiet_page import ROOT, talk
from scipy.fft import dct

from dataselect_core import datasets
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.control import at_random, compare
from dataselect_core.dedup.items import Frames, Signals
from dataselect_core.figures.deduplication.figures import recompute
from dataselect_core.tracks import TRACKS

LABELS = {
    "frames": "Simulated drive (real images, seen again)",
    "signals": "Simulated sounds (all made)",
    "speech": "Speech of nine speakers (real)",
    "licences": "Licence texts (real)",
    "crawl": "Simulated crawl (copies are made)",
}
OWN = {"frames": "edge", "signals": "tiny"}
UNGUARDED = {"corpus.documents", "corpus.words"}


@pytest.fixture(scope="module")
def audits():
    """The audits of the core, by name of the corpus."""
    return {
        "frames": Audit(Frames(datasets.drive(0.7, 1))),
        "signals": Audit(Signals(datasets.clips(0.6, 1))),
    }


async def open_corpus(page, corpus, **state):
    await page.open(track=OWN[corpus], **state)
    await page.rest()


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_a_track_offers_its_own_corpora(track):
    """The switch shows the corpora with limits on the track, with the track's own chosen, and accepts no other."""

    async def conversation(page):
        for earlier_track in ("tiny", "cloud"):  # state left by earlier tracks
            await page.open(None, track=earlier_track)
            await page.send("cancel")
        page.messages.clear()
        foreign = next(name for name in LABELS if name not in track.part_1.limits)
        await page.open(None, track=track.id, settings={"corpus": foreign})
        await page.send("cancel")
        offered = ", ".join(page.bench.corpus.options.values())
        assert page.sentences == [f"corpus must be one of {offered}, not {foreign!r}"]

    page = talk(conversation)
    switch = page.bench.corpus
    assert switch.options == {LABELS[name]: name for name in LABELS if name in track.part_1.limits}
    assert switch.value == track.part_1.corpus


def test_the_corpus_switch_follows_the_track():
    """The buttons of the page follow the track, and pressing one brings the other corpus."""

    async def conversation(page):
        await open_corpus(page, "signals")
        events = [event for message in page.of_type("patch") for event in message["patch"]["events"]]
        labels = [event["new"] for event in events if event.get("attr") == "labels"]
        assert labels[-1] == [LABELS["signals"], LABELS["speech"], LABELS["licences"]]
        page.bench.corpus.value = "licences"
        await page.rest()
        assert page.last["corpus.documents"] == 727
        assert not page.bench.width.disabled

    talk(conversation)


@pytest.mark.parametrize("corpus", list(OWN))
def test_only_corpus_counts_are_sent_before_the_lock(corpus):
    """Without a prediction only counts and nouns leave Python, and no cluster can be viewed."""

    async def conversation(page):
        await open_corpus(page, corpus, prediction=None)
        await page.ask("cluster", kept=0)
        await page.ask("diff", left=0, right=1)

    page = talk(conversation)
    results = page.of_type("results")[-1]
    assert results["locked"] is True
    assert results["values"].keys() == UNGUARDED
    assert not {"tables", "cases", "clusters"} & results.keys()
    assert page.of_type("answer") == []
    assert page.loaded == list({"frames": datasets.FILES["drive"], "signals": ()}[corpus])
    items = {"frames": "frames", "signals": "clips"}[corpus]
    assert results["nouns"]["items"] == results["values"]["corpus.documents"]["unit"] == items


@pytest.mark.parametrize("threshold", [0.6, 0.8])
@pytest.mark.parametrize("corpus", list(OWN))
def test_the_figures_equal_those_of_core_and_report(audits, corpus, threshold):
    """The figures equal the core's, and can be recomputed from a report's settings alone."""

    async def conversation(page):
        await open_corpus(page, corpus, settings={"threshold": threshold})

    page = talk(conversation)
    results = page.of_type("results")[-1]
    audit = audits[corpus]
    point = audit.at(threshold)
    learning = audit.learning(point)
    assert page.last["removed.documents"] == point.documents_removed
    assert page.last["removed.words"] == point.words_removed
    assert page.last["clusters.chained"] == point.chained
    assert page.last["curve.loss_change"] == pytest.approx(learning.loss_change, abs=1e-12)
    assert page.last["icr.ratio"] == pytest.approx(learning.icr_kept / learning.icr_raw)
    assert f"corpus-{corpus}" in results["cases"] and "corpus-texts" not in results["cases"]
    recomputed = recompute(OWN[corpus], results["settings"], {}, 30.0)
    assert recomputed.cases == [
        case for case in results["cases"] if case != "control-open"
    ]  # only on the page
    assert {
        path: (value["value"], value["unit"])
        for path, value in results["values"].items()
        if path not in results["session"]
    } == {path: (value.value, value.unit) for path, value in recomputed.values.items()}
    rows = [row for row in results["tables"]["ICR_Curve"]["rows"] if row[0] == "Deduplicated"]
    assert [row[4] for row in rows] == pytest.approx(learning.kept.loss.tolist())
    assert results["nouns"]["progress"] in page.bench.icr_plot.yaxis[0].axis_label


def test_the_shingle_width_applies_only_to_texts():
    """On frames the width cannot be changed; on texts it can again."""

    async def conversation(page):
        await open_corpus(page, "frames")
        assert page.bench.width.disabled
        await page.open(track="cloud")
        await page.send("cancel")
        assert not page.bench.width.disabled

    talk(conversation)


def test_two_frames_are_drawn_with_their_difference(audits):
    """The pictures have the frames' levels, the difference is that of each pixel, and text describes both."""

    async def conversation(page):
        await open_corpus(page, "frames", settings={"threshold": 0.7})
        kept = page.of_type("results")[-1]["clusters"][0]["kept"]
        await page.ask("cluster", kept=kept)
        removed = page.of_type("answer")[-1]["answer"]["removed"][-1]["index"]
        await page.ask("diff", left=kept, right=removed)
        answer = page.of_type("answer")[-1]["answer"]
        corpus = audits["frames"].corpus
        a, b = (corpus.pictures[i].astype(int).ravel() for i in (kept, removed))
        assert [picture["ink"] for picture in answer["pictures"]] == [
            a.tolist(),
            b.tolist(),
            np.abs(a - b).tolist(),
        ]
        assert [picture["title"] for picture in answer["pictures"]] == ["Kept", "Removed", "Difference"]
        assert answer["names"] == [corpus.names[kept], corpus.names[removed]]
        assert f"{(np.abs(a - b) > 26).sum()} of 64 pixels" in answer["pictures"][2]["alt"]
        assert f"mean ink {a.mean() / 255:.0%}" in answer["pictures"][0]["alt"]
        assert answer["similarity"] == audits["frames"].exact([sorted((kept, removed))])[0]
        assert answer["identical"] is False and (a != b).any()

    talk(conversation)


def test_two_clips_are_drawn_as_curves(audits):
    """The curves are the lowest and highest samples of equal sections, and text gives length, peak and pitch."""

    async def conversation(page):
        await open_corpus(page, "signals", settings={"threshold": 0.6})
        kept = page.of_type("results")[-1]["clusters"][0]["kept"]
        await page.ask("cluster", kept=kept)
        removed = page.of_type("answer")[-1]["answer"]["removed"][0]["index"]
        await page.ask("diff", left=kept, right=removed)
        answer = page.of_type("answer")[-1]["answer"]
        for i, curve in zip((kept, removed), answer["curves"], strict=True):
            signal = audits["signals"].corpus.signals[i].astype(int)
            assert len(curve["low"]) == len(curve["high"]) == 150
            assert min(curve["low"]) == signal.min() / 32768
            assert max(curve["high"]) == signal.max() / 32768
            assert np.mean(curve["high"]) > np.mean(curve["low"])
            assert curve["alt"].startswith(f"{signal.size:,} samples, {signal.size / 4000:.2f} s; peak ")
            low, high = map(int, re.search(r"between (\d+) and (\d+) Hz", curve["alt"]).groups())
            assert 60 <= low < high <= 2000
        assert answer["identical"] is False

    talk(conversation)


def test_two_utterances_are_drawn_as_spectrograms():
    """Real speech is loaded when it is chosen; a pair is drawn as its spectra, and the names say whose voice it is."""

    async def conversation(page):
        await page.open(track="tiny", settings={"threshold": 0.66})
        await page.rest()
        page.first = list(page.loaded)
        page.bench.corpus.value = "speech"
        await page.rest()
        page.second = list(page.loaded)
        results = page.of_type("results")[-1]
        assert results["nouns"]["items"] == "utterances" and "corpus-speech" in results["cases"]
        assert results["values"]["corpus.documents"]["value"] == 640
        kept = results["clusters"][0]["kept"]
        await page.ask("cluster", kept=kept)
        removed = page.of_type("answer")[-1]["answer"]["removed"][0]["index"]
        await page.ask("diff", left=kept, right=removed)
        answer = page.of_type("answer")[-1]["answer"]
        speech = datasets.speech()
        pictures = [np.array(picture["ink"]).reshape(8, 8) for picture in answer["pictures"]]
        for index, picture, shown in zip((kept, removed), pictures, answer["pictures"]):
            frames = speech.cepstra[index]
            assert shown["alt"].startswith(f"{len(frames)} frames")
            first = np.exp(dct(np.pad(frames[0], (1, 51)), type=3)).reshape(8, 8).mean(axis=1)
            level = np.clip((10 * np.log10(first) + 30) / 60, 0, 1) * 255
            np.testing.assert_allclose(picture[::-1, 0], level, atol=0.51)
        np.testing.assert_array_equal(pictures[2], np.abs(pictures[0] - pictures[1]))
        assert answer["names"][0] == f"utterance {kept + 1}, speaker {speech.y[kept] + 1}"

    page = talk(conversation)
    assert "speech.i32.gz" not in page.first and page.second.count("speech.i32.gz") == 1
    assert page.of_type("trouble") == []


@pytest.mark.parametrize("corpus", list(OWN))
def test_an_item_is_identical_to_itself(corpus):
    """A frame or clip compared with itself is identical."""

    async def conversation(page):
        await open_corpus(page, corpus, settings={"threshold": 0.7})
        await page.ask("diff", left=3, right=3)
        assert page.of_type("answer")[-1]["answer"]["identical"] is True

    talk(conversation)


@pytest.mark.parametrize("corpus", list(OWN))
def test_a_missing_item_is_refused(corpus):
    """A number without a frame or clip is refused with a sentence that uses the right noun."""

    async def conversation(page):
        await open_corpus(page, corpus)
        item = {"frames": "frame, 0 to 999", "signals": "clip, 0 to 499"}[corpus]
        for left in (-1, 1000, "0", None, True):
            await page.ask("diff", left=left, right=0)
            assert page.sentences[-1] == f"left must be the number of a {item}, not {left!r}"

    talk(conversation)


def test_every_corpus_has_the_nouns_of_the_page():
    """For every noun that the page needs, each corpus has one."""
    places = set()
    for path in (ROOT / "site" / "pages").glob("part-1*"):
        places |= set(re.findall(r'data-noun="(\w+)"', path.read_text("utf-8")))
    assert {name.lower() for name in places} == {"item", "items", "unit", "progress", "signed"}

    async def conversation(page):
        for corpus in OWN:
            await open_corpus(page, corpus)
            assert all(page.of_type("results")[-1]["nouns"][name.lower()] for name in places)

    talk(conversation)


def test_the_control_is_compared_on_request(audits):
    """The random control has the core's figures over its seeds, a line and a verdict, and disappears after a change."""

    async def conversation(page):
        await open_corpus(page, "frames", settings={"threshold": 0.7})
        page.first = page.of_type("results")[-1]
        await page.ask("control")
        await page.rest()
        page.compared = page.of_type("results")[-1]
        page.line = {name: list(values) for name, values in page.bench.control_line.data.items()}
        await page.patch("Similarity threshold", 0.9)
        await page.rest()

    page = talk(conversation)
    assert "control-open" in page.first["cases"] and "control.gap" not in page.first["values"]
    audit = audits["frames"]
    point = audit.at(0.7)
    comparison = compare(audit, point)
    values = {
        path: value["value"] for path, value in page.compared["values"].items() if path.startswith("control.")
    }
    assert values["control.seeds"] == 5
    assert (values["control.gap"], values["control.gap_half"]) == pytest.approx(comparison.against_control())
    assert (values["control.kept"], values["control.kept_half"]) == pytest.approx(comparison.against_raw())
    assert {"control-shown", "control-better", "seeds-same"} <= set(page.compared["cases"])
    assert set(values) | {"control-shown"} <= set(page.compared["session"])  # not part of a report
    removed = float(audit.mass[audit.train_index[~point.keep[audit.train_index]]].sum())
    curve = audit.plan.curve(at_random(audit.mass, audit.train_index, removed, 1))
    assert page.line["y"] == pytest.approx(list(audit.plan.uniform_loss - curve.loss))
    last_results = page.of_type("results")[-1]
    assert "control-open" in last_results["cases"] and not len(page.bench.control_line.data["x"])


def test_the_control_is_refused_before_the_lock():
    """The comparison with the control is a result, and is locked too."""

    async def conversation(page):
        await open_corpus(page, "frames", prediction=None)
        await page.ask("control")

    page = talk(conversation)
    assert any("before the prediction is locked" in sentence for sentence in page.sentences)
