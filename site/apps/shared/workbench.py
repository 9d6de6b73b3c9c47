"""The base class of every workbench.

It has named Panel roots in one Bokeh document, results with their kind, and long work that newer work replaces.
"""

import asyncio
import itertools
import math

import bokeh.util.serialization as bokeh_ids
from bokeh.document import Document
from bokeh.models import ImportedStyleSheet
from panel.io.document import MockSessionContext

from apps.defaults import remember
from dataselect_core import tracks
from dataselect_core.ledger.runtime import engine
from dataselect_core.values import Value

remember()
ENGINE = engine()
FIRST_ID = 1_000_000  # of the first view of part 1; part 2 starts a million later
LATER_ID = 900_000_000  # models made after the first view never collide with its ids
_later = itertools.count(LATER_ID, 1_000_000)


def plain(value):
    """Numbers, arrays and `Value`s as JSON types; numbers that are not finite become None."""
    if isinstance(value, Value):
        return plain(value.as_dict())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Workbench:
    """One part of the lab.

    A subclass has `part` (its number), `roots()` (name of the place on the page -> Panel object),
    `open(state)` (track, prediction, settings as the page has them) and methods `ask_<name>(**arguments)`
    that the page can call. It sends messages with `say(message)` and reads data files after
    `await load(file_name)`.
    """

    part = 0

    def __init__(self, say, load):
        # Model ids are a fixed sequence from here to the end of `document`. Therefore the document built natively
        # at build time and the one built in the browser are identical to the letter, and a page that shows the
        # first need not be drawn again.
        bokeh_ids._simple_id = FIRST_ID * self.part
        self._say = say
        self.load = load
        self.track = tracks.track("cloud")
        self._task = None
        self.edited = {}  # assumptions the reader has changed
        self.reader = (
            0  # number of the reader on this page: the page ignores late messages about an earlier one
        )
        self.controls = {}
        self._held = set()

    def document(self):
        """The Bokeh document of the first view; called once, right after the workbench is made."""
        document = Document()
        document._session_context = lambda: MockSessionContext(document=document)
        with document.models.freeze():  # otherwise Bokeh collects the models of all roots again at each root
            for name, viewable in self.roots().items():
                model = viewable.get_root(document)
                model.name = name
                document.add_root(model)
        document._session_context = None
        for model in document.models:
            if isinstance(model, ImportedStyleSheet):
                model.url = model.url.split("?")[0]  # names are hashed; a native build adds a version here
        bokeh_ids._simple_id = next(_later)
        return document

    async def prepare(self, state):
        """Compute what the first results after `open(state)` will need, without showing any of it."""

    def hold(self, names):
        """Disable the controls that the link of a class has fixed: the reader sees them but cannot change them."""
        for name, control in self.controls.items():
            if name in names or name in self._held:
                control.disabled = name in names
        self._held = set(names) & set(self.controls)

    def say(self, kind, **content):
        """Send one message to the page; results include the reader's assumptions and the engine that computed them."""
        if kind == "results":
            content = {"assumptions": self.edited, "engine": ENGINE, **content}
        reader = {"reader": self.reader} if self.reader else {}
        self._say(plain({"type": kind, "part": self.part, "track": self.track.id, **reader, **content}))

    async def progress(self, label, share):
        """Report the progress of long work to the page, and let a newer request replace the work."""
        self.say("work", label=label, share=share)
        await asyncio.sleep(0)

    @property
    def working(self):
        """Whether long work is under way."""
        return self._task is not None and not self._task.done()

    def start(self, work, *arguments):
        """Run `await work(*arguments)` as the only long work of this part; newer work cancels it."""
        if self.working:
            self._task.cancel()
        self._task = asyncio.ensure_future(self._watched(work, arguments))
        return self._task

    async def _watched(self, work, arguments):
        try:
            await work(*arguments)  # called here: cancelled work must not be left unawaited
        except Exception as error:  # CancelledError is not an Exception
            self.say("trouble", text=f"{type(error).__name__}: {error}")
        self.say("work", label="", share=1)

    def cancel(self):
        """Cancel the long work of this part, if there is any."""
        if self.working:
            self._task.cancel()
            self._task = None
        self.say("work", label="", share=1)
