"""The design ledger: the reader's record, the report made of it, and the check that recomputes it."""

from .record import SCHEMA, Ledger, LedgerError, migrate, validate
from .report import ledger_text, report_html, report_markdown
from .verification import Check, verify

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
