"""The design ledger: the reader's record, the report made from it, and the check that recomputes it."""

from dataselect_core.ledger.check import Check, verify
from dataselect_core.ledger.record import SCHEMA, Ledger, LedgerError, migrate, validate
from dataselect_core.ledger.report import ledger_text, report_html, report_markdown

__all__ = [
    "SCHEMA",
    "Check",
    "Ledger",
    "LedgerError",
    "ledger_text",
    "migrate",
    "report_html",
    "report_markdown",
    "validate",
    "verify",
]
