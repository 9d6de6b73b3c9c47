"""The sentences of a report: the prediction next to the measurement, and the constraints."""

import copy

import pytest

from dataselect_core import facts
from dataselect_core.ledger import SCHEMA, Ledger, report_html, report_markdown
from dataselect_core.ledger.constraints import constraints
from dataselect_core.tracks import TRACKS

AT = "2026-11-23T12:00:00.000Z"


def figure(value, unit=""):
    """A figure as it is in a record."""
    return {"value": value, "unit": unit, "kind": "measured", "source": "here"}


def report_text(part, values, cases=(), track="edge", lines=None):
    """The report of a reader who captured these figures."""
    figures = {
        path: figure(*(value if isinstance(value, tuple) else (value,))) for path, value in values.items()
    }
    evidence = {
        "at": AT,
        "lab": "0.1.0",
        "settings": {},
        "assumptions": {},
        "values": figures,
        "cases": list(cases),
    }
    prediction = {"value": 1, "said": "as said", "why": "", "locked_at": AT}
    entries = {
        f"{track}/{part}/{name}": {"value": value, "at": 1}
        for name, value in (("prediction", prediction), ("evidence", evidence))
    }
    return report_markdown(
        Ledger({"schema": SCHEMA, "lab": "0.1.0", "reader": "r", "entries": entries}), lines
    )


@pytest.mark.parametrize(
    ("direction", "factor", "ratio", "sentence"),
    [
        (
            "more",
            2,
            1.535,
            (
                "Predicted more samples by a factor of 2, measured fewer samples by a factor of 1.535: the direction is "
                "wrong. As labels of random sampling ÷ labels of uncertainty sampling that is 0.5 predicted and 1.535 measured, "
                "3.07 times apart."
            ),
        ),
        (
            "fewer",
            2,
            1.6,
            (
                "Predicted fewer samples by a factor of 2, measured fewer samples by a factor of 1.6: the direction is "
                "right. As labels of random sampling ÷ labels of uncertainty sampling that is 2 predicted and 1.6 measured, "
                "1.25 times apart."
            ),
        ),
        (
            "more",
            2,
            0.8,
            (
                "Predicted more samples by a factor of 2, measured more samples by a factor of 1.25: the direction is "
                "right. As labels of random sampling ÷ labels of uncertainty sampling that is 0.5 predicted and 0.8 measured, "
                "1.6 times apart."
            ),
        ),
        (
            "same",
            1,
            2,
            (
                "Predicted about as many samples, measured fewer samples by a factor of 2: the direction is wrong. "
                "As labels of random sampling ÷ labels of uncertainty sampling that is 1 predicted and 2 measured, 2 times apart."
            ),
        ),
        (
            "same",
            3,
            1.05,
            (
                "Predicted about as many samples, measured about as many samples: the direction is right. "
                "As labels of random sampling ÷ labels of uncertainty sampling that is 1 predicted and 1.05 measured, 1.05 times apart."
            ),
        ),
    ],
)
def test_direction_and_factor_are_compared_as_one_ratio(direction, factor, ratio, sentence):
    """Direction and factor are one ratio, worked out on paper here; the report shows it next to the measured ratio."""
    values = {"reveal.direction": direction, "reveal.factor": factor, "own.ratio": ratio}
    assert sentence in report_text("2", values)


@pytest.mark.parametrize(
    "values",
    [
        {"reveal.direction": "more", "reveal.factor": 2, "own.ratio": None},
        {"reveal.factor": 2, "own.ratio": 1.5},
        {"reveal.direction": "up", "reveal.factor": 2, "own.ratio": 1.5},
        {"reveal.direction": "more", "reveal.factor": 0, "own.ratio": 1.5},
    ],
)
def test_a_prediction_that_cannot_be_compared_gives_no_sentence(values):
    """A run that never reached the target, or invalid values in a record, give no sentence and no error."""
    assert "Predicted" not in report_text("2", values)


def test_a_share_is_compared_in_percentage_points():
    """Part 1 predicts a share: its gap is in points."""
    text = report_text("1", {"reveal.prediction": 0.3, "reveal.measured": 0.441})
    assert "Predicted 30.0 %, measured 44.1 %: a gap of 14.1 percentage points." in text


@pytest.mark.parametrize(
    ("part", "track", "values", "cases", "rows", "binding"),
    [
        (
            "1",
            "tiny",
            {
                "budget.value": 0.656,
                "budget.limit": (0.6, "share of raw training FLOPs"),
                "guardrail.value": 0.01,
                "guardrail.limit": (0.05, "share of removed clips"),
            },
            ["budget-fails", "guardrail-ok"],
            [
                "| Budget: compute left after deduplication | 65.6 % | ≤ 60.0 % | of raw FLOPs | not met |",
                "| Guardrail: chained removals | 1.0 % | ≤ 5.0 % | of what was removed | met |",
            ],
            "Budget: compute left after deduplication",
        ),
        (
            "2",
            "mobile",
            {
                "budget.value": (12_000, "$"),
                "budget.limit": (14_000, "$"),
                "guardrail.value": (9, "rounds"),
                "guardrail.limit": (8, "rounds"),
            },
            ["budget-ok", "guardrail-fails"],
            [
                "| Budget: cost of the project | $12,000 | ≤ $14,000 | in all | met |",
                "| Guardrail: rounds of selection | 9 | ≤ 8 | rounds | not met |",
            ],
            "Guardrail: rounds of selection",
        ),
        (
            "2",
            "edge",
            {"guardrail.value": 0.4, "guardrail.limit": (0.15, "recall of the rare class")},
            ["guardrail-ok"],
            [
                "| Guardrail: recall of the watched class | 40.0 % | ≥ 15.0 % | of its test samples | met |",
            ],
            "Guardrail: recall of the watched class",
        ),
        (
            "3",
            "edge",
            {
                "fid.value": 0.41234,
                "fid.limit": (0.3, "squared block inks"),
                "supply.value": (1080, "samples"),
                "supply.limit": (700, "samples"),
                "recall.value": None,
                "recall.limit": 0.7,
            },
            ["fid-fails", "supply-ok"],
            [
                "| Domain gap: FID | 0.412 | ≤ 0.300 | squared block inks | not met |",
                "| Supply: real samples asked for | 1,080 | ≤ 700 | samples | met |",
                "| Safety: recall of the critical class in heavy rain | – | ≥ 70.0 % | of its pictures | – |",
            ],
            "Domain gap: FID",
        ),
    ],
)
def test_constraints_have_the_names_and_formats_of_the_page(part, track, values, cases, rows, binding):
    """Value and limit have the same format, whatever units their figures have, and the binding one has its title."""
    text = report_text(part, {f"check.{name}": value for name, value in values.items()}, cases, track)
    assert all(row in text for row in rows)
    assert f"Binding constraint: {binding}." in text


def test_the_report_follows_the_table_of_constraints(monkeypatch):
    """Title, sign, format and unit of every constraint come from the table and from no other place."""
    load = facts.load
    table = load("constraints")
    for track in TRACKS:
        for part in "123":
            for name in constraints(track.id, part):
                changed = copy.deepcopy(table)
                row = changed[part][name]
                row = row if "title" in row else row[track.part_2.guardrail]
                row.update(title="Another title", sign="≈", format="integer", unit="of another thing")
                monkeypatch.setattr(
                    facts, "load", lambda name, new=changed: new if name == "constraints" else load(name)
                )
                values = {f"check.{name}.value": 41, f"check.{name}.limit": 42}
                text = report_text(part, values, [f"{name}-ok"], track.id)
                assert "| Another title | 41 | ≈ 42 | of another thing | met |" in text, (
                    track.id,
                    part,
                    name,
                )


@pytest.mark.parametrize("unit", ["words", "pixels", "audio samples"])
def test_a_label_uses_the_unit_of_the_corpus(unit):
    """The label of what was removed uses the unit of this corpus."""
    lines = {"1": [["{removed.words} removed", "removed.words_share", "percent"]]}
    text = report_text("1", {"removed.words": (500, unit), "removed.words_share": 0.5}, lines=lines)
    assert f"| {unit.capitalize()} removed | 50.0 % | measured |" in text


@pytest.mark.parametrize("form", [report_markdown, report_html])
def test_the_decision_comes_first_and_the_record_last(form):
    """Decision, prediction, measurement, settings, checks, reflection, then all figures and the reader's number."""
    values = {
        "reveal.prediction": figure(0.3),
        "reveal.measured": figure(0.441),
        "check.budget.value": figure(0.6),
        "check.budget.limit": figure(0.6),
    }
    evidence = {
        "at": AT,
        "settings": {
            "corpus": "licences",
            "threshold": 0.7,
            "budget_limit": 0.6,
            "banding": "auto",
            "rows": 4,
        },
        "values": values,
        "cases": ["budget-ok"],
    }
    entries = {
        "edge/1/prediction": {"value": 30, "said": "as said", "why": "a guess", "locked_at": AT},
        "edge/1/evidence": evidence,
        "edge/1/decision": "Stop at 0.7.",
        "edge/1/reflection": "Duplicates enlarge O.",
        "edge/synthesis/decision": "Remove first.",
    }
    entries = {key: {"value": value, "at": 1} for key, value in entries.items()}
    text = form(Ledger({"schema": SCHEMA, "lab": "0.1.0", "reader": "number-of-r", "entries": entries}))
    order = (
        "Remove first.",
        "Stop at 0.7.",
        "because: a guess",
        "Predicted 30.0 %, measured 44.1 %",
        (
            "Settings: Corpus Licence texts (real), Similarity threshold 0.700, Bands × rows Set by the threshold, "
            "budget at most 60.0 %."
        ),
        "Constraint check",
        "Duplicates enlarge O.",
        "Figures in full",
        "Evidence captured",
        "All captured figures",
        "number-of-r",
    )
    places = [text.find(words) for words in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places, strict=True))
    if form is report_html:
        assert text.index("<details>") < text.index("Figures in full") < text.index("</details>")
