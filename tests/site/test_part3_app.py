"""The workbench of part 3 without a browser: what it holds back, measures and answers."""

import asyncio
import itertools
import json
import math
import re

import numpy as np
import pytest
from apps.part3 import bench, pictures
from quiet_page import shorten_experiments, talk

from dataselect_core import datasets, noise
from dataselect_core.figures.domain_gap import figures, label_noise
from dataselect_core.figures.domain_gap import situation as mix_situation
from dataselect_core.gap import gap_map, mix, small_map
from dataselect_core.tracks import TRACKS, track

FALLS = {"direction": "falls", "prediction": 10}
MEASURES = ("accuracy", "dry_accuracy", "recall", "fid", "fid_infinity")


def hold(conversation):
    """Hold a conversation with a page of part 3."""
    return talk(conversation, bench.DomainGapSynthesis)


async def begin(page, track_id="tiny", prediction=FALLS, **settings):
    """Open a track as the page does when the reader looks at part 3, and wait until all is measured."""
    await page.open(prediction, track=track_id, settings={"seeds": 2, **settings})
    await page.ask("show")
    await page.rest()


@pytest.fixture(scope="module")
def data():
    """Digits, labels and rainfall, as the workbench loads them."""
    return *datasets.digits(), datasets.rainfall_mm()


@pytest.fixture(scope="module")
def tiny():
    """A page on the tiny track after everything is measured, with its own seeds."""

    async def conversation(page):
        await begin(page, synthetic=50, randomisation=0.25)

    return hold(conversation)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Small experiments on noise, and no pause for newer settings; `tiny` is made earlier, with full experiments."""
    shorten_experiments(monkeypatch)


# -- the lock ----------------------------------------------------------------------------------------------


def test_only_pictures_and_the_setting_are_sent_before_the_lock():
    """Without a prediction only the pictures leave Python: no measurement, table, case or map."""

    async def conversation(page):
        await begin(page, prediction=None)
        await page.ask("assume", assumptions={"real_price": 3})

    page = hold(conversation)
    assert all(results["locked"] for results in page.of_type("results"))
    for results in page.of_type("results"):
        assert not {"tables", "cases"} & set(results)
        assert all(path.startswith(("setting.", "mix.")) for path in results["values"])
    assert page.of_type("pictures")
    plots = page.bench.map_plot, page.bench.cut_mix, page.bench.noise_plots
    sources = [source for plot in plots for source in vars(plot).values() if hasattr(source, "data")]
    assert len(sources) > 10 and not any(len(column) for source in sources for column in source.data.values())
    assert "maps.json.gz" not in page.loaded
    assert page.bench.runs == {}


def test_the_first_view_has_every_place_and_no_result():
    """Each place on the page has its root, and every plot is empty."""
    page = hold(lambda page: asyncio.sleep(0))
    roots = page.views["3"]["roots"]
    assert {root["attributes"]["name"] for root in roots} == {
        "synthetic",
        "randomisation",
        "advanced",
        "measure",
        "noiserate",
        "map",
        "cutmix",
        "cutrandom",
        "noise",
        "learning",
    }
    sources = re.findall(r'\["(?:x|y|x0|y0)", (\[.*?\])\]', json.dumps(page.views["3"]))
    assert len(sources) > 20 and set(sources) == {"[]"}


NO_PREDICTIONS = [
    30,
    "falls",
    {},
    {"direction": "up", "prediction": 3},
    {"direction": "falls"},
    {"direction": "falls", "prediction": 101},
    {"direction": "falls", "prediction": True},
    {"direction": "falls", "prediction": -1},
    {"direction": "falls", "prediction": math.nan},
]


def test_an_invalid_prediction_is_refused():
    """A prediction has a direction and a size from 0 to 100; anything else is refused, and nothing is shown."""

    async def conversation(page):
        await begin(page, prediction=None)
        for number, prediction in enumerate(NO_PREDICTIONS, 1):
            await page.ask("lock", prediction=prediction)
            assert len(page.sentences) == number, prediction
        await page.rest()

    page = hold(conversation)
    sentence_start = (
        "the prediction must be one of rises, same, falls and a number of points from 0 to 100, not "
    )
    assert all(sentence.startswith(sentence_start) for sentence in page.sentences)
    assert all(results["locked"] for results in page.of_type("results"))


def test_the_prediction_is_compared_with_the_measurement():
    """On the edge track the safety metric falls; sign, gap, interval and case follow from the prediction."""
    before, after = np.array(gap_map.read(datasets.gap_maps(), "edge").move["recall"])

    async def conversation(page):
        for direction, signed, case in (
            ("falls", -30, "direction-right"),
            ("rises", 30, "direction-wrong"),
            ("same", 0, "direction-wrong"),
        ):
            await begin(page, "edge", {"direction": direction, "prediction": 30})
            last = page.last
            assert last["reveal.measured"] == pytest.approx(100 * (after - before).mean())
            assert last["reveal.low"] < last["reveal.measured"] < last["reveal.high"] < 0
            assert last["reveal.prediction"] == signed
            assert last["reveal.gap"] == pytest.approx(abs(signed - last["reveal.measured"]))
            assert {case, "moved-falls"} <= set(page.of_type("results")[-1]["cases"])
            assert last["reveal.real_before"] + last["reveal.synthetic_before"] == last["reveal.total"]
            assert last["reveal.real_after"] + last["reveal.synthetic_after"] == last["reveal.total"]
            assert last["reveal.real_before"] == round(0.9 * last["reveal.total"])
        rows = page.of_type("results")[-1]["tables"]["Classes"]["rows"]
        assert [row[0] for row in rows] == ["0", "1 (yours)", *map(str, range(2, 10))]
        assert rows[1][3].startswith(f"−{-last['reveal.measured']:.1f} ± ") and rows[1][3].endswith("▼")
        assert sum(row[3].endswith("▼") for row in rows) == last["reveal.falls"]

    hold(conversation)


# -- the point ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_the_live_run_agrees_with_the_map(track):
    """With the map's seeds, the run at a point of the map gives the map's figures, and a case says so."""

    async def conversation(page):
        await begin(page, track.id, synthetic=70, randomisation=0.4, seeds=5)

    page = hold(conversation)
    results, last = page.of_type("results")[-1], page.last
    assert {"map-holds", "on-grid", "live-done", "agrees"} <= set(results["cases"])
    assert last["map.difference"] < 1e-9
    for name, end in itertools.product(MEASURES, ("", "_low", "_high")):
        assert last[f"live.{name}{end}"] == pytest.approx(last[f"map.{name}{end}"], abs=1e-9)


def test_a_moved_slider_shows_figures_of_the_map_before_training():
    """Before any training, the point and the checks have the map's figures, and a case says that training follows."""

    async def conversation(page):
        await begin(page, "cloud")
        page.messages.clear()
        await page.patch("Synthetic share", 30)
        first = page.of_type("results")[-1]
        assert "live-waits" in first["cases"] and page.last["live.accuracy"] is None
        track_map = gap_map.read(datasets.gap_maps(), "cloud")
        assert (
            page.last["point.accuracy"]
            == track_map.measures["accuracy"][3, 6]
            == page.last["check.accuracy.value"]
        )
        assert page.bench.map_plot.point.data == {"x": [30], "y": [0.6]}
        await page.rest()
        assert "live-done" in page.of_type("results")[-1]["cases"]

    hold(conversation)


def test_the_figures_can_be_recomputed_natively(tiny, data):
    """The figures at a point equal `mix.summary` with the page's setting and seeds."""
    last = tiny.last
    setting = mix.Setting(
        last["setting.share"],
        last["setting.randomisation"],
        total=last["setting.total"],
        real=last["setting.real"],
        critical=last["setting.critical"],
    )
    summary = mix.summary(setting, *data, range(last["setting.seed"], last["setting.last_seed"] + 1))
    for name in MEASURES:
        assert last[f"point.{name}"] == summary[name].mean
        assert last[f"point.{name}_low"] == summary[name].low
    assert last["fid.bias"] == summary["fid"].mean - summary["fid_infinity"].mean
    assert "off-grid" in tiny.of_type("results")[-1]["cases"]


def test_a_report_can_be_recomputed_from_its_settings(monkeypatch):
    """The core recomputes every figure of the page from settings, assumptions and prediction alone."""
    monkeypatch.setattr(small_map, "AXIS", (0.0, 0.5, 1.0))
    monkeypatch.setattr(small_map, "SEEDS", 2)

    async def conversation(page):
        for track_id, question, settings in (
            ("tiny", None, {}),
            ("mobile", "remap", {"real": 120, "total": 200, "synthetic": 45}),
        ):
            await begin(page, track_id, **settings)
            await page.ask("assume", assumptions={"real_price": 7.5})
            if question:
                await page.ask(question)
                await page.rest()
            results = page.of_type("results")[-1]
            assert results["settings"]["map"] == ("own" if question else "track")
            findings = figures.recompute(track_id, results["settings"], {"real_price": 7.5}, FALLS)
            assert findings.values.keys() == results["values"].keys()
            assert findings.cases == results["cases"]
            for path, value in findings.values.items():
                assert value.value == pytest.approx(results["values"][path]["value"], rel=1e-12), path
                assert value.kind == results["values"][path]["kind"], path

    hold(conversation)


@pytest.mark.parametrize("changes", [{"total": 10**7}, {"seeds": 1000}, {"synthetic": "90"}, {"noise": 49}])
def test_a_report_cannot_request_endless_work(tiny, changes):
    """Settings in a report that no control allows are refused by name."""
    settings = tiny.of_type("results")[-1]["settings"]
    with pytest.raises(ValueError, match=next(iter(changes))):
        figures.recompute("tiny", settings | changes, {}, FALLS)


def test_every_value_has_its_kind(tiny):
    """Every value is measured, modelled or cited, with a source; limits are modelled."""
    values = tiny.of_type("results")[-1]["values"]
    assert all(
        value["kind"] in ("measured", "modelled", "cited") and value["source"] for value in values.values()
    )
    kinds = {path: value["kind"] for path, value in values.items()}
    assert kinds["point.accuracy"] == kinds["reveal.measured"] == kinds["noise.slope_noisy"] == "measured"
    assert kinds["check.fid.limit"] == kinds["noise.steps_agnostic"] == kinds["cost.total"] == "modelled"
    assert "after it had seen the map" in values["check.fid.limit"]["source"]


# -- the challenge -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_the_challenge_begins_unsolved_and_can_be_solved(track):
    """Every track begins outside its region, with advice; inside it, all four limits are kept."""
    track_map = gap_map.read(datasets.gap_maps(), track.id)
    limits = mix.Limits(*(getattr(track.part_3.limits, name).value for name in ("accuracy", "fid", "recall")))
    i, j = np.argwhere(track_map.feasible(limits))[0]

    async def conversation(page):
        await begin(page, track.id, seeds=5)
        start = set(page.of_type("results")[-1]["cases"])
        failing = [name for name in ("accuracy", "fid", "recall", "supply") if f"{name}-fails" in start]
        assert "challenge-fails" in start and failing
        for name in set(failing) - {"supply"}:
            assert sum(case.startswith(f"{name}-try-") for case in start) == 1
        await page.patch("Synthetic share", round(100 * track_map.shares[i]))
        await page.patch("Domain randomisation", round(float(track_map.randomisations[j]), 2))
        await page.rest()
        assert {"challenge-solved", "accuracy-ok", "fid-ok", "recall-ok", "supply-ok", "agrees"} <= set(
            page.of_type("results")[-1]["cases"]
        )

    page = hold(conversation)
    last, facts = page.last, track.part_3.limits
    assert last["check.accuracy.value"] >= last["check.accuracy.limit"] == facts.accuracy.value
    assert last["check.fid.value"] <= last["check.fid.limit"] == facts.fid.value
    assert last["check.supply.value"] <= last["check.supply.limit"] == track.part_3.real.value


def test_the_advice_names_the_most_helpful_step():
    """Of the four neighbours on the map, the advice names the one with the best value of the failing measure."""
    track_map = gap_map.read(datasets.gap_maps(), "tiny")
    fid = track_map.measures["fid"]
    steps = {
        "more-synthetic": fid[9, 2],
        "less-synthetic": fid[7, 2],
        "more-random": fid[8, 3],
        "less-random": fid[8, 1],
    }

    async def conversation(page):
        await begin(page, "tiny", synthetic=80, randomisation=0.2)

    cases = hold(conversation).of_type("results")[-1]["cases"]
    assert f"fid-try-{min(steps, key=steps.get)}" in cases


@pytest.mark.parametrize("track", TRACKS, ids=lambda track: track.id)
def test_an_optimum_at_the_supply_limit_is_reported(track):
    """If the best point of a region has the smallest share that the supply allows, a case says so."""
    track_map = gap_map.read(datasets.gap_maps(), track.id)
    limits = mix.Limits(*(getattr(track.part_3.limits, name).value for name in ("accuracy", "fid", "recall")))
    inside = track_map.feasible(limits)
    values, cases = {}, []
    situation = mix_situation.Situation(track, track_map.setting, track_map.seeds, 0.05, map=track_map)
    figures._region(situation, track_map, "here", values, cases)
    best = np.where(inside, track_map.measures["accuracy"], 0).max(1).argmax()
    supply = np.flatnonzero(
        (1 - track_map.shares) * track_map.setting.total <= track_map.setting.real + 1e-6
    )[0]
    assert ("best-at-supply" in cases) == (best == supply)
    assert values["region.cells"].value == inside.sum()


# -- folded settings and the reader's own map ------------------------------------------------------------------


def test_other_settings_wait_for_the_live_run_and_may_have_their_own_map(monkeypatch):
    """With fewer real samples the track's map is not used for the checks, and a small map can be measured."""
    monkeypatch.setattr(small_map, "AXIS", (0.0, 0.5, 1.0))
    monkeypatch.setattr(small_map, "SEEDS", 2)

    async def conversation(page):
        await begin(page, "tiny", synthetic=50, randomisation=0.5)
        await page.patch("Real samples available", 200)
        first = page.of_type("results")[-1]
        assert {"map-other", "accuracy-waits"} <= set(first["cases"])
        assert page.last["point.accuracy"] is None
        await page.rest()
        assert "supply-fails" in page.of_type("results")[-1]["cases"] and page.last["mix.trained"] == 400
        await page.ask("remap")
        await page.rest()
        assert "map-own" in page.of_type("results")[-1]["cases"]
        assert page.last["map.accuracy"] == page.last["live.accuracy"]
        assert len(page.bench.map_plot.cells.data["x"]) == 9
        await page.ask("remap")
        await page.patch("Real samples available", 300)  # it was sent before the button was pressed
        await page.rest()
        assert "map-own" in page.of_type("results")[-1]["cases"]
        await page.patch("Real samples available", 500)
        await page.rest()
        assert "map-seeds" in page.of_type("results")[-1]["cases"]
        assert len(page.bench.map_plot.cells.data["x"]) == 121

    hold(conversation)


def test_too_few_samples_give_a_message():
    """If a mix leaves too little to train on, a sentence says what to do, and the next change works."""

    async def conversation(page):
        await begin(page, "tiny")
        await page.patch("Real samples available", 0)
        await page.rest()
        assert "use more synthetic or more real ones" in page.sentences[-1]
        await page.patch("Synthetic share", 100)
        await page.rest()

    page = hold(conversation)
    assert page.last["mix.real"] == 0 and "no-real-alone" in page.of_type("results")[-1]["cases"]
    assert page.of_type("trouble") == []


def test_rain_and_noise_reach_the_training(data):
    """The folded settings are part of the `Setting` that is measured."""

    async def conversation(page):
        await begin(
            page, "mobile", rain="hand", wet_share=80, simulator_rain="yes", label_noise=20, total=120
        )

    page = hold(conversation)
    assert page.bench.setting() == mix.Setting(
        0.1, 0.7, total=120, real=600, wet_share=0.8, simulator_rain=True, label_noise=0.2, critical=6
    )
    summary = mix.summary(page.bench.setting(), *data, (1, 2))
    assert page.last["point.accuracy"] == summary["accuracy"].mean


# -- strategies, costs, transfer -----------------------------------------------------------------------------


def test_every_strategy_is_measured_with_its_costs(tiny, data):
    """The mix, its real samples alone, and these with experts' labels are each measured, with their costs."""
    rows = tiny.of_type("results")[-1]["tables"]["Strategies"]["rows"]
    assert [row[1:3] for row in rows] == [[500, 500], [500, 0], [500, 0]]
    part = track("tiny").part_3
    assert rows[0][3] == pytest.approx(500 * part.real_price.value + 500 * part.synthetic_price.value)
    assert rows[2][3] == pytest.approx(500 * (part.real_price.value + 5))
    alone = mix.Setting(0.0, 0.0, total=500, real=500, critical=8)
    assert tiny.last["strategy.real.accuracy"] == mix.summary(alone, *data, (1, 2))["accuracy"].mean
    gain = tiny.last["strategy.gain"]
    assert gain == pytest.approx(
        100 * (tiny.last["strategy.mix.accuracy"] - tiny.last["strategy.real.accuracy"])
    )
    assert tiny.last["strategy.gain_low"] < gain < tiny.last["strategy.gain_high"]


def test_expert_labels_repair_label_noise():
    """With 30 % of the real labels wrong, experts' labels of the same samples are better."""

    async def conversation(page):
        await begin(page, "mobile", label_noise=30)

    last = hold(conversation).last
    assert last["strategy.expert.accuracy"] > last["strategy.real.accuracy"] + 0.02


def test_changed_prices_change_no_measurement():
    """An edited assumption changes costs and steps but no measurement, and invalid ones are refused."""

    async def conversation(page):
        await begin(page)
        before = page.last
        await page.ask("assume", assumptions={"real_price": 1, "deadline_steps": 1})
        after = page.last
        assert after["cost.real"] == before["mix.real"]
        assert after["noise.deadline"] == 1 and "steps-clean-fails" in page.of_type("results")[-1]["cases"]
        assert after["point.accuracy"] == before["point.accuracy"]
        for invalid in ({"real_price": -1}, {"target_error": 2}, {"gold": 3}, {"clean_steps": 0}):
            count = len(page.sentences)
            await page.ask("assume", assumptions=invalid)
            assert len(page.sentences) == count + 1
        assert page.last["cost.real"] == after["cost.real"]

    hold(conversation)


# -- noise -----------------------------------------------------------------------------------------------------


def test_the_noise_panel_measures_both_laws(tiny):
    """The panel has exponents within .05 of −1, −1 and −½ with intervals, the factor of flips, and steps by law."""
    last = tiny.last
    for name, theory in (("clean", -1), ("noisy", -1), ("coin", -0.5)):
        assert abs(last[f"noise.slope_{name}"] - theory) <= 0.05
        assert (
            last[f"noise.slope_{name}_low"] < last[f"noise.slope_{name}"] < last[f"noise.slope_{name}_high"]
        )
    assert last["noise.slope_noisy"] == noise.threshold_slope(0.05, 1, 600)[0]
    assert last["noise.factor"] == pytest.approx(1 / 0.81)
    assert last["noise.agnostic_factor"] == 10
    assert last["noise.steps_measured"] == last["noise.ratio"] * last["noise.steps_clean"]


def test_the_tenfold_steps_of_the_card_follow_the_agnostic_law():
    """On the mobile track 5 % random flips are in time, the agnostic law and the card's 10x are not."""

    async def conversation(page):
        await begin(page, "mobile")

    page = hold(conversation)
    rows = page.of_type("results")[-1]["tables"]["TrainingSteps"]["rows"]
    assert [row[-1] for row in rows] == ["✓ in time", "✓ in time", "✓ in time", "✗ too late", "✗ too late"]
    assert rows[3][1] == rows[4][1] == label_noise.CARD_FACTOR == 10


def test_another_noise_rate_is_measured_once():
    """Another rate needs another experiment, and a return to the first needs none."""

    async def conversation(page):
        await begin(page)
        await page.patch("Label noise to inject", 20)
        await page.rest()
        assert page.last["noise.rate"] == 0.2 and page.last["noise.ratio"] > 2
        page.messages.clear()
        await page.patch("Label noise to inject", 5)
        assert page.last["noise.ratio"] < 2 and not page.bench.working

    hold(conversation)


# -- pictures, tables, work --------------------------------------------------------------------------------------


def test_the_sheet_shows_the_samples_of_the_setting(tiny, data):
    """Its rows show the training set, the field and the heavy rain of the setting, each with a text alternative."""
    rows = {row["name"]: row for row in tiny.of_type("pictures")[-1]["rows"]}
    assert list(rows) == ["training", "real", "synthetic", "field", "heavy"]
    drawn = mix.samples(tiny.bench.setting(), *data, 1)
    ink = {tuple(np.round(16 * x).astype(int)) for x in drawn["X_train"]}
    assert all(tuple(picture["ink"]) in ink for picture in rows["training"]["pictures"])
    assert [picture["mark"] for picture in rows["training"]["pictures"]] == ["real"] * 10 + ["synthetic"] * 10
    assert [picture["label"] for picture in rows["real"]["pictures"]] == list(range(10))
    for dry, wet in zip(rows["real"]["pictures"], rows["field"]["pictures"], strict=True):
        assert dry["label"] == wet["label"] and dry["ink"] != wet["ink"]
    assert {picture["label"] for picture in rows["heavy"]["pictures"]} == {8}
    assert all(row["alt"].startswith(row["title"]) and "Mean ink" in row["alt"] for row in rows.values())


def test_the_sheet_follows_the_settings(data):
    """Another randomisation draws other synthetic digits and the same real ones; without rain the field is dry."""

    def rows(**changed):
        setting = mix.Setting(**({"share": 0.5, "randomisation": 0.1} | changed))
        return {row["name"]: [p["ink"] for p in row["pictures"]] for row in pictures.sheet(setting, *data, 1)}

    plain, wild, dry = rows(), rows(randomisation=0.9), rows(wet_share=0.0)
    assert plain["real"] == wild["real"] and plain["synthetic"] != wild["synthetic"]
    assert dry["field"] == dry["real"] and plain["field"] != plain["real"]


def test_the_table_of_the_map_has_every_point(tiny):
    """The table has all 121 points, with the region and the reader's point marked, for the chosen measure."""
    table = tiny.of_type("results")[-1]["tables"]["DomainGapPlot"]
    track_map = gap_map.read(datasets.gap_maps(), "tiny")
    cells = [row[1:] for row in reversed(table["rows"])]
    values = [[float(cell.split()[0]) for cell in row] for row in cells]
    assert np.allclose(np.array(values).T, 100 * track_map.measures["accuracy"], atol=0.051)
    text = json.dumps(table, ensure_ascii=False)
    assert text.count("★") == 5 and text.count("◯") == 1


def test_the_map_can_show_another_measure():
    """If FID is chosen, plot and table show FID, and the region stays the same."""

    async def conversation(page):
        await begin(page, "tiny")
        await page.patch("The map shows", "FID")
        await page.rest()

    page = hold(conversation)
    track_map = gap_map.read(datasets.gap_maps(), "tiny")
    assert page.bench.map_plot.cells.data["text"][0] == f"{track_map.measures['fid'][0, 0]:.2f}"
    assert "FID" in page.of_type("results")[-1]["tables"]["DomainGapPlot"]["columns"][0]["label"]
    assert len(page.bench.map_plot.inside.data["x"]) == 5


def test_a_narrow_page_gets_the_same_digits():
    """On a phone the cells show the decimal that the limit has, in smaller type."""

    async def conversation(page):
        await begin(page, "tiny")
        await page.ask("narrow", narrow=True)
        assert page.bench.map_plot.words.glyph.text_font_size == "10px"
        await page.ask("narrow", narrow=False)

    page = hold(conversation)
    assert page.bench.map_plot.words.glyph.text_font_size == "11px"
    assert page.bench.map_plot.words.glyph.text == "text"
    assert all(re.fullmatch(r"\d+\.\d", text) for text in page.bench.map_plot.cells.data["text"])


def test_teeth_point_to_the_side_that_keeps_the_limit():
    """On each border of a limit a tooth ends in the cell that keeps the limit; the other side does not keep it."""

    async def conversation(page):
        await begin(page, "tiny")

    page = hold(conversation)
    plot, track_map = page.bench.map_plot, gap_map.read(datasets.gap_maps(), "tiny")
    limit = next(
        row for row in page.of_type("results")[-1]["values"].items() if row[0] == "check.accuracy.limit"
    )[1]["value"]
    teeth, borders = plot.teeth["accuracy"].data, plot.lines["accuracy"].data
    assert len(teeth["x0"]) == len(borders["x0"]) > 0
    shares, strengths = 100 * track_map.shares, track_map.randomisations
    for x0, y0, x1, y1 in zip(teeth["x0"], teeth["y0"], teeth["x1"], teeth["y1"], strict=True):
        inside, outside = (
            track_map.measures["accuracy"][abs(shares - x).argmin(), abs(strengths - y).argmin()]
            for x, y in ((x1, y1), (2 * x0 - x1, 2 * y0 - y1))
        )
        assert inside >= limit > outside


def test_nothing_is_trained_until_the_part_is_shown():
    """A part that is opened but not shown reads no data and does no work."""

    async def conversation(page):
        await page.open(FALLS, track="edge")
        await page.rest()
        assert page.loaded == [] and page.of_type("work") == [] and page.bench.runs == {}

    hold(conversation)


def test_the_newest_setting_wins_and_cancel_stops_the_work(monkeypatch):
    """If moves follow each other quickly, only the last is trained; after a cancellation the next move starts again."""
    monkeypatch.setattr(bench, "PAUSE", 0.1)

    async def conversation(page):
        await begin(page, "edge")
        run_count = len(page.bench.runs)
        for share in (20, 40, 60):
            await page.patch("Synthetic share", share)
            await asyncio.sleep(0)
        await page.rest()
        trained = {setting.share for setting, _ in list(page.bench.runs)[run_count:]} - {0.0}
        assert trained == {0.6}
        page.messages.clear()
        await page.patch("Synthetic share", 80)
        await asyncio.sleep(bench.PAUSE + 0.05)
        await page.send("cancel")
        assert not page.bench.working and page.of_type("work")[-1]["label"] == ""
        await page.patch("Synthetic share", 85)
        await page.rest()
        assert "live-done" in page.of_type("results")[-1]["cases"]

    hold(conversation)


def test_an_unreadable_file_is_reported_and_retried():
    """If a data file cannot be read, the page gets a message, and the next change tries again."""

    async def conversation(page):
        async def fail_to_load(name):
            raise OSError(f"{name} could not be downloaded")

        load, page.bench.load = page.bench.load, fail_to_load
        await begin(page)
        assert page.of_type("trouble")[-1]["text"] == "OSError: digits.u8.gz could not be downloaded"
        page.bench.load = load
        await page.patch("Synthetic share", 60)
        await page.rest()
        assert page.of_type("results")[-1]["locked"] is False

    hold(conversation)


def test_reported_settings_restore_the_state():
    """Reported settings open the same state again; an invalid one is named, and the rest is kept."""

    async def conversation(page):
        await begin(
            page, "cloud", synthetic=35, randomisation=0.45, total=300, real=250, measure="fid", noise=12
        )
        settings = page.of_type("results")[-1]["settings"]
        await page.open(FALLS, track="cloud", settings={**settings, "total": 5, "depth": 3})
        await page.rest()
        assert page.of_type("results")[-1]["settings"] == {**settings, "total": 1000}
        assert any("total must be between 20 and 3000" in text for text in page.sentences)
        assert any("there is no setting 'depth'" in text for text in page.sentences)

    hold(conversation)


def test_the_prediction_is_on_the_map_after_the_lock(tiny):
    """The move from 10 % to 90 % synthetic is a line on the map, with what was predicted and measured."""
    plot = tiny.bench.map_plot
    assert plot.move_ends.data["x"] == [10, 90]
    values = tiny.of_type("results")[-1]["values"]
    said = f"you said {values['reveal.prediction']['value']:+.0f}, "
    found = f"measured {values['reveal.measured']['value']:+.1f} points"
    assert plot.move_name.data["text"] == [(said + found).replace("-", "−")]
