"""What a long check shows while it is at work."""

import time
from typing import Any

from dataselect_core.ledger.check import Question

BAR = 24


class Progress:
    """A bar on a terminal, rewritten at most a few times a second; elsewhere a line for each report.

    Reports are counted in their order, each when all that it asks is answered, however the work was shared.

    Parameters
    ----------
    names : sequence of str
    asked : sequence of list of check.Question
        What each of them asks.
    stream : text file
    """

    def __init__(self, names: Any, asked: Any, stream: Any) -> None:
        self.stream, self.bar = stream, stream.isatty()
        self._waiting = list(zip(names, asked, strict=True))
        self._reports, self._questions = len(names), len({each.key for one in asked for each in one})
        self._next = 0.0

    def __call__(self, question: Question, label: str) -> None:
        """Show what is under way."""
        self._draw(f"{question.track}, part {question.part}, {label.lower()}")

    def answered(self, found: Any) -> None:
        """These are the answers so far."""
        while self._waiting and all(question.key in found for question in self._waiting[0][1]):
            name, _ = self._waiting.pop(0)
            if not self.bar:
                done = self._reports - len(self._waiting)
                print(f"[{done}/{self._reports}] {_shown(name)}", file=self.stream, flush=True)
        self._draw(f"{len(found)} of {self._questions} computed")

    def _draw(self, doing):
        if not self.bar or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.1
        done = self._reports - len(self._waiting)
        filled = "#" * round(BAR * done / max(1, self._reports))
        line = f"\r\x1b[K[{filled:<{BAR}}] {done}/{self._reports} {_shown(doing)}"
        print(line, end="", file=self.stream, flush=True)

    def clear(self, found: Any) -> None:
        """All is answered."""
        self.answered(found)
        if self.bar:
            print("\r\x1b[K", end="", file=self.stream, flush=True)


def _shown(text):
    """As one line that the stream can print and a terminal cannot take for a command."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return text if len(text) <= 160 else f"{text[:157]}..."
