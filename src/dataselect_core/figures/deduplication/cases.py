"""The cases of Part 1: which sentences are true for a point."""

from collections.abc import Mapping
from typing import Any

from dataselect_core.dedup.audit import Learning
from dataselect_core.economics.scale import place_in_fit
from dataselect_core.figures.deduplication.situation import Situation
from dataselect_core.values import Value

CLOSE = 3.0  # percentage points within which a prediction counts as close
OUTWEIGH = 1.3  # from this ratio of their shares on, the words are called well above the documents
SAME_LOSS = 0.005  # nats below which two losses count as the same


def cases(situation: Situation, values: Mapping[str, Value], learning: Learning) -> list[str]:
    """The cases at a point: names of the sentences that are true.

    Parameters
    ----------
    situation : deduplication.Situation
    values : dict of str to Value
        From `deduplication.figures`.
    learning : Learning
    """
    number = {path: value.value for path, value in values.items()}
    names = [f"corpus-{situation.corpus}"]
    if situation.corpus != "licences" and "reveal.measured" in number:
        names.append("corpus-beside")  # the licence texts, whose long ones repeat, are shown next to it
    if situation.audit.corpus.kind == "texts":
        names.append("corpus-texts")
    for check in ("budget", "guardrail"):
        fits = number[f"check.{check}.value"] <= number[f"check.{check}.limit"]
        names.append(f"{check}-{'ok' if fits else 'fails'}")
    names.append(binding(number))
    names += _at_scale(number)
    change = number["curve.loss_change"]
    names.append("loss-same" if abs(change) < SAME_LOSS else "loss-better" if change < 0 else "loss-worse")
    if "reveal.measured" not in number:
        names.append("asked-none")
    else:
        points = 100 * (number["reveal.prediction"] - number["reveal.measured"])
        is_close = abs(points) <= CLOSE
        names.append(
            "prediction-close" if is_close else "prediction-low" if points < 0 else "prediction-high"
        )
    saved = number["curve.tokens_saved_share"]
    names.append("reaches-raw" if saved is not None and saved > 0 else "misses-raw")
    if learning.raw.loss[-1] > learning.raw.loss.min() + SAME_LOSS:
        names.append("raw-rises")
    if number["removed.words_share"] > OUTWEIGH * number["removed.documents_share"]:
        names.append("words-outweigh")
    return names


def _at_scale(number):
    """Whether indexing pays in one run of the track's size, and whether the loss law is valid at that size."""
    saved = number["scale.dollars_saved"]
    pays = "scale-saves" if number["scale.net"] > 0 else "scale-costs"
    fit = place_in_fit(number["scale.parameters"], number["scale.tokens"])
    pays_later = ["scale-pays-later"] if pays == "scale-costs" and saved > 0 else []
    return [pays, *pays_later, f"fit-{fit}", *(["fit-known"] if fit != "below" else [])]


def binding(number: Mapping[str, Any]) -> str:
    """Which limit decides: the failing one, else the one with the smaller share left."""
    limits = {
        check: (number[f"check.{check}.value"], number[f"check.{check}.limit"])
        for check in ("budget", "guardrail")
    }
    fails = [check for check, (value, limit) in limits.items() if value > limit]
    if fails:
        return "limits-both-fail" if len(fails) == 2 else f"limits-{fails[0]}-fails"
    used = {check: value / limit if limit else 1.0 for check, (value, limit) in limits.items()}
    return f"limits-{max(used, key=used.__getitem__)}-binds"
