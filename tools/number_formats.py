"""Format numbers for readers, at build time in the same way as site/shell/format.js does later.

tests/site/number_cases.json has the cases that both must pass.
"""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

from tools.page_error import PageError

FORMATS = ("percent", "points", "integer", "number", "fixed", "dollars", "price", "si")
WORDS = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"))
PREFIXES = (
    (1e24, "Y"), (1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"),
)  # fmt: skip


def significant(value, digits=3):
    """A number as Intl.NumberFormat writes it with `maximumSignificantDigits`: 1234.5 -> 1,230."""
    number = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(repr(float(value)))
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def places(value, digits):
    """A number with some digits after the point, as in Intl.NumberFormat: a half rounds away from zero, 0.25 -> 0.3."""
    number = Decimal(repr(float(value)))  # the digits that JavaScript rounds, not those of the exact double
    return f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, Context(prec=400)):,f}"


def format_number(value, form):
    """A number as the reader sees it.

    Parameters
    ----------
    value : float
    form : str
        One of FORMATS.

    Raises
    ------
    PageError
        There is no such format.
    """
    if form not in FORMATS:
        raise PageError(f"format must be one of {', '.join(FORMATS)}, not {form!r}")
    text = _WRITERS[form](value)
    return "−" + text[1:] if text.startswith("-") else text


def _integer(value):
    """Like Math.round: a half rounds up."""
    floor = math.floor(value)
    return places(floor + (value - floor >= 0.5), 0)


def _points(value):
    return places(value, 1).removesuffix(".0") + " points"


def _dollars(value):
    size, sign = abs(value), "−" if value < 0 else ""
    for scale, word in WORDS:
        if size >= scale:
            return f"{sign}${significant(size / scale)}{word}"
    return f"{sign}${places(size, 0)}" if size >= 100 else f"{sign}${places(size, 2).removesuffix('.00')}"


def _price(value):
    return f"{'−' if value < 0 else ''}${significant(abs(value))}"


def _si(value):
    for scale, prefix in PREFIXES:
        if abs(value) >= scale:
            return f"{significant(value / scale)} {prefix}"
    return significant(value)


def _number(value):
    size = abs(value)
    if value == round(value) and size < 1e6:
        return f"{value:,.0f}"
    if size >= 1e6 or size < 1e-3:
        exact = Context(prec=3, rounding=ROUND_HALF_UP).create_decimal(value)  # like toExponential
        mantissa, _, exponent = f"{exact:.2e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return significant(value)


_WRITERS = {
    "percent": lambda value: f"{places(100 * value, 1)} %",
    "points": _points,
    "integer": _integer,
    "number": _number,
    "fixed": lambda value: places(value, 3),
    "dollars": _dollars,
    "price": _price,
    "si": _si,
}
