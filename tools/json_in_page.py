"""JSON that may be put inside a <script>."""

import json

from markupsafe import Markup


def script_json(value):
    """A value, or JSON text, as JSON that may be put inside a <script>, in HTML or in JavaScript."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
