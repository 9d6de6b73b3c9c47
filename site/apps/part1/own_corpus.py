"""The reader's own corpus: deduplicate it in steps, show it, hand it back, train on it."""

import asyncio
import shutil
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from bokeh.models import Range1d

from apps.part1 import compare
from apps.part1.own_files import ANOTHER_FIELD, PageFiles, Shelf
from apps.part1.tables import curve_table
from apps.shared import plots
from dataselect_core.corpus.formats import CorpusError
from dataselect_core.corpus.memory import FACTS
from dataselect_core.dedup import exact_pairs
from dataselect_core.dedup.audit import FLOOR, Audit
from dataselect_core.dedup.streaming import deduplication_steps
from dataselect_core.lsh import collision_probability
from dataselect_core.shingles import shingle_sets
from dataselect_core.values import measured, modelled

FOLDER = Path("/tmp/own")  # where the page puts files: /tmp/own/JOB/NAME
PAUSE = 0.05  # seconds of work between two looks for messages of the page
CURVE_DOCUMENTS = FACTS["page_curve_documents"]["value"]
CURVE_WORDS = FACTS["page_curve_words"]["value"]
CURVE_PAIRS = FACTS["page_curve_pairs"]["value"]
SAMPLE = 300  # documents that are enough to tell whether most are alike
SHOWN_PROBLEMS = 200
SHOWN_MEMBERS = 200
STAGES = {"read": ("Reading and hashing", 0.0, 0.6), "compare": ("Comparing", 0.6, 0.95)}
MEMORY = (
    "There was not enough memory for these files. Close other pages or choose a smaller part; "
    "what was here before is still here."
)


class OwnCorpus:
    """At most one corpus is shown and one is being worked on; the newest wins.

    Parameters
    ----------
    say : callable
        `Workbench.say`. Each message is of the kind "own", with `job` and `state`: "work" (label, share),
        "result", "learning", "failed" (text).
    """

    def __init__(self, say):
        self._say = say
        self._task = None
        self._working = None  # job
        self._shown = None  # job
        self._point = self._shelf = None
        self.plot = plots.chart(
            "Operations counted (measured), millions", "Learned: nats per word below chance"
        )
        self.plot.x_range, self.plot.y_range = Range1d(0, 1), Range1d(0, 1)
        self._raw = plots.line(self.plot, "Your corpus, raw", plots.BLUE, "circle")
        self._kept = plots.line(self.plot, "Deduplicated", plots.GREEN, "square", "dashed")
        plots.dress_legend(self.plot, "bottom_right")

    @property
    def working(self):
        """Whether a corpus is being worked on."""
        return self._task is not None and not self._task.done()

    def start(self, job, file, settings, **layout):
        """Deduplicate FOLDER/job/file, and end the job that was running."""
        self._end()
        self._working = _checked_job(job)
        if not (isinstance(file, str) and file and file not in (".", "..") and "/" not in file):
            raise ValueError(f"file must be the name of a file or folder, not {file!r}")
        path = FOLDER / str(job) / file
        self._task = asyncio.ensure_future(self._watched(job, path, dict(settings), layout))
        return job

    def refuse(self, job, text):
        """Tell the page that a job cannot begin, and remove its files."""
        self.say(_checked_job(job), "failed", text=text)
        self._remove(job)

    def cancel(self, job):
        """End a running job and remove its files; the corpus on the page is kept."""
        if job == self._working:
            self._end()
        elif job != self._shown:
            self._remove(_checked_job(job))
        return job

    def clear(self):
        """Forget everything and remove all files."""
        self._end()
        self._shown = self._point = self._shelf = None
        shutil.rmtree(FOLDER, ignore_errors=True)
        return True

    def cluster(self, job, kept):
        """The members of one cluster; see `compare.members`."""
        self._require_shown(job)
        point, more = _first_members(self._point, kept)
        return {**compare.members(self._shelf, point, kept), "more": more}

    def diff(self, job, left, right):
        """Two documents side by side; see `compare.side_by_side`."""
        self._require_shown(job)
        return compare.side_by_side(self._shelf, left, right)

    def say(self, job, state, **content):
        """One message to the page."""
        self._say("own", job=job, state=state, **content)

    def _require_shown(self, job):
        if self._shelf is None or job != self._shown:
            raise ValueError("these documents are no longer in memory; choose their file again")

    def _end(self):
        if self.working:
            self._task.cancel()
            if self._working != self._shown:  # else only its learning curve is being computed
                self._remove(self._working)
        self._task = self._working = None

    def _remove(self, job):
        for folder in (str(job), f"{job}-kept"):
            shutil.rmtree(FOLDER / folder, ignore_errors=True)

    async def _watched(self, job, path, settings, layout):
        """Run a job; a failure is reported in a sentence and does not change what is shown."""
        try:
            await self._deduplicate(job, path, settings, layout)
            await self._learn(job, settings)
        except MemoryError:
            self._failed(job, MEMORY)
        except (ValueError, TypeError, OSError) as error:
            self._failed(job, _sentence(error, job))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError) as error:
            # Not foreseen, but the page must not wait for ever.
            self._failed(
                job,
                f"This could not be finished ({type(error).__name__}: {error}). "
                "Your file is unchanged; try a part of it.",
            )
        finally:
            if self._working == job:
                self._working = None

    def _failed(self, job, text):
        """Report a failure; once the result is shown, it concerns only the learning curve."""
        if self._shown == job:
            self.say(job, "learning", text=text)
        else:
            self._remove(job)
            self.say(job, "failed", text=text)

    async def _deduplicate(self, job, path, settings, layout):
        start = time.perf_counter()
        corpus = PageFiles(path, **layout)
        corpus.check()
        bands, rows = by_hand(settings)
        steps = deduplication_steps(
            corpus,
            settings["threshold"],
            settings["num_perm"],
            settings["width"],
            settings["seed"],
            True,
            bands,
            rows,
            "skip",
        )
        point = await self._run_steps(job, steps)
        if len(point.keep) == 1:
            raise CorpusError(one_document(corpus))
        shelf = Shelf(corpus, point.index, settings["width"])
        kept, text = corpus.keep(point.index, point.keep, FOLDER / f"{job}-kept")
        report = summary(corpus, point, settings)
        clusters = compare.largest(shelf, point)
        previous_job, self._shown, self._point, self._shelf = self._shown, job, point, shelf
        if previous_job is not None:
            self._remove(previous_job)
        self.say(
            job,
            "result",
            name=path.name,
            settings=settings,
            clusters=clusters,
            seconds=time.perf_counter() - start,
            **report,
            kept={"name": kept.name, "path": str(kept), "text": str(text), "bytes": kept.stat().st_size},
        )

    async def _run_steps(self, job, steps):
        """Run the steps and return their result; the page gets their progress and can end them."""
        next_look = 0.0
        with closing(steps):
            while True:
                try:
                    stage, done, total = next(steps)
                except StopIteration as end:
                    return end.value
                if time.monotonic() < next_look:
                    continue
                label, start, stop = STAGES[stage]
                self.say(job, "work", label=label, share=start + (stop - start) * done / max(total, 1))
                await asyncio.sleep(0)
                next_look = time.monotonic() + PAUSE

    def _draw(self, learning):
        progress = [learning.uniform_loss - curve.loss for curve in (learning.raw, learning.kept)]
        curves = ((self._raw, learning.raw), (self._kept, learning.kept))
        for (source, curve), y in zip(curves, progress, strict=True):
            source.data = {"x": curve.operations / 1e6, "y": y}
        low, high = min(y.min() for y in progress), max(y.max() for y in progress)
        self.plot.x_range.end = 1.03 * float(learning.raw.operations[-1]) / 1e6
        self.plot.y_range.start = float(low - 0.1 * (high - low or 1))
        self.plot.y_range.end = float(high + 0.1 * (high - low or 1))

    async def _learn(self, job, settings):
        """Run the audit of Part 1 on this corpus if it is not too large for a page."""
        point, shelf = self._point, self._shelf
        documents, words = len(point.keep), int(shelf.mass.sum())
        if documents > CURVE_DOCUMENTS or words > CURVE_WORDS:
            self.say(job, "learning", cases=["curve-large"])
            return
        texts = shelf.read(np.arange(documents))
        if pairs_alike(texts, settings["width"]) > CURVE_PAIRS:
            self.say(job, "learning", cases=["curve-alike"])
            return
        audit = None
        try:
            for step in Audit.stepwise(texts, settings["width"], settings["num_perm"], settings["seed"]):
                if isinstance(step, tuple):
                    self.say(job, "work", label=step[0], share=step[1])
                    await asyncio.sleep(0)
                else:
                    audit = step
        except ValueError:  # nothing to learn from, or nothing to test on
            self.say(job, "learning", cases=["curve-one"])
            return
        audit_point = audit.at(settings["threshold"], *by_hand(settings))
        learning = audit.learning(audit_point)
        self._draw(learning)
        cases = ["curve"] if min(learning.icr_raw, learning.icr_kept) > 0 else ["curve", "curve-nothing"]
        self.say(
            job,
            "learning",
            cases=cases,
            values=learned(audit_point, learning),
            tables={"Own_ICR_Curve": curve_table(shelf.corpus, learning)},
        )


def pairs_alike(texts, width):
    """Estimate, from some of the texts, how many pairs are similar enough for the audit to store."""
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    pairs, _ = exact_pairs(shingle_sets(sample, width), FLOOR, sample, width)
    return len(pairs) * (len(texts) / len(sample)) ** 2


def by_hand(settings):
    """Bands and rows if the reader has set them, else (None, None)."""
    return (settings["bands"], settings["rows"]) if settings["banding"] == "hand" else (None, None)


def summary(corpus, point, settings):
    """The results of deduplication: values, cases and the malformed lines.

    Returns
    -------
    dict
        `values` (path -> Value), `cases`, `problems` ({file, line, message}).
    """
    words = point.index.words.astype(np.int64)
    documents, kept = len(point.keep), int(point.keep.sum())
    removed, total, removed_words = documents - kept, int(words.sum()), int(words[~point.keep].sum())
    members = np.bincount(point.cluster.astype(np.intp))
    short_documents = int((words < settings["width"]).sum())
    s_curve_value = collision_probability(settings["threshold"], point.bands, point.rows)
    source = "deduplication of this corpus at these settings"
    numbers = {
        "own.documents": documents,
        "own.words": total,
        "own.kept.documents": kept,
        "own.kept.words": total - removed_words,
        "own.removed.documents": removed,
        "own.removed.documents_share": removed / documents,
        "own.removed.words": removed_words,
        "own.removed.words_share": removed_words / total if total else 0.0,
        "own.same": point.same,
        "own.similar": removed - point.same,
        "own.clusters": int((members > 1).sum()),
        "own.largest": int(members.max()),
        "own.short": short_documents,
        "own.empty": point.empty,
        "own.malformed": point.malformed,
        "own.files": len(corpus.names),
        "own.compared": point.compared,
    }
    values = {name: measured(value, "", source) for name, value in numbers.items()}
    values["own.found"] = modelled(
        float(s_curve_value), "", "S-curve of these bands and rows at the threshold"
    )
    for name in ("threshold", "width", "num_perm", "seed"):
        values[f"own.setting.{name}"] = measured(settings[name], "", "as chosen")
    values |= {
        "own.setting.bands": measured(point.bands, "", "as used"),
        "own.setting.rows": measured(point.rows, "", "as used"),
    }
    cases = [
        name
        for name, holds in (
            ("none-removed", not removed),
            ("some-removed", removed),
            ("short", short_documents),
            ("empty", point.empty),
            ("malformed", point.malformed),
            ("folder", corpus.is_folder),
        )
        if holds
    ]
    problems = [
        {"file": problem.name, "line": problem.line, "message": problem.message}
        for problem in point.problems[:SHOWN_PROBLEMS]
    ]
    return {"values": values, "cases": cases, "problems": problems}


def learned(point, learning):
    """The figures that the audit adds: path -> Value."""
    source = "bigram model, trained on this corpus raw and deduplicated"
    positive = min(learning.icr_raw, learning.icr_kept) > 0
    numbers = {
        "own.icr.raw": 1e6 * learning.icr_raw,
        "own.icr.dedup": 1e6 * learning.icr_kept,
        "own.icr.ratio": learning.icr_kept / learning.icr_raw if positive else None,
        "own.curve.raw_loss": float(learning.raw.loss[-1]),
        "own.curve.dedup_loss": float(learning.kept.loss[-1]),
        "own.curve.loss_change": learning.loss_change,
        "own.lsh.true_pairs": point.true_pairs,
        "own.lsh.found_pairs": point.found_pairs,
        "own.lsh.missed": point.missed,
        "own.lsh.recall": point.recall,
    }
    return {name: measured(value, "", source) for name, value in numbers.items()}


def _first_members(point, kept):
    """The point with only the first `SHOWN_MEMBERS` removed documents of one cluster, and how many more there are."""
    members = np.flatnonzero((point.cluster == kept) & ~point.keep)
    further = members[SHOWN_MEMBERS:]
    if not further.size:
        return point, 0
    cluster = point.cluster.copy()
    cluster[further] = further
    return replace(point, cluster=cluster), int(further.size)


def one_document(corpus):
    """Advice for a corpus that is a single document."""
    name = corpus.names[0] if len(corpus.names) == 1 else "The folder"
    advice = "bring a corpus of several"
    if corpus.names[0].lower().endswith(".txt"):
        advice = "choose a line or a paragraph as “A document of a .txt is”, or bring several files"
    return f"{name} contains one document, which cannot be compared with anything: {advice}."


def _sentence(error, job):
    """The message of an error, without the folder into which the page put the files."""
    text = str(error).replace(f"{FOLDER / str(job)}/", "").strip()
    if " column " in text and "its columns are" in text:
        text += f". {ANOTHER_FIELD}"
    return text if text.endswith((".", ")")) else f"{text}."


def _checked_job(job):
    if isinstance(job, bool) or not isinstance(job, int) or job < 1:
        raise ValueError(f"job must be a whole number from 1, not {job!r}")
    return job
