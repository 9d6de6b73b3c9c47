"""The audit with which the page opens: computed by the build, checked here when the reader rests."""

import asyncio
import time

from dataselect_core import datasets
from dataselect_core.dedup import built
from dataselect_core.dedup.audit import Audit
from dataselect_core.figures.deduplication.situation import SOURCES, corpus

REST = 4.0  # seconds without an answer, after which the check begins
PAUSE = 0.3  # seconds between two looks at whether the reader rests
CHECKING = "Checking what the build of the lab has computed"
UNREAD = "The texts of this corpus could not be loaded; choose again to try again."
DIFFERENT = (
    "This browser computes another audit than the build of the lab did ({}). From now on the figures are those of "
    "this browser."
)


class BuiltAudit:
    """The audit of the build, until the bench has its own.

    Parameters
    ----------
    bench : DeduplicationAudit
        Its `load` may have `built`: the names of the files that the build has computed.
    """

    def __init__(self, bench):
        self._bench = bench
        self._audit = self._key = self._track = None  # what has to be checked
        self.task = None  # the check
        self.answered = 0.0  # when the bench last answered

    @property
    def waits(self):
        """Whether an audit of the build still has to be checked."""
        return self._audit is not None

    async def take(self, key, track):
        """The audit of the build for a key of the bench, or None if there is none that can be used."""
        self._audit = None
        name = built.file_name(*key[:2])
        if name not in getattr(self._bench.load, "built", ()):
            return None
        try:
            await self._bench.load(name)
            audit = built.unpack((datasets.data_directory() / name).read_bytes(), key)
        except Exception:  # of JavaScript too: then the bench computes the audit
            return None
        self._audit, self._key, self._track = audit, key, track
        return audit

    def rest(self):
        """The bench has answered: check its audit when the reader rests."""
        self.answered = time.monotonic()
        if self._audit is not None and (self.task is None or self.task.done()):
            self.task = asyncio.ensure_future(self._check(self._audit))

    async def texts(self):
        """Give the audit the texts of its corpus; ValueError with a sentence if they cannot be loaded."""
        audit = self._audit
        if audit is None or not isinstance(audit.corpus, built.DistantTexts):
            return
        for file in datasets.FILES[SOURCES[self._key[0]]]:
            try:
                await self._bench.load(file)
            except Exception as error:  # of JavaScript too
                raise ValueError(f"{UNREAD} ({error})") from None
        if isinstance(audit.corpus, built.DistantTexts):
            audit.corpus = corpus(self._key[0], self._track)

    async def _resting(self, seconds):
        while self._bench.working or time.monotonic() - self.answered < seconds:
            await asyncio.sleep(PAUSE)

    async def _check(self, audit):
        """Compute the audit, in steps between which the reader is answered, and compare."""
        try:
            await self._resting(REST)
            if self._audit is not audit:
                return
            await self.texts()
            for step in Audit.stepwise(audit.corpus, *self._key[2:]):
                if not isinstance(step, tuple):
                    break
                self._bench.say("work", label=CHECKING, share=step[1], quiet=True)
                await self._resting(PAUSE)
                if self._audit is not audit:
                    return
            different = built.differences(audit, step)
            built.complete(audit, step)
            self._audit = None
            if different:
                self._bench.say("ignored", text=DIFFERENT.format(", ".join(different)))
                self._bench.recomputed()
        except ValueError:  # the texts did not arrive: again at the reader's next rest
            return
        finally:
            if not self._bench.working:
                self._bench.say("work", label="", share=1)
