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
    dataselect_core.ledger.restore.RestoredRecord

    Raises
    ------
    LedgerError
        If there is no record, one that cannot be restored safely, or records of several readers.
    """
    records, errors = {}, []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"file{Path(name).suffix[:10]}")
        file.write_bytes(data)
        for item in items([file]):
            if item.data is None:
                errors.append(item.reason)
                continue
            try:
                record = record_in(item.data)
                records[record.ledger.record["reader"]] = record
            except LedgerError as error:
                errors.append(str(error))
    if len(records) > 1:
        raise LedgerError(
            f"it contains the records of {len(records)} readers: unpack it, and choose the file of one"
        )
    if not records:
        raise LedgerError(next(filter(None, errors), "it contains no record"))
    return next(iter(records.values()))


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
        header = {"type": message["type"], "id": message.get("id")}
        try:
            self._say({**header, "answer": work(message)})
        except (LedgerError, KeyError, TypeError, ValueError) as error:
            self._say({**header, "error": str(error)})

    def _report(self, message):
        form = message.get("form")
        if form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
        ledger, plots = Ledger.from_text(message["record"]), message.get("pictures", [])
        if form == "markdown":
            return report_markdown(ledger, message.get("lines"), plots)
        return report_html(ledger, plots, message.get("lines"))

    def _read(self, message):
        restored = record_of(message["name"], base64.b64decode(message["file"]))
        return {"record": restored.ledger.to_text(), "notes": list(restored.notes)}

    async def _verify(self, message):
        header = {"type": "verify", "id": message.get("id")}
        try:
            if "file" in message:
                restored = record_of(message["name"], base64.b64decode(message["file"]))
            else:
                restored = record_in(message["text"])
            ledger = restored.ledger
            places = captured(ledger)
            for files in datasets.FILES.values() if places else ():
                for file in files:
                    await self.load(file)
            checks, parts_done = [], 0
            for step in stepwise(ledger):
                if isinstance(step, list):
                    checks += [asdict(check) for check in step]
                    parts_done += 1
                else:
                    track, part, label, share = step
                    self._say(
                        {
                            **header,
                            "progress": (parts_done + share) / len(places),
                            "label": f"{track}, part {part}: {label}",
                        }
                    )
                await asyncio.sleep(0)  # gives the page a chance to cancel
            text_differences, unread = text_checks(restored.text, ledger) if places else ([], "")
            checks += [asdict(check) for check in text_differences]
            student = ledger.record.get("student") or ""
            engines = {
                "computed": sorted(set(captured_by(ledger).values())),
                "checked": described(engine(), __version__),
            }
            self._say(
                {
                    **header,
                    "answer": {
                        "student": student,
                        "reader": ledger.record["reader"],
                        "checks": checks,
                        "unread": unread,
                        "notes": list(restored.notes),
                        "by": engines,
                    },
                }
            )
        except (LedgerError, OSError, TypeError, ValueError) as error:
            self._say({**header, "error": str(error)})
