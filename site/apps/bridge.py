"""Between the page and the workbenches: JSON text in, JSON text out. Nothing here needs a browser."""

import json

from bokeh.core.serialization import Serializer
from bokeh.document.json import PatchJson

from apps.desk import KINDS, Desk
from apps.parts import WORKBENCHES

PAGE = "page"  # who set a property, where the page did


class Bridge:
    """All workbenches, and the two ways of speaking with the page.

    Parameters
    ----------
    send : callable(str)
        Takes one message for the page, as JSON.
    load : async callable(str)
        Puts the named data file where `dataselect_core.datasets` finds it.
    """

    def __init__(self, send, load):
        self._send = send
        self.desk = Desk(self._say, load)
        self.workbenches, self._documents = {}, {}
        for workbench in WORKBENCHES:
            self.workbenches[workbench.part] = workbench(self._say, load)
            self._documents[workbench.part] = self.workbenches[workbench.part].document()
        for part, document in self._documents.items():
            document.callbacks.on_change(lambda event, part=part: self._changed(part, event))

    def documents(self):
        """The first view of every part, as JSON: part -> Bokeh document."""
        views = {part: document.to_json(deferred=False) for part, document in self._documents.items()}
        return json.dumps(views)

    def _say(self, message):
        self._send(json.dumps(message, allow_nan=False))

    def _changed(self, part, event):
        if getattr(event, "setter", None) == PAGE:
            return
        document = self._documents[part]
        serializer = Serializer(references=document.models.synced_references, deferred=False)
        patch = PatchJson(events=serializer.encode([event]))
        document.models.flush_synced(lambda model: not serializer.has_ref(model))
        self._say({"type": "patch", "part": part, "patch": patch})

    async def receive(self, text):
        """Does what one message of the page asks for; returns when Python is ready for the next."""
        message = json.loads(text)
        if isinstance(message, dict) and message.get("type") in KINDS:
            self.desk.receive(message)
            return
        workbench = self._addressed(message)
        try:
            self._do(workbench, message)
        except ValueError as error:  # what was asked for cannot be; the message is a sentence
            workbench.say("ignored", text=str(error))

    def _addressed(self, message):
        part = message.get("part") if isinstance(message, dict) else None
        if not str(part).isdigit() or int(part) not in self.workbenches:
            parts = ", ".join(map(str, self.workbenches))
            raise ValueError(f"a message must be for one of the parts {parts}, not {part!r}")
        return self.workbenches[int(part)]

    def _do(self, workbench, message):
        kind = message.get("type")
        if kind == "patch":
            self._documents[workbench.part].apply_json_patch(message["patch"], setter=PAGE)
        elif kind == "open":
            workbench.open(message["state"])
        elif kind == "ask":
            name = message.get("name")
            ask = getattr(workbench, f"ask_{name}", None)
            if ask is None:
                raise ValueError(f"part {workbench.part} cannot be asked for {name!r}")
            workbench.say("answer", id=message["id"], name=name, answer=ask(**message.get("arguments", {})))
        elif kind == "cancel":
            workbench.cancel()
        else:
            raise ValueError(f"a message must be a patch, open, ask or cancel, not {kind!r}")
