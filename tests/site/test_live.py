"""The quick loop of `serve`: an edit, or its error, is shown in the open page."""

import contextlib
import json
import re
import shutil
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tools import bench_loop, live, make, serve, views

ROOT = Path(__file__).resolve().parents[2]
PAGE = (
    '<!doctype html><html data-boot="live"><meta http-equiv="Content-Security-Policy" content="{csp}">'
    '<link rel="stylesheet" href="{style}"><title>A page</title><h1>{words}</h1><input aria-label="Name">'
    '<div style="height:5000px"></div><p id="end">The end</p>'
)
CSP = "default-src 'none'; script-src 'self' blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'"


def write(folder, words="One", colour="rgb(1, 2, 3)"):
    """A site of one page and its style sheet."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "assets").mkdir(parents=True)
    sheet = f"h1 {{ color: {colour} }}"
    style = f"assets/style.{make.hashlib.sha256(sheet.encode()).hexdigest()[:10]}.css"
    (folder / style).write_text(sheet)
    (folder / "index.html").write_text(PAGE.format(csp=CSP, style=style, words=words))


@pytest.fixture
def site(tmp_path):
    """A served site; `site(**what)` builds another state of it."""
    staging, dist = tmp_path / "new", tmp_path / "dist"
    write(staging)
    make.update_folder(staging, dist)
    live_pages = live.Live(dist)

    def build(**content):
        write(staging, **content)
        make.update_folder(staging, dist)
        live_pages.built()

    build.live = live_pages
    server = serve.start(dist, cache_control="no-store", live=live_pages)
    build.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield build
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium, site):
    """The site, open and listening, with a name in its field that a reload would lose."""
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    page = context.new_page()
    with page.expect_response(lambda answer: answer.url.endswith(serve.EVENTS)):
        page.goto(site.url)
    page.get_by_label("Name").fill("Ada")
    yield page
    context.close()


def test_a_new_style_sheet_is_applied_without_a_reload(site, page):
    """The page changes its colour without a reload."""
    site(colour="rgb(9, 9, 9)")
    expect(page.get_by_role("heading")).to_have_css("color", "rgb(9, 9, 9)")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    assert page.locator("link").count() == 1
    site(colour="rgb(7, 7, 7)")
    expect(page.get_by_role("heading")).to_have_css("color", "rgb(7, 7, 7)")
    expect(page.get_by_label("Name")).to_have_value("Ada")


def test_new_text_is_loaded_at_the_same_scroll_position(site, page):
    """The page reloads and keeps its scroll position."""
    page.evaluate("scrollTo(0, 3000)")
    site(words="Two", colour="rgb(9, 9, 9)")
    expect(page.get_by_role("heading")).to_have_text("Two")
    page.wait_for_function("scrollY === 3000")


def test_an_error_is_shown_until_it_is_fixed(site, page):
    """An error is shown in the page, also after a reload, until it is fixed."""
    site.live.broken("part-1.md: there is no <b>figure</b>")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("part-1.md: there is no <b>figure</b>")
    expect(page.get_by_label("Name")).to_have_value("Ada")
    page.reload()
    expect(alert).to_contain_text("there is no")
    site()
    expect(alert).to_have_count(0)


def test_a_disconnected_page_catches_up(site, page):
    """A page whose connection broke finds out that it is outdated when it connects again."""
    page.context.set_offline(True)
    site.live._tell = lambda more: None  # no page receives this build
    site(words="Three")
    del site.live._tell
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.get_by_role("heading")).to_have_text("Three")


def test_only_the_development_server_adds_the_script(site):
    """Only the development server adds the script; neither the files nor a plain server have it."""
    with urllib.request.urlopen(site.url) as answer:
        assert serve.SCRIPT in answer.read().decode()
    dist = site.live.dist
    assert all(b"@lab" not in path.read_bytes() for path in dist.rglob("*") if path.is_file())
    with serve.serving(dist) as url:
        with urllib.request.urlopen(url) as answer:
            assert "@lab" not in answer.read().decode()
        for name in (serve.SCRIPT, serve.EVENTS):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(url.rstrip("/") + name)


def test_every_written_change_is_built(tmp_path, capfd):
    """Each change of a source starts a build of the changed files; an error is reported until the source is fixed."""
    source = tmp_path / "site" / "page.md"
    source.parent.mkdir()
    source.write_text("one")
    builds, stop = [], threading.Event()

    class Pages:
        def changed(self, root, paths):
            pass

        fault = None

        def built(self):
            self.fault = ""

        def broken(self, text):
            self.fault = text

    def build(changed):
        text = source.read_text() if source.exists() else "gone"
        builds.append((text, [path.name for path in changed]))
        if text == "bad":
            raise views.ViewError("page.md is bad")

    pages = Pages()
    watcher = threading.Thread(target=live.rebuild_on_change, args=(tmp_path, build, pages, stop))
    watcher.start()
    try:
        time.sleep(0.3)
        for change, expected, fault in (
            ("two", "two", ""),
            ("bad", "bad", "page.md is bad"),
            (None, "gone", ""),
        ):
            pages.fault = None
            source.unlink() if change is None else source.write_text(change)
            wait_until(lambda: pages.fault is not None)
            assert (builds[-1], pages.fault) == ((expected, ["page.md"]), fault)
        assert len(builds) == 3
    finally:
        stop.set()
        watcher.join()
    output = capfd.readouterr()
    assert output.out.count("site/page.md changed; building again") == 3
    assert "page.md is bad" in output.err and "last good site" in output.err


def wait_until(ready, seconds=60):
    """Wait until a condition is true; machines that run tests are busy."""
    deadline = time.monotonic() + seconds
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ready()


# -- the lab itself ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the tree, with the caches of the last build."""
    return bench_loop.copied(ROOT, tmp_path_factory.mktemp("a copy") / "lab")


def edit(root, name, old, new):
    """Change a source; return a function that restores it."""
    path = root / name
    text = path.read_text("utf-8")
    assert old in text, name
    path.write_text(text.replace(old, new, 1), "utf-8")
    return lambda: path.write_text(text, "utf-8")


def test_the_lab_shows_each_edit_or_its_error(checkout, capfd):
    """Words, a style, a script, a workbench and the core: each edit is built, or its error is named."""
    builder = live.Builder(checkout)
    builder.build()
    live_pages, dist = live.Live(checkout / "dist"), checkout / "dist"
    messages = []
    live_pages._tell = lambda more: messages.append(live_pages._message() | more)
    with contextlib.closing(builder):
        builder.warm()

        def edit_and_build(name, old, new):
            undo = edit(checkout, name, old, new)
            live.attempt(live_pages, builder.build, [checkout / name])
            return undo, messages[-1]

        _, message = edit_and_build("site/shell/style.css", "{", "{ --edited: 1;")
        assert message["style"] and "--edited" in (dist / message["style"]).read_text()
        _, message = edit_and_build("site/pages/scene.edge.md", "\n", "\nEdited words.\n")
        assert not message["fault"] and not message["style"]
        assert "Edited words." in (dist / "index.html").read_text("utf-8")

        for name, old, new, expected in (
            ("site/pages/scene.edge.md", "Edited words.", "{{nothing|percent", "scene.edge.md"),
            ("site/pages/lab.html", "{%", "{% nonsense ", "lab.html, line"),
            ("site/shell/main.js", "{", "{ let 1;", "site/shell/main.js:"),
            (
                "site/apps/part2/bench.py",
                "\nfrom ",
                "\nimport nothing_of_the_kind\nfrom ",
                "nothing_of_the_kind",
            ),
            ("src/dataselect_core/facts/prices.json", "{", "{,", "prices.json"),
            ("site/apps/part1/bench.py", "\nfrom ", "\nimport (\nfrom ", "bench.py"),
        ):
            good = (dist / "index.html").read_bytes()
            undo, message = edit_and_build(name, old, new)
            assert expected in message["fault"], (name, message["fault"][-300:])
            assert (dist / "index.html").read_bytes() == good
            undo()
            live.attempt(live_pages, builder.build, [checkout / name])
            assert not messages[-1]["fault"], name
    assert re.search(r"main\.js:\d+", capfd.readouterr().err)


def test_a_page_receives_the_build_and_its_error(checkout):
    """A page receives JSON with two keys: the current build, and the error."""
    live_pages = live.Live(ROOT / "dist")
    first = next(live_pages.listen())
    assert json.loads(json.dumps(first)) == {"token": live_pages.token, "fault": ""}
    assert live_pages.token == live.Live(ROOT / "dist").token


def test_the_open_page_runs_new_python_without_a_reload(checkout, chromium):
    """The open page runs new Python; if that fails, the old code runs until the new code is fixed."""
    name, old, new, condition, _ = bench_loop.EDITS["core"]
    page = chromium.new_page(bypass_csp=True)  # the condition is a text
    patience = {"timeout": bench_loop.PATIENCE}
    with bench_loop.serving(checkout) as address:
        page.goto(address + bench_loop.ADDRESS)
        page.wait_for_selector("html[data-boot=live]", state="attached", **patience)
        page.evaluate("globalThis.stayed = true")
        undo = edit(checkout, name, old, new.format(1))
        page.wait_for_function(condition.replace("{}", "1"), **patience)
        undo_error = edit(checkout, "site/apps/bridge.py", "\nfrom ", "\nimport nothing_of_the_kind\nfrom ")
        expect(page.get_by_role("alert")).to_contain_text("nothing_of_the_kind", **patience)
        undo_error()
        undo()
        expect(page.get_by_role("alert")).to_have_count(0, **patience)
        page.wait_for_function(f"!({condition.replace('{}', '1')})", **patience)
        assert page.evaluate("globalThis.stayed")
    page.close()


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("site/apps/part1/bench.py", "one = 1\n", True),
        ("src/dataselect_core/figures.py", "one = 1\n", True),
        ("src/dataselect_core/facts/prices.json", "{}", False),
        ("tools/site.py", "one = 1\n", False),
        ("site/apps/gone.py", None, False),
    ],
)
def test_only_python_is_sent_to_the_page(tmp_path, name, text, accepted):
    """Only Python of workbenches and core is sent; everything else waits for the build."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    if text is not None:
        path.write_text(text, encoding="utf-8")
    sources = live.sources_of_the_page(tmp_path, [path])
    assert (sources is not None) == accepted
    if accepted:
        assert sources == {name.split("/", 1)[1]: text}


def test_a_page_reloads_if_more_than_python_changed(tmp_path):
    """All changes in one build count together: texts and Python need a reload, Python alone does not."""
    dist, code, words = tmp_path / "dist", tmp_path / "site/apps/one.py", tmp_path / "site/pages/one.md"
    write(dist)
    for path in (code, words):
        path.parent.mkdir(parents=True)
        path.write_text("")
    live_pages = live.Live(dist)
    messages = []
    live_pages._tell = messages.append
    live_pages.changed(tmp_path, [code])
    live_pages.built()
    live_pages.changed(tmp_path, [words])
    live_pages.changed(tmp_path, [code])
    live_pages.built()
    live_pages.changed(tmp_path, [code])
    live_pages.built()
    assert [message.get("swapped", "code") for message in messages] == ["code", True, False, "code", True]


def test_a_mistake_that_is_mended_needs_no_reload(tmp_path):
    """Python that does not compile, or that an editor has only half written, is sent when it is right."""
    dist, code = tmp_path / "dist", tmp_path / "site/apps/one.py"
    write(dist)
    code.parent.mkdir(parents=True)
    live_pages = live.Live(dist)
    messages = []
    live_pages._tell = messages.append
    for text in ("one = = 1\n", "one = 1\n"):
        code.write_text(text)
        live_pages.changed(tmp_path, [code])
    live_pages.built()
    code.write_text("one = (\n")
    live_pages.changed(tmp_path, [code])
    live_pages.built()
    assert messages[0] == {"code": {"apps/one.py": "one = 1\n"}}
    assert [message.get("swapped", "code") for message in messages] == ["code", True, False]
