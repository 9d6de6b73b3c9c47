"""Find the browsers that the tests and the benchmark drive; on Debian as root, install them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLACES = {
    "chromium": [
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ],
    "firefox": [
        "firefox-esr", "firefox",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        r"C:\Program Files\Mozilla Firefox\firefox.exe",
    ],
}  # fmt: skip
DEBIAN = {"chromium": "chromium", "firefox": "firefox-esr"}


def chromium_path():
    """The path of a Chromium or Chrome, or None; `LAB_CHROMIUM` overrides the search if it is set."""
    return _find("chromium")


def firefox_path():
    """The path of a Firefox, or None; `LAB_FIREFOX` overrides the search if it is set."""
    return _find("firefox")


def _find(name):
    variable = f"LAB_{name.upper()}"
    if os.environ.get(variable):
        program = shutil.which(os.environ[variable])
        if program is None:
            raise SystemExit(
                f"{variable} is {os.environ[variable]!r}, which is not a program that can be run."
            )
        return program
    return next(filter(None, map(shutil.which, PLACES[name])), None)


def ensure_browsers():
    """Make sure that both browsers are installed; otherwise exit with a message that names the missing one."""
    missing = [name for name in PLACES if _find(name) is None]
    if missing and debian_root():
        apt_install(*(DEBIAN[name] for name in missing))
        missing = [name for name in PLACES if _find(name) is None]
    if missing:
        raise SystemExit(
            f"The tests of the built site need {' and '.join(missing)}, which was not found here. Install it"
            f" (on Debian: sudo apt install {' '.join(DEBIAN[name] for name in missing)}),"
            f" or name the program in {' and '.join(f'LAB_{name.upper()}' for name in missing)}."
        )


def debian_root():
    """Whether packages can be installed with apt-get without asking anyone."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/etc/debian_version").exists()


def apt_install(*packages):
    """Install Debian packages."""
    print(f"  installing {', '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        completed = subprocess.run(
            ["apt-get", "-q", *command],
            check=False, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    if completed.returncode:  # of the installation: an old list of packages may still work
        sys.exit(f"apt-get could not install {', '.join(packages)}; its own message is above.")
