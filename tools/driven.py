"""Browsers as readers have them, driven by Playwright: Chromium, and the Firefox of the distribution or of Mozilla.

Playwright comes with a patched Firefox; the one here is stock, driven over WebDriver BiDi.
"""

import shlex
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tools import browsers

RELAY = Path(__file__).with_name("bidi_relay.py")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# Under automation, Firefox sets additional preferences, one of which lets file:// pages read each other, and
# Playwright turns off protection that readers have.
PREFERENCES = {
    "remote.prefs.recommended": False,
    # A page and its frames are in one process: Playwright's actions reach no other process.
    "fission.autostart": False,
    "focusmanager.testmode": True,  # focus moves although no window manager activates the window
    "network.captive-portal-service.enabled": False,
    "network.cookie.cookieBehavior": 5,  # as installed: frames of another site have separate storage
    "privacy.trackingprotection.enabled": False,  # its lists would be fetched
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
}
NAMES = {"chromium": "Chromium", "firefox": "Firefox"}


@contextmanager
def browser(playwright, name):
    """A running Chromium or Firefox, whose contexts are private windows.

    Parameters
    ----------
    playwright : playwright.sync_api.Playwright
    name : str
        "chromium" or "firefox".
    """
    with _program(name) as options:
        running = getattr(playwright, name).launch(**options)
        try:
            yield running
        finally:
            running.close()


@contextmanager
def profile(playwright, name, **options):
    """A `BrowserContext` in a separate browser with a fresh profile and an ordinary window.

    Service workers, and the storage of frames of another site, differ from those of a private window.
    """
    with (
        tempfile.TemporaryDirectory(prefix="lab-profile-", ignore_cleanup_errors=True) as folder,
        _program(name) as started,
    ):
        context = getattr(playwright, name).launch_persistent_context(folder, **started, **options)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def _program(name):
    """The options with which Playwright starts that browser."""
    if name == "chromium":
        path = browsers.chromium_path()
        options = {"args": SWITCHES}
    else:
        path = browsers.firefox_path()
        options = {"channel": "moz-firefox", "firefox_user_prefs": PREFERENCES}
    if path is None:
        raise RuntimeError(f"No {NAMES[name]} was found; set LAB_{name.upper()} to one.")
    if name == "chromium" or sys.platform == "win32":  # on Windows, Firefox is current and lacks nothing
        yield {**options, "executable_path": path}
        return
    with tempfile.TemporaryDirectory(prefix="lab-relay-") as folder:
        script = Path(folder) / "firefox"
        script.write_text(
            f'#!/bin/sh\nexec {shlex.join([sys.executable, str(RELAY), path])} "$@"\n', encoding="utf-8"
        )
        script.chmod(0o755)
        yield {**options, "executable_path": str(script)}
