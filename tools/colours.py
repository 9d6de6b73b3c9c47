"""The colours of `facts/colours.json` as a style sheet and as names for the pages.

The table is the only place of a colour that more than one file needs. They are a textbook's, darkened where they would
fall below 4.5:1 on the paper; --control-border, the borders of controls, has 3:1.
"""


def css(table):
    """Custom properties for the light and the dark scheme, as CSS.

    Parameters
    ----------
    table : dict
        `facts/colours.json`.
    """

    def rules(scheme, indent):
        return "".join(f"{indent}--{name}: {colour};\n" for name, colour in table[scheme].items())

    dark = f"@media (prefers-color-scheme: dark) {{\n  :root {{\n{rules('dark', '    ')}  }}\n}}\n"
    return f":root {{\n{rules('light', '  ')}}}\n{dark}"


def drawn(table):
    """Name -> colour of what is drawn on white in either scheme: plots, their keys, pictures.

    Parameters
    ----------
    table : dict
        `facts/colours.json`.
    """
    light = table["light"]
    neutral = {"blue": light["blue"], "grey": light["quiet"], "ink": light["ink"], "white": light["paper"]}
    return {**neutral, **table["plot"]}
