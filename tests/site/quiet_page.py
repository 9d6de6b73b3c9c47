"""A page without a browser: it sends messages to a workbench and keeps the answers."""

import asyncio
import gzip
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from apps import bridge
from apps.part1 import bench as part1
from apps.part3 import bench as part3

from dataselect_core import datasets
from dataselect_core.gap import noise_experiments

ROOT = Path(__file__).resolve().parents[2]


class Page:
    """A stand-in for the page of one part: it sends messages, and keeps the answers, which must be strict JSON."""

    def __init__(self, workbench=part1.DeduplicationAudit):
        self.part = workbench.part
        self.messages, self.loaded, self.holding = [], [], None
        with patch.object(bridge, "WORKBENCHES", (workbench,)):  # a single workbench is made quickly
            self.bridge = bridge.Bridge(lambda text: self.messages.append(parse_strictly(text)), self.load)
        self.views = parse_strictly(self.bridge.documents())
        self.models = {}  # label of a control -> id of its model

        def walk(value):
            if isinstance(value, dict):
                title = value.get("attributes", {}).get("title")
                if isinstance(title, str):
                    self.models[title] = value["id"]
                for item in value.values():
                    walk(item)
            elif isinstance(value, list):
                for item in value:
                    walk(item)

        walk(self.views)

    async def load(self, name):
        self.loaded.append(name)
        if self.holding is not None:
            await self.holding.wait()

    async def send(self, kind, **content):
        await self.bridge.receive(json.dumps({"type": kind, "part": self.part, **content}))

    async def ask(self, name, **arguments):
        await self.send("ask", id=7, name=name, arguments=arguments)

    async def open(self, prediction=30, track="mobile", **state):
        await self.send("open", state={"track": track, "prediction": prediction, **state})

    async def patch(self, label, value):
        model = next(model_id for title, model_id in self.models.items() if title.startswith(label))
        event = {"kind": "ModelChanged", "model": {"id": model}, "attr": "value", "new": value}
        await self.send("patch", patch={"events": [event]})

    async def rest(self):
        """Wait until no work is in progress."""
        while self.bench.working:
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    @property
    def bench(self):
        return self.bridge.workbenches[self.part]

    def of_type(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    @property
    def last(self):
        """The newest results: path -> number."""
        return {path: value["value"] for path, value in self.of_type("results")[-1]["values"].items()}

    @property
    def sentences(self):
        return [message["text"] for message in self.of_type("ignored")]


def parse_strictly(text):
    """Parse JSON without NaN and infinity."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON: {text[:200]}")

    return json.loads(text, parse_constant=refuse)


def run(coroutine):
    """The coroutine's result within ten minutes, in a separate thread since Playwright has a loop in this one."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(lambda: asyncio.run(asyncio.wait_for(coroutine, 600))).result()


def talk(conversation, workbench=part1.DeduplicationAudit):
    """Hold a conversation with a new page, and return the page."""
    page = Page(workbench)
    run(conversation(page))
    return page


def first_licences(folder, count):
    """Fill a data directory with only the first few licence texts; return these."""
    for name in {*datasets.FILES["crawl"], *datasets.FILES["drive"]}:
        shutil.copy(datasets.data_directory() / name, folder)
    licences = datasets.licences()
    subset = {name: getattr(licences, name)[:count] for name in ("ids", "names", "texts")}
    (folder / "licences.json.gz").write_bytes(
        gzip.compress(json.dumps({"order": list(range(count)), **subset}).encode())
    )
    return datasets.Licences(tuple(subset["ids"]), tuple(subset["names"]), tuple(subset["texts"]), "")


def shorten_experiments(monkeypatch):
    """Make experiments on noise small, and remove the pause for newer settings in Part 3."""
    monkeypatch.setattr(noise_experiments, "LABELS", (20, 200))
    monkeypatch.setattr(noise_experiments, "TRIALS", 150)
    monkeypatch.setattr(noise_experiments, "COIN_TRIALS", 500)
    monkeypatch.setattr(part3, "PAUSE", 0.0)
