"""Requests of the page about a whole record: write a report, check its figures, read it from a file."""

import asyncio
import base64
import tempfile
from dataclasses import asdict
from pathlib import Path

from apps import code_pages
from dataselect_core import __version__, datasets
from dataselect_core.ledger import Ledger, LedgerError, report_html, report_markdown
from dataselect_core.ledger.check import captured, captured_by, stepwise
from dataselect_core.ledger.containers import items
from dataselect_core.ledger.report_diff import text_checks
from dataselect_core.ledger.restore import record_in
from dataselect_core.ledger.runtime import described, engine

code_pages.register()
KINDS = ("report", "verify", "stop-verify", "read")
FORMS = ("markdown", "html")


def record_of(name, data):
    """The record in a file, which may be saved again, quoted by mail, in another code page or in an archive.

    Parameters
    ----------
    name : str
        Only its ending is used.
    data : bytes

    Returns
    -------
    dataselect_core.ledger.restore.Found

    Raises
    ------
    LedgerError
        If there is no record, one that cannot be restored safely, or records of several readers.
    """
    found, errors = {}, []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"file{Path(name).suffix[:10]}")
        file.write_bytes(data)
        for item in items([file]):
            if item.data is None:
                errors.append(item.reason)
                continue
            try:
                one = record_in(item.data)
                found[one.ledger.record["reader"]] = one
            except LedgerError as error:
                errors.append(str(error))
    if len(found) > 1:
        raise LedgerError(
            f"it holds the records of {len(found)} readers: unpack it, and choose the file of one"
        )
    if not found:
        raise LedgerError(next(filter(None, errors), "it holds no record"))
    return next(iter(found.values()))


class Desk:
    """Answers messages of the kinds in `KINDS`; each has an `id`, which the answer repeats.

    Parameters
    ----------
    say : callable(dict)
        Takes a message for the page.
    load : async callable(str)
        Puts the named data file where `dataselect_core.datasets` finds it.
    """

    def __init__(self, say, load):
        self._say, self.load = say, load
        self._task = None

    def receive(self, message):
        """Handle one message; long work continues after this has returned."""
        if message["type"] == "report":
            self._answer(message, self._report)
        elif message["type"] == "read":
            self._answer(message, self._read)
        elif message["type"] == "verify":
            self._stop()
            self._task = asyncio.ensure_future(self._verify(message))
        else:
            self._stop()

    def _stop(self):
        if self._task is not None and not self._task.done():
            self._task.cancel()
        self._task = None

    def _answer(self, message, work):
        about = {"type": message["type"], "id": message.get("id")}
        try:
            self._say({**about, "answer": work(message)})
        except (LedgerError, KeyError, TypeError, ValueError) as error:
            self._say({**about, "error": str(error)})

    def _report(self, message):
        form = message.get("form")
        if form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
        ledger, plots = Ledger.from_text(message["record"]), message.get("pictures", [])
        if form == "markdown":
            return report_markdown(ledger, message.get("lines"), plots)
        return report_html(ledger, plots, message.get("lines"))

    def _read(self, message):
        found = record_of(message["name"], base64.b64decode(message["file"]))
        return {"record": found.ledger.to_text(), "notes": list(found.notes)}

    async def _verify(self, message):
        about = {"type": "verify", "id": message.get("id")}
        try:
            if "file" in message:
                found = record_of(message["name"], base64.b64decode(message["file"]))
            else:
                found = record_in(message["text"])
            ledger = found.ledger
            places = captured(ledger)
            for files in datasets.FILES.values() if places else ():
                for file in files:
                    await self.load(file)
            checks, done = [], 0
            for step in stepwise(ledger):
                if isinstance(step, list):
                    checks += [asdict(check) for check in step]
                    done += 1
                else:
                    track, part, label, share = step
                    self._say(
                        {
                            **about,
                            "progress": (done + share) / len(places),
                            "label": f"{track}, part {part}: {label}",
                        }
                    )
                await asyncio.sleep(0)  # gives the page a chance to cancel
            text, unread = text_checks(found.text, ledger) if places else ([], "")
            checks += [asdict(check) for check in text]
            student = ledger.record.get("student") or ""
            by = {
                "computed": sorted(set(captured_by(ledger).values())),
                "checked": described(engine(), __version__),
            }
            self._say(
                {
                    **about,
                    "answer": {
                        "student": student,
                        "reader": ledger.record["reader"],
                        "checks": checks,
                        "unread": unread,
                        "notes": list(found.notes),
                        "by": by,
                    },
                }
            )
        except (LedgerError, OSError, TypeError, ValueError) as error:
            self._say({**about, "error": str(error)})
