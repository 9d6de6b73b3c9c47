"""The figures of the Data Wall that the synthesis names, for every track, computed when the lab is built."""

YEARS = 3


def figures():
    """Figures by track, modelled; and the chapter's own example, with the numbers that it states cited."""
    from dataselect_core.economics import Assumptions
    from dataselect_core.facts import load
    from dataselect_core.scaling.data_wall import chapter_cluster, data_wall, years_to_wall
    from dataselect_core.tracks import TRACKS

    cited = load("chapter")["repetition"]
    cluster = chapter_cluster(Assumptions()["peak_flops"].value)
    values = {"cluster": cluster, "rereads": cluster / cited["curated"]["value"], **cited}
    for track in TRACKS:
        one, two, three = track.part_1, track.part_2, track.part_3
        tokens = one.tokens.value
        unique = tokens * (1 - one.redundancy.value)
        later = data_wall(one.parameters.value, tokens, unique, YEARS)
        epsilon = three.target_error.value
        values[track.id] = {
            "years": years_to_wall(tokens, unique),
            "epochs": later.epochs,
            "worth": later.worth,
            "labels": two.budget.value // two.label_price.value,
            "clean": 1 / epsilon,
            "noisy": 1 / epsilon**2,
            "hundred": 100 * three.real_price.value,
            "hundred_synthetic": 100 * three.synthetic_price.value,
        }
    return _modelled(values)


def _modelled(value):
    if isinstance(value, dict) and "kind" in value:
        return value
    if isinstance(value, dict):
        return {name: _modelled(item) for name, item in value.items()}
    return {"value": value, "kind": "modelled"}
