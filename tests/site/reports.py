"""Records that tests make, and messages to the workbenches without a browser."""

import asyncio
import json

from quiet_page import Page, run

from dataselect_core.ledger import SCHEMA

SETTINGS = {
    "corpus": "licences",
    "threshold": 0.7,
    "width": 5,
    "num_perm": 16,
    "seed": 1,
    "banding": "auto",
    "bands": 1,
    "rows": 1,
    "compute": "operations",
}


AT = 1_700_000_000_000


ENGINE = {"python": "3.13.2", "numpy": "2.2.5", "platform": "emscripten 4.0.9 wasm32"}


COMPUTED = "Computed by lab 0.1.0, Python 3.13.2, NumPy 2.2.5, emscripten 4.0.9 wasm32."


def entry(value, at=AT):
    return {"value": value, "at": at}


def figure(value, kind="measured"):
    return {"value": value, "unit": "", "kind": kind, "source": "here"}


def captured(settings=None, **values):
    """Captured evidence; `removed__words` stands for removed.words."""
    figures = {path.replace("__", "."): figure(value) for path, value in values.items()}
    return {
        "at": "2026-11-23T12:00:00.000Z",
        "lab": "0.1.0",
        "engine": ENGINE,
        "settings": settings or SETTINGS,
        "assumptions": {},
        "values": figures,
        "cases": ["budget-ok"],
    }


def predicted(value=30.0, said="30 %"):
    return {"value": value, "said": said, "why": "", "locked_at": "2026-11-23T12:00:00.000Z"}


def record(entries, **head):
    return {
        "schema": SCHEMA,
        "lab": "0.1.0",
        "reader": "somebody",
        **head,
        "entries": {key: entry(value) for key, value in entries.items()},
    }


def ask(*messages, until=1):
    """Send messages; return the page once `until` of them are answered."""

    async def conversation():
        page = Page()
        for message in messages:
            await page.bridge.receive(json.dumps(message))
        while sum("answer" in reply or "error" in reply for reply in page.messages) < until:
            await asyncio.sleep(0)
        return page

    return run(conversation())


def choose(reader, button, name, text):
    """Choose a file with that content for a button."""
    with reader.page.expect_file_chooser() as chooser:
        reader.page.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(
        {"name": name, "mimeType": "text/plain", "buffer": text if isinstance(text, bytes) else text.encode()}
    )
