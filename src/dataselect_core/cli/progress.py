"""The progress display of a long check."""

import time
from typing import Any

from dataselect_core.ledger.check import Question

BAR = 24


class Progress:
    """A bar on a terminal, rewritten at most a few times a second; elsewhere one line per report.

    Reports are counted in order, each when all its questions are answered, however the work was divided.

    Parameters
    ----------
    names : sequence of str
    questions : sequence of list of check.Question
        The questions of each report.
    stream : text file
    """

    def __init__(self, names: Any, questions: Any, stream: Any) -> None:
        self.stream, self.bar = stream, stream.isatty()
        self._waiting = list(zip(names, questions, strict=True))
        self._reports, self._questions = (
            len(names),
            len({question.key for report in questions for question in report}),
        )
        self._next = 0.0

    def __call__(self, question: Question, label: str) -> None:
        """Show what is being computed."""
        self._draw(f"{question.track}, part {question.part}, {label.lower()}")

    def answered(self, answers: Any) -> None:
        """Show the progress after these answers."""
        while self._waiting and all(question.key in answers for question in self._waiting[0][1]):
            name, _ = self._waiting.pop(0)
            if not self.bar:
                done = self._reports - len(self._waiting)
                print(f"[{done}/{self._reports}] {_one_line(name)}", file=self.stream, flush=True)
        self._draw(f"{len(answers)} of {self._questions} computed")

    def _draw(self, activity):
        if not self.bar or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.1
        done = self._reports - len(self._waiting)
        filled = "#" * round(BAR * done / max(1, self._reports))
        line = f"\r\x1b[K[{filled:<{BAR}}] {done}/{self._reports} {_one_line(activity)}"
        print(line, end="", file=self.stream, flush=True)

    def clear(self, answers: Any) -> None:
        """Show the progress after the last answers, and remove the bar."""
        self.answered(answers)
        if self.bar:
            print("\r\x1b[K", end="", file=self.stream, flush=True)


def _one_line(text):
    """The text as one line that the stream can print, without commands for a terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return text if len(text) <= 160 else f"{text[:157]}..."
