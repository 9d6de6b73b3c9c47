"""A progress line for work that takes longer than a moment: redrawn often on a terminal, sparse in a log."""

import contextlib
import sys
import threading
import time

BEAT = 0.5  # seconds between two drawings on a terminal
SPARSE = 15  # seconds between two lines in a log
WIDTH = 24  # of the bar, in characters


class Progress:
    """Count steps of a known total; threads may share one `Progress`.

    Parameters
    ----------
    title : str
        A description of the work.
    total : float
        The sum of all steps.
    out : file, optional
        The file for the line; standard error unless given.
    """

    def __init__(self, title, total, out=None):
        self.title, self.total, self.out = title, total, out or sys.stderr
        self.done, self._began, self._last_drawn = 0.0, time.monotonic(), None
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._live = self.out.isatty()

    def __enter__(self):
        """Start to draw."""
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *failure):
        """Draw for the last time."""
        self._ended.set()
        with self._lock:
            if self._last_drawn is not None:
                self._write(self.line(), last=True)

    def step(self, size=1.0):
        """Count a step of this size as done."""
        with self._lock:
            self.done = min(self.total, self.done + size)

    def line(self):
        """The current line."""
        share = self.done / self.total if self.total else 1.0
        bar = "#" * round(WIDTH * share)
        seconds = time.monotonic() - self._began
        return f"  {self.title} [{bar:<{WIDTH}}] {share:4.0%}, {seconds:.0f} s"

    def _beat(self):
        while not self._ended.wait(BEAT):
            with self._lock:
                now = time.monotonic()
                elapsed = now - (self._began if self._last_drawn is None else self._last_drawn)
                if elapsed >= (BEAT if self._live else SPARSE if self._last_drawn else 2):
                    self._last_drawn = now
                    self._write(self.line())

    def _write(self, line, last=False):
        with contextlib.suppress(OSError, ValueError):  # a closed pipe is not a reason to stop
            text = f"\r{line}{chr(10) if last else ''}" if self._live else f"{line}\n"
            self.out.write(text)
            self.out.flush()
