"""What a report says in words: the prediction beside the measurement, and the constraints."""

import pytest

from dataselect_core.ledger import SCHEMA, Ledger, report_markdown

AT = "2026-11-23T12:00:00.000Z"


def figure(value, unit=""):
    """A figure as a record has it."""
    return {"value": value, "unit": unit, "kind": "measured", "source": "here"}


def told(part, values, cases=(), track="edge"):
    """The report of one who captured these figures."""
    figures = {path: figure(*(value if isinstance(value, tuple) else (value,))) for path, value in values.items()}
    evidence = {"at": AT, "lab": "0.1.0", "settings": {}, "assumptions": {}, "values": figures, "cases": list(cases)}
    prediction = {"value": 1, "said": "as said", "why": "", "locked_at": AT}
    entries = {f"{track}/{part}/{name}": {"value": value, "at": 1}
               for name, value in (("prediction", prediction), ("evidence", evidence))}
    return report_markdown(Ledger({"schema": SCHEMA, "lab": "0.1.0", "reader": "r", "entries": entries}))


@pytest.mark.parametrize(("direction", "factor", "ratio", "sentence"), [
    ("more", 2, 1.535, ("Predicted more samples by a factor of 2, measured fewer samples by a factor of 1.535: the direction is "
     "wrong. As labels of random sampling ÷ labels of uncertainty sampling that is 0.5 predicted and 1.535 measured, "
     "3.07 times apart.")),
    ("fewer", 2, 1.6, ("Predicted fewer samples by a factor of 2, measured fewer samples by a factor of 1.6: the direction is "
     "right. As labels of random sampling ÷ labels of uncertainty sampling that is 2 predicted and 1.6 measured, "
     "1.25 times apart.")),
    ("more", 2, 0.8, ("Predicted more samples by a factor of 2, measured more samples by a factor of 1.25: the direction is "
     "right. As labels of random sampling ÷ labels of uncertainty sampling that is 0.5 predicted and 0.8 measured, "
     "1.6 times apart.")),
    ("same", 1, 2, ("Predicted about as many samples, measured fewer samples by a factor of 2: the direction is wrong. "
     "As labels of random sampling ÷ labels of uncertainty sampling that is 1 predicted and 2 measured, 2 times apart.")),
    ("same", 3, 1.05, ("Predicted about as many samples, measured about as many samples: the direction is right. "
     "As labels of random sampling ÷ labels of uncertainty sampling that is 1 predicted and 1.05 measured, 1.05 times apart.")),
])
def test_a_factor_the_other_way_round_is_no_near_miss(direction, factor, ratio, sentence):
    """Direction and factor are one ratio, worked out on paper here; the report sets that beside the measured one."""
    values = {"reveal.direction": direction, "reveal.factor": factor, "own.ratio": ratio}
    assert sentence in told("2", values)


@pytest.mark.parametrize("values", [
    {"reveal.direction": "more", "reveal.factor": 2, "own.ratio": None}, {"reveal.factor": 2, "own.ratio": 1.5},
    {"reveal.direction": "up", "reveal.factor": 2, "own.ratio": 1.5},
    {"reveal.direction": "more", "reveal.factor": 0, "own.ratio": 1.5},
])
def test_nothing_is_said_of_a_prediction_that_cannot_be_compared(values):
    """A run that never got there, or a record that says nonsense: no sentence, and no error."""
    assert "Predicted" not in told("2", values)


def test_a_share_is_compared_in_percentage_points():
    """Part 1 predicts a share: its gap is in points."""
    text = told("1", {"reveal.prediction": 0.3, "reveal.measured": 0.441})
    assert "Predicted 30.0 %, measured 44.1 %: a gap of 14.1 percentage points." in text
