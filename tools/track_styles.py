"""The style rules that each track needs: its colour, and which texts are visible while it is chosen.

A text for one track has `data-for-track`. Without these rules the texts of all tracks would be visible at once.
"""


def css(tracks):
    """Rules for every track, as CSS.

    The shell writes the chosen track on the root element. Without the shell the radio buttons of the start decide, and
    without those too (`:has` is newer than some browsers) the first track is shown.

    Parameters
    ----------
    tracks : dict
        `facts/tracks.json`; each track needs a colour of its id in `facts/colours.json`.
    """
    ids = list(tracks)
    first, others = ids[0], ids[1:]
    tints = [f'[data-tint="{track}"] {{ --tint: var(--{track}); }}' for track in ids]
    hidden = [f"html:not([data-track-now]) {_others(first)}"]
    hidden += [f'html[data-track-now="{track}"] {_others(track)}' for track in ids]
    checked = ", ".join(f"#track-{track}:checked" for track in others)
    alone = "html:not([data-track-now])"
    shown = [f'{alone}:has(#track-{track}:checked) [data-for-track="{track}"]:not(#x)' for track in others]
    return "\n".join(
        [
            *tints,
            ",\n".join(hidden) + " { display: none; }",
            "@supports selector(:has(*)) {",
            f'  {alone}:has({checked}) [data-for-track="{first}"] {{ display: none; }}',
            "  " + ",\n  ".join(shown) + " { display: revert; }",
            "}\n",
        ]
    )


def _others(track):
    return f'[data-for-track]:not([data-for-track="{track}"])'
