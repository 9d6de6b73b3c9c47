"""The workbenches under the limits of a class link: reported, applied, kept with the evidence, and recomputable."""

import re

import pytest
from apps.part1 import bench as part1
from apps.part2 import bench as part2
from apps.part3 import bench as part3
from quiet_page import shorten_experiments, talk

from dataselect_core.figures import class_limits
from dataselect_core.ledger import Ledger, verify
from dataselect_core.ledger.report import report_markdown
from dataselect_core.tracks import track

FEWER = {"direction": "fewer", "prediction": 1.5}
FALLS = {"direction": "falls", "prediction": 10}
LIMITS = {
    "budget_limit": 0.55,
    "target_limit": 0.8,
    "cost_limit": 900,
    "overhead_limit": 0.2,
    "rounds_limit": 4,
    "accuracy_limit": 0.9,
    "fid_limit": 0.8,
    "recall_limit": 0.7,
    "supply_limit": 300,
    "deadline_limit": 5,
}
"""Limits of all parts: a link opens one part and applies to all of them."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Make experiments on noise small, and remove the pause for newer settings."""
    shorten_experiments(monkeypatch)


def project(track_id="mobile", limits=LIMITS, **state):
    """A page of part 2 after one run of margin sampling and a marker."""

    async def conversation(page):
        settings = {"seeds": 1, "budget": 80, "batch": 20, "strategy": "margin", **state.pop("settings", {})}
        await page.open(
            FEWER,
            track=track_id,
            predictions={"2": FEWER},
            limits=limits,
            fixed=["limits"],
            settings=settings,
            **state,
        )
        await page.rest()
        await page.ask("run")
        await page.rest()
        await page.ask("commit", run=1, labels=60)

    return talk(conversation, part2.LabelingROI)


def mix(track_id="mobile", limits=LIMITS, **settings):
    """A page of part 3 after everything at its setting is measured."""

    async def conversation(page):
        await page.open(
            FALLS,
            track=track_id,
            limits=limits,
            fixed=["limits"],
            settings={"seeds": 2, "total": 200, **settings},
        )
        await page.ask("show")
        await page.rest()

    return talk(conversation, part3.DomainGapSynthesis)


def stated_limits(page):
    """The limits of the constraint check, with their sources."""
    values = page.of_type("results")[-1]["values"]
    return {
        path.split(".")[1]: (value["value"], value["source"])
        for path, value in values.items()
        if path.startswith("check.") and path.endswith(".limit")
    }


def check_evidence(page, part, prediction, values=None):
    """The result of a teacher's check of the captured evidence."""
    results = page.of_type("results")[-1]
    values = {
        path: value
        for path, value in (values or results["values"]).items()
        if path not in results.get("session", ())
    }
    cases = [case for case in results["cases"] if case not in results.get("session", ())]
    evidence = {name: results[name] for name in ("settings", "assumptions", "engine")} | {
        "values": values,
        "cases": cases,
    }
    entries = {"prediction": {"value": prediction, "said": "said"}, "evidence": evidence}
    return verify(
        Ledger(
            {
                "schema": 3,
                "lab": "0.1.0",
                "reader": "r",
                "entries": {
                    f"{results['track']}/{part}/{name}": {"value": value, "at": 1}
                    for name, value in entries.items()
                },
            }
        )
    )


def test_part_2_applies_and_records_the_class_limits():
    """Target, budget and guardrail are the link's; the settings include all three, and reproduce every figure."""
    page = project()
    by_class = {"target": 0.8, "budget": 900, "guardrail": 4}
    assert stated_limits(page) == {name: (value, class_limits.SOURCE) for name, value in by_class.items()}
    results = page.of_type("results")[-1]
    assert {name: results["settings"][name] for name in results["settings"] if name.endswith("_limit")} == {
        "target_limit": 0.8,
        "cost_limit": 900,
        "rounds_limit": 4,
    }
    assert page.bench.plot.target.location == 0.8
    checks = check_evidence(page, "2", FEWER)
    assert len(checks) > 80 and all(check.agrees for check in checks)


def test_the_report_names_the_class_limits():
    """The head lists the link's limits, the check shows the limits that applied, each with its source."""
    page = project()
    results = page.of_type("results")[-1]
    values = {path: value for path, value in results["values"].items() if path not in results["session"]}
    evidence = {name: results[name] for name in ("settings", "assumptions", "cases")} | {"values": values}
    entries = {
        "class": {"name": "CS-101", "seed": None, **LIMITS},
        "mobile/2/evidence": evidence,
        "mobile/2/prediction": {"value": FEWER, "said": "fewer"},
    }
    text = report_markdown(
        Ledger(
            {
                "schema": 2,
                "lab": "0.1.0",
                "reader": "r",
                "entries": {key: {"value": value, "at": 1} for key, value in entries.items()},
            }
        )
    )
    unescaped = text.replace("\\", "")
    assert (
        "Link of the class: CS-101, budget at most 55.0 %, accuracy at least 80.0 %, project at most $900"
        in unescaped
    )
    assert re.search(
        r"\| Budget: cost of the project \| \$[\d.,]+ \| ≤ \$900 \| in all \| (not )?met \|", unescaped
    )
    assert re.search(
        r"\| check.budget.limit \| 900 \| \$ \| modelled \| set by the link of a class \|", unescaped
    )
    assert "rounds of selection at most 4" in unescaped


def test_another_limit_changes_the_verdict_of_part_2():
    """The same run misses the track's target and meets the class's target, and the optimum changes."""
    of_track, of_class = project(limits={}), project(limits={"target_limit": 0.6, "cost_limit": 1e6})
    cases = [set(page.of_type("results")[-1]["cases"]) for page in (of_track, of_class)]
    assert "target-fails" in cases[0] and {"target-ok", "budget-ok"} <= cases[1]
    assert "verdict-short" in cases[0] and cases[1] & {"verdict-dear", "verdict-close"}
    assert of_track.last["run.labels"] == of_class.last["run.labels"]
    assert of_track.last["run.accuracy"] == of_class.last["run.accuracy"]
    assert of_track.last["optimum.cost"] > of_class.last["optimum.cost"]
    own = track("mobile").part_2
    assert stated_limits(of_track) == {
        "target": (own.target.value, own.target.source),
        "budget": (own.budget.value, own.budget.source),
        "guardrail": (own.limit.value, own.limit.source),
    }


def test_part_3_applies_and_records_the_class_limits():
    """Demands, supply and deadline are the link's; the settings include all five, and reproduce every figure."""
    page = mix()
    by_class = {"accuracy": 0.9, "fid": 0.8, "recall": 0.7, "supply": 300}
    assert stated_limits(page) == {name: (value, class_limits.SOURCE) for name, value in by_class.items()}
    results = page.of_type("results")[-1]
    assert results["settings"]["real"] == 300 and page.bench.real.disabled
    assert {name: results["settings"][name] for name in results["settings"] if name.endswith("_limit")} == {
        name: LIMITS[name]
        for name in ("accuracy_limit", "fid_limit", "recall_limit", "supply_limit", "deadline_limit")
    }
    assert page.last["noise.deadline"] == 5 and "steps-clean-fails" in results["cases"]
    assert results["tables"]["TrainingSteps"]["rows"][0][-1] == "✗ too late"
    checks = check_evidence(page, "3", FALLS)
    assert len(checks) > 100 and all(check.agrees for check in checks)
    forged = {**results["values"], "check.fid.limit": {**results["values"]["check.fid.limit"], "value": 0.9}}
    assert [check.path for check in check_evidence(page, "3", FALLS, forged) if not check.agrees] == [
        "check.fid.limit"
    ]


def test_the_map_region_follows_the_class_limits():
    """The stars in the map's table and plot follow the limits of the link."""
    easy_limits = {"accuracy_limit": 0.5, "fid_limit": 9, "recall_limit": 0.3}
    stars = []
    for limits in ({}, easy_limits):
        page = mix("tiny", limits, total=1000)
        rows = page.of_type("results")[-1]["tables"]["DomainGapPlot"]["rows"]
        stars.append(sum("★" in cell for row in rows for cell in row))
        assert stars[-1] == len(page.bench.map_plot.inside.data["x"]) == page.last["region.cells"]
    assert stars[1] > stars[0] > 0


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("1", ("budget_limit",)),
        ("2", ("target_limit", "cost_limit", "rounds_limit")),
        ("3", ("accuracy_limit", "fid_limit", "recall_limit", "supply_limit", "deadline_limit")),
    ],
)
def test_limits_in_saved_settings_are_ignored(part, names):
    """Limits come from the link alone; limits in settings from an earlier link are ignored silently."""
    bench = {"1": part1.DeduplicationAudit, "2": part2.LabelingROI, "3": part3.DomainGapSynthesis}[part]

    async def conversation(page):
        await page.open(None, track="mobile", settings={name: LIMITS[name] for name in names} | {"seed": 5})
        await page.rest()

    page = talk(conversation, bench)
    assert page.sentences == [] and page.bench.fixed == {}
    settings = page.of_type("results")[-1]["settings"]
    assert settings["seed"] == 5 and not [name for name in settings if name.endswith("_limit")]


@pytest.mark.parametrize(
    ("part", "limits", "words"),
    [
        ("1", {"budget_limit": 7}, "budget_limit must be a number from 0.01 to 1, not 7"),
        ("2", {"target_limit": 0.1}, "target_limit must be a number from 0.5 to 1, not 0.1"),
        ("3", {"fid_limit": "small"}, "fid_limit must be a number from 0.01 to 10, not 'small'"),
        ("3", {"supply_limit": 5000}, "real must be between 0 and 1000, not 5000"),
    ],
)
def test_an_invalid_limit_is_refused_with_a_message(part, limits, words):
    """An invalid limit from a page is named, and the track's limits apply."""
    bench = {"1": part1.DeduplicationAudit, "2": part2.LabelingROI, "3": part3.DomainGapSynthesis}[part]

    async def conversation(page):
        await page.open(None, track="mobile", limits=limits)
        await page.rest()

    page = talk(conversation, bench)
    assert page.sentences == [words] and page.bench.fixed == {}
