"""Shared fixtures for tests of the built site: the site itself, a server, a Chromium, and readers.

A reader fails its test on any error in the console, any uncaught error of the page, and any request that leaves
the page's origin, whatever the test is about.
"""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
from firefox import Firefox
from playwright.sync_api import expect, sync_playwright
from reader import PATIENCE, Reader

from tools import browsers, driven, make, serve
from tools.locked import locked

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def dist(tmp_path_factory):
    """A copy of the built site, or of LAB_DIST, so that a build in progress cannot change it during the tests."""
    source = Path(os.environ.get("LAB_DIST", ROOT / "dist"))
    if not (source / "index.html").is_file():
        pytest.fail(f"{source} is not a built site, which these tests need: run `python build.py build`.")
    with locked(ROOT / make.LOCK, "copying the built site for tests"):
        return Path(shutil.copytree(source, tmp_path_factory.mktemp("site") / "dist"))


@pytest.fixture(scope="session")
def served_dist(dist, tmp_path_factory):
    """The built site without the files for use without a server, which could replace files that a host lacks."""
    target = tmp_path_factory.mktemp("served") / "dist"
    return Path(shutil.copytree(dist, target, ignore=shutil.ignore_patterns("offline")))


@pytest.fixture
def broken_dist(served_dist, tmp_path):
    """A copy of the served site for a test to break."""
    return Path(shutil.copytree(served_dist, tmp_path / "dist"))


@pytest.fixture(scope="session")
def address(dist):
    """The address of the site on a server that behaves like a static host."""
    with serve.serving(dist) as url:
        yield url


@pytest.fixture(scope="session")
def playwright():
    """The driver of Chromium; a process can have only one at a time."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright):
    """A running Chromium."""
    path = browsers.chromium_path()
    if path is None:
        pytest.fail(
            "No Chromium was found; `python build.py test` installs it on Debian, or set LAB_CHROMIUM."
        )
    browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def stock_firefox(playwright):
    """A running Firefox of the distribution, driven with the same steps as Chromium."""
    if browsers.firefox_path() is None:
        pytest.fail("No Firefox was found; `python build.py test` installs it on Debian, or set LAB_FIREFOX.")
    with driven.browser(playwright, "firefox") as browser:
        yield browser


@pytest.fixture
def new_reader(request, address):
    """Open readers, each in a new browser profile, and check at the end what they came across."""
    readers = []

    def create_reader(base=address, script=None, browser="chromium", steps=False, **options):
        engine = request.getfixturevalue({"chromium": "chromium", "firefox": "stock_firefox"}[browser])
        # A service worker would fetch 20 MB in addition to each test, and answer instead of the server.
        defaults = {"viewport": {"width": 1280, "height": 900}, "service_workers": "block"}
        context = engine.new_context(**{**defaults, **options})
        context.set_default_timeout(PATIENCE)
        if script:
            context.add_init_script(script)
        readers.append(Reader(context, base, steps))
        return readers[-1]

    yield create_reader
    for reader in readers:
        reader.context.close()
    for reader in readers:
        reader.check()


@pytest.fixture
def reader(new_reader):
    """A reader without an open page."""
    return new_reader()


@pytest.fixture
def new_firefox():
    """Start Firefox with further preferences and a new profile each time, and end it after the test."""
    path = browsers.firefox_path()
    if path is None:
        pytest.fail("No Firefox was found; `python build.py test` installs it on Debian, or set LAB_FIREFOX.")
    with ExitStack() as stack:
        yield lambda preferences=None, **more: stack.enter_context(
            Firefox(path, {**(preferences or {}), **more})
        )
