"""Messages between the page and the workbenches, as JSON text; nothing here needs a browser."""

import json
from inspect import isawaitable

from bokeh.core.serialization import Serializer
from bokeh.document.events import ModelChangedEvent
from bokeh.document.json import PatchJson

from apps.desk import KINDS, Desk
from apps.parts import WORKBENCHES

PAGE = "page"  # the setter of a property that the page has set


def newest(events):
    """The events in order, without those whose property changes again later: encoding reads the model as it is now."""

    def replaced_by(event):
        is_whole_property = isinstance(event, ModelChangedEvent) or getattr(event, "cols", 0) is None
        return (event.model.id, event.attr) if is_whole_property else id(event)

    newest_events = {replaced_by(event): event for event in events}
    return [event for event in events if newest_events[replaced_by(event)] is event]


class Bridge:
    """All workbenches, and the messages to and from the page.

    Parameters
    ----------
    send : callable(str)
        Takes one message for the page, as JSON.
    load : async callable(str)
        Puts the named data file where `dataselect_core.datasets` finds it.
    """

    def __init__(self, send, load):
        self._send = send
        self._events = {}  # part -> Bokeh events that the page has not been sent yet, in order
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
        self._flush()
        self._send(json.dumps(message, allow_nan=False))

    def _changed(self, part, event):
        if getattr(event, "setter", None) != PAGE:
            self._events.setdefault(part, []).append(event)

    def _flush(self):
        """Send the changes of the documents, one patch per part."""
        waiting, self._events = self._events, {}
        for part, events in waiting.items():
            document = self._documents[part]
            serializer = Serializer(references=document.models.synced_references, deferred=False)
            patch = PatchJson(events=serializer.encode(newest(events)))
            document.models.flush_synced(
                lambda model, has_reference=serializer.has_ref: not has_reference(model)
            )
            self._send(json.dumps({"type": "patch", "part": part, "patch": patch}, allow_nan=False))

    async def prepare(self, text):
        """Compute what the first results of one part will need, before anything of the reader's is opened."""
        message = json.loads(text)
        await self._addressed(message).prepare(message["state"])

    async def receive(self, text):
        """Handle one message of the page; return when Python is ready for the next."""
        message = json.loads(text)
        if isinstance(message, dict) and message.get("type") in KINDS:
            self.desk.receive(message)
            return
        workbench = self._addressed(message)
        try:
            await self._do(workbench, message)
        except ValueError as error:  # the request cannot be met; the message is a sentence
            workbench.say("ignored", text=str(error))
        finally:
            self._flush()

    def _addressed(self, message):
        part = message.get("part") if isinstance(message, dict) else None
        if not str(part).isdigit() or int(part) not in self.workbenches:
            parts = ", ".join(map(str, self.workbenches))
            raise ValueError(f"a message must be for one of the parts {parts}, not {part!r}")
        return self.workbenches[int(part)]

    async def _do(self, workbench, message):
        kind = message.get("type")
        if kind == "patch":
            self._documents[workbench.part].apply_json_patch(message["patch"], setter=PAGE)
        elif kind == "open":
            workbench.reader = message["state"].get("reader", 0)
            workbench.open(message["state"])
        elif kind == "ask":
            name = message.get("name")
            handler = getattr(workbench, f"ask_{name}", None)
            if handler is None:
                raise ValueError(f"part {workbench.part} cannot be asked for {name!r}")
            answer = handler(**message.get("arguments", {}))
            if isawaitable(answer):
                answer = await answer
            workbench.say("answer", id=message["id"], name=name, answer=answer)
        elif kind == "cancel":
            workbench.cancel()
        else:
            raise ValueError(f"a message must be a patch, open, ask or cancel, not {kind!r}")
