"""The editable assumptions of a part: their fields, from the facts."""

from tools.page_error import PageError


def field_number(value):
    """A number as an <input type=number> takes it; large and small ones with an exponent."""
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        mantissa, _, exponent = f"{value:.6e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.10g}"


def assumption_rows(labels, part, tracks, prices):
    """One row for each assumption of a part.

    Parameters
    ----------
    labels : dict
        Name of a fact -> its label on the page, or None for the title that the fact has.
    part : int
    tracks, prices : dict
        The facts. A fact that a track sets comes from the track; the others come from prices.json.

    Raises
    ------
    PageError
        There is no such fact.
    """
    rows = []
    for name, label in labels.items():
        by_track = {
            track_id: track[f"part_{part}"][name]
            for track_id, track in tracks.items()
            if name in track.get(f"part_{part}", {})
        }
        if by_track and name in prices:  # the other tracks have the lab's
            by_track = {track_id: by_track.get(track_id, prices[name]) for track_id in tracks}
        if not by_track and name not in prices:
            raise PageError(f"part-{part}.md: no fact is named {name!r} in prices.json or tracks.json")
        fact = prices.get(name) or next(iter(by_track.values()))
        start = next(iter(by_track.values()), fact)
        rows.append(
            {
                "name": name,
                "label": label or fact["title"],
                "unit": fact["unit"],
                "value": field_number(start["value"]),
                "minimum": field_number(fact.get("minimum", 1)),
                "maximum": field_number(fact.get("maximum", 1e18)),
                "by_track": {
                    track_id: {**track_fact, "value": field_number(track_fact["value"])}
                    for track_id, track_fact in by_track.items()
                },
                "kind": fact["kind"],
                "source": fact["source"],
                "date": fact["date"],
            }
        )
    return rows
