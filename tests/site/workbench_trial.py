"""The lab's use of its packages, run in Pyodide by test_bundle.py; the last line is the result."""

import json
import sys
import types

sys.modules["pyodide_http"] = types.SimpleNamespace(patch_all=lambda: None)  # as the worker does

import bokeh
import bokeh.plotting
import micropip
import numpy as np
import panel as pn
from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document

generator = np.random.default_rng(1)
matrix = generator.normal(size=(40, 40))
left, values, right = np.linalg.svd(matrix)
permutation = int(np.random.RandomState(1).randint(0, 1 << 31, 1, np.uint32)[0]) * 2 + 1

figure = bokeh.plotting.figure()
figure.line([1, 2], [3, 4])
app = pn.Column(
    pn.widgets.FloatSlider(name="threshold", start=0, end=1),
    pn.widgets.EditableFloatSlider(name="editable"),
    pn.widgets.Select(options=["licences", "crawl"]),
    pn.widgets.IntInput(name="seed"),
    pn.widgets.Checkbox(name="verify"),
    pn.widgets.RadioButtonGroup(options=["a", "b"]),
    pn.widgets.Button(name="go"),
    pn.indicators.Progress(),
    pn.pane.HTML("<b>x</b>"),
    pn.pane.Bokeh(figure),
    pn.Accordion(("more", pn.pane.Str("note"))),
)
document = Document()
app.server_doc(document)
text = serialize_json(document.to_json())

json.dumps(
    {
        "versions": [np.__version__, bokeh.__version__, pn.__version__, micropip.__version__],
        "residual": float(abs(left * values @ right - matrix).max()),
        "permutation": permutation,
        "addresses": sorted({word for word in text.split('"') if word.endswith(".css") or "://" in word}),
        "left out": sorted({"pandas", "tornado", "PIL", "requests", "multiprocessing"} & set(sys.modules)),
    }
)
