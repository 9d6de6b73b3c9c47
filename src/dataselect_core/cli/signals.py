"""Stop a command in an orderly way after Ctrl-C, a closed terminal, or a system shutdown."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Stopped(KeyboardInterrupt):
    """A signal that ends the command; `number` is the number of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Stopping:
    """A context in which the first signal raises `Stopped`, so that temporary files are removed.

    Further signals are ignored, because they would interrupt the removal. A signal that was ignored when the
    command began (`nohup`) is still ignored.
    """

    def __init__(self) -> None:
        self._held, self._pending, self._raised = False, None, False
        self._before: dict[Any, Any] = {}

    def __enter__(self) -> Self:
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) in (signal.SIG_IGN, None):
                continue
            try:
                self._before[number] = signal.signal(number, self._arrived)
            except ValueError:  # not in the main thread: the surrounding program handles signals itself
                break
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the block finish before a signal that arrives in the meantime is handled."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending is not None:
            self._arrived(self._pending, None)

    def _arrived(self, number, frame):
        if self._held:
            self._pending = number
        elif not self._raised:
            self._raised = True
            raise Stopped(number)
