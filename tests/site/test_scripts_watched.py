"""Every script and file of the page is watched: a missing one is named, and the rest works."""

import json
import re
import subprocess

import hosts
import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

from tools import node

NOTES = (
    r"Failed to load resource|net::ERR|Refused to execute|MIME type|could not be downloaded|standard library"
)
NOSNIFF = {"X-Content-Type-Options": "nosniff"}


@pytest.fixture
def host(served_dist):
    """A host of the site without the scripts for use from a folder: its address and its rules."""
    with hosts.serving(served_dist) as served:
        yield served


def wait_for_failure(reader, *parts):
    """Wait until the page says that something failed, with all given parts."""
    expect(reader.html).to_have_attribute("data-boot", "failed")
    for part in parts:
        expect(reader.locator("[data-boot-text]")).to_contain_text(part)


def retry_button(reader):
    """The button that tries again."""
    return reader.page.get_by_role("button", name="Try again")


def check_saving(reader):
    """Check that a prediction and a reflection are saved, and are there after a reload."""
    reader.commit(30)
    reader.part.get_by_label("Your answer").fill("What repeats teaches less.")
    expect(reader.in_part("[data-entry-saved='1/reflection']")).to_have_text("saved")
    reader.saved().page.reload()
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    expect(reader.part.get_by_label("Your answer")).to_have_value("What repeats teaches less.")


def test_each_missing_file_of_the_start_is_named(new_reader, served_dist, host):
    """If any file of the start is missing, the page names it, and work is saved without it."""
    address, rules = host
    page = (served_dist / "index.html").read_text("utf-8")
    manifest = json.loads(re.search(r"data-manifest>(.*?)</script>", page, re.DOTALL)[1])
    needed = [manifest["files"][name]["url"] for name in manifest["eager"]] + manifest["scripts"]
    needed += re.search(r'data-scripts="([^"]+)"', page)[1].split()
    assert len(needed) > 12
    for name in (url.rpartition("/")[2] for url in needed):
        rule = rules.add(name, status=404)
        reader = new_reader(base=address)
        reader.expected_errors = [NOTES]
        reader.page.goto(address + "index.html?track=cloud&part=1")
        if name.startswith("page."):
            wait_for_failure(reader, name, "cannot be taken yet", "does not have it (status 404)")
            rules.clear()
            retry_button(reader).click()
        else:
            wait_for_failure(reader, name.split(".")[0], "status 404", "work without it")
        reader.commit(30)
        expect(reader.status()).to_have_attribute("data-state", "saved")
        reader.context.close()
        if rule in rules:
            rules.remove(rule)


HAPPENED = {
    "a sign-in page": ({"body": hosts.SIGN_IN, "kind": "text/html"}, "A web page came in its place"),
    "a half": ({"cut": 5000}, "The connection to the host broke off"),
    "half of it, as if it were whole": ({"body": b'labFirst.piece("x", function () {'}, "damaged or cut off"),
    "an empty file": ({"body": b""}, "damaged or cut off"),
    "a failure of the host": ({"status": 503}, "cannot send it just now (status 503)"),
    "a host that is asked too often": ({"status": 429}, "cannot send it just now (status 429)"),
    "a refusal": ({"status": 403}, "The host refuses to send it (status 403)"),
    "no answer": ({"reset": True}, "The connection to the host broke off"),
    "a wrong type": (
        {"kind": "application/octet-stream", "headers": NOSNIFF},
        "sends it as “application/octet-stream”",
    ),
}


# The sentence does not depend on the script, so the second one is tested with only three kinds of failure.
LOST = [
    *(("page", what) for what in HAPPENED),
    *(("python", what) for what in list(HAPPENED)[:1] + list(HAPPENED)[-2:]),
]


@pytest.mark.parametrize(("script", "failure"), LOST)
def test_the_page_says_why_a_script_failed(new_reader, host, script, failure):
    """The sentence says what came instead of a script; after a repair, "Try again" starts the page."""
    address, rules = host
    rule, sentence = HAPPENED[failure]
    added_rule = rules.add(f"{script}.*.js", **rule)
    reader = new_reader(base=address, script=NO_PYTHON)
    reader.expected_errors = [NOTES]
    reader.open()
    wait_for_failure(reader, f"{script}.", sentence)
    rules.remove(added_rule)
    retry_button(reader).click()
    wait_for_failure(reader, "web workers")  # the next failure is Python's, which this browser cannot run
    check_saving(reader)


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("page", {"status": 503}),
        ("page", {"reset": True}),
        ("page", {"body": hosts.SIGN_IN}),
        ("python", {"reset": True}),
        ("bokeh.min", {"body": hosts.SIGN_IN}),
    ],
)
def test_a_script_that_fails_once_is_requested_again(new_reader, host, script, failure):
    """If a script does not arrive the first time, it is requested again without the cache, in order, silently."""
    address, rules = host
    rules.add(f"{script}.*.js", times=2 if "reset" in failure else 1, **failure)  # a browser repeats a reset
    reader = new_reader(base=address, script=NO_PYTHON if script != "bokeh.min" else None)
    reader.expected_errors = [NOTES]
    reader.open()
    if script == "bokeh.min":
        expect(reader.html).to_have_attribute("data-boot", "starting")
        expect(reader.part.get_by_role("slider", name="Similarity threshold")).to_be_attached()
    else:
        wait_for_failure(reader, "web workers")
    assert reader.locator("[data-trouble]").count() == 0
    check_saving(reader)


@pytest.mark.parametrize("pattern", ["page.*.js", "python.*.js", "numpy*", "panel.min*.js"])
def test_an_update_during_loading_is_reported(new_reader, served_dist, host, pattern):
    """If a new edition has replaced the page's files, the page says so, and offers a reload."""
    address, rules = host
    page = (served_dist / "index.html").read_text("utf-8")
    rules.add(pattern, status=404)
    newer = re.sub(r"\.[0-9a-f]{10}\.", ".0123456789.", page).encode()
    reader = new_reader(base=address)
    reader.expected_errors = [NOTES]
    rules.add("index.html", times=1, body=page.encode())
    rules.insert(1, {"pattern": "index.html", "body": newer})
    reader.open()
    wait_for_failure(reader, "The lab was updated while this page was loading")
    rules.clear()  # the new edition is complete
    reader.page.get_by_role("button", name="Reload the page").click()
    expect(reader.locator("[data-boot-text]")).not_to_contain_text("updated")
    check_saving(reader)


@pytest.mark.parametrize("cache", ["no-cache", "max-age=600"])
def test_a_missing_first_script_is_reported(new_reader, host, cache):
    """Without the first script the page promises nothing: it says what does not work, and what to do.

    A browser that may cache the refusal for ten minutes does so, whatever a link of the page requests.
    """
    address, rules = host
    rules.add("first.*.js", status=404, headers={"Cache-Control": cache})
    reader = new_reader(base=address, script=NO_PYTHON)
    reader.expected_errors = [NOTES]
    reader.page.goto(address + "index.html", wait_until="domcontentloaded")
    text = reader.locator("[data-boot-text]")
    expect(text).to_contain_text("if this sentence stays")
    expect(text).to_contain_text("Ctrl+Shift+R")
    expect(text).not_to_contain_text("starts by itself")
    rules.clear()
    if cache == "no-cache":
        text.get_by_role("link", name="Reload the page").click()
    else:  # as the two keys do
        reader.context.new_cdp_session(reader.page).send("Page.reload", {"ignoreCache": True})
    wait_for_failure(reader, "web workers")


def test_a_missing_style_sheet_is_reported(new_reader, host):
    """Without its style sheet the page works and says why it looks plain; a single failure is repaired."""
    address, rules = host
    rules.add("style.*.css", status=404, times=1)
    reader = new_reader(base=address, script=NO_PYTHON)
    reader.expected_errors = [NOTES]
    reader.open()
    expect(reader.locator(".masthead")).to_have_css("border-bottom-style", re.compile("none|solid"))
    assert reader.locator("[data-trouble]").count() == 0
    rules.add("style.*.css", status=404)
    reader.page.reload()
    expect(reader.locator("[data-trouble]")).to_contain_text("style sheet did not arrive")
    check_saving(reader)


def test_a_guide_reports_its_missing_script(new_reader, host):
    """A guide also says when its script does not arrive, and its text is shown."""
    address, rules = host
    rules.add("guide-instructors.*.js", status=503)
    reader = new_reader(base=address)
    reader.expected_errors = [NOTES]
    reader.page.goto(address + "guide-instructors.html")
    expect(reader.page.get_by_role("alert").first).to_contain_text("cannot send it just now (status 503)")
    expect(reader.page.get_by_role("heading", level=1)).to_be_visible()


def test_explanations_are_loaded_when_the_connection_returns(new_reader, host):
    """Explanations that did not arrive are requested again when the browser is online again."""
    address, rules = host
    rules.add("reveal-1.*.js", reset=True)
    reader = new_reader(base=address, script=NO_PYTHON)
    reader.expected_errors = [NOTES]
    reader.open().commit(30)
    expect(reader.notice()).to_contain_text("your prediction is saved")
    rules.clear()
    reader.context.set_offline(True)
    reader.context.set_offline(False)
    expect(reader.in_part("[data-reveal='no-python']")).to_contain_text("Python did not start here")
    expect(reader.notice()).to_be_hidden()


def test_old_browsers_can_parse_the_first_script(dist):
    """The first script is ECMAScript 5, so that it can run in a browser that is too old for the lab, and say so."""
    (first,) = (dist / "assets").glob("first.*.js")
    parser = "require('internal/deps/acorn/acorn/dist/acorn').parse(require('fs').readFileSync(0, 'utf8'), {ecmaVersion: 5})"
    for text, valid in ((first.read_text("utf-8"), True), ("let a = b?.c;", False)):
        process = subprocess.run(
            [node.executable(), "--expose-internals", "-e", parser],
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        assert (process.returncode == 0) is valid, process.stderr.decode()[-500:]
