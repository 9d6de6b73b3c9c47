"""The service worker in Chromium: the lab without a network, one version at a time, and no loss after a failure."""

import json
import re

import pytest
from editions import COLOUR, another, copied, switched_off
from host import hosting
from playwright.sync_api import expect
from reader import NO_PYTHON, PATIENCE

FIRST = "Signal-to-noise engineering"
NEW = "Another edition"
READY = re.compile(r"^Works offline now: \d+ MB are kept in this browser\.$")
AWAY = r"net::ERR|Failed to load resource"
CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('data-selection-lab '))"
COMPLETE = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    if (await caches.match("https://lab.invalid/complete", { cacheName: name })) found.push(name);
  }
  return found;
}"""
REGISTRATIONS = "async () => (await navigator.serviceWorker.getRegistrations()).map((each) => each.scope)"
OWN_STYLE = "() => fetch(document.querySelector('link[rel=stylesheet]').href, { cache: 'no-store' }).then(({ status }) => status)"
UPDATE = "async () => { await (await navigator.serviceWorker.getRegistration()).update(); }"
LOOK_FOR_UPDATE = (
    "async () => { (await navigator.serviceWorker.getRegistration()).update().catch(() => {}); }"
)
STATE = "async () => (await navigator.serviceWorker.getRegistration())?.active?.state"


@pytest.fixture
def host(dist, tmp_path):
    """A host of a copy of the site, in a folder as on GitHub Pages."""
    with hosting(copied(dist, tmp_path / "first"), "/repo/") as host:
        yield host


@pytest.fixture
def visitor(new_reader, host):
    """A reader whose browser may have service workers."""
    return new_reader(base=host.address, service_workers="allow")


# Python takes time and hardly matters for the worker, so this visitor's browser has no Python and immediately reports
# what a page reports when Python runs.
AT_ONCE = f"""{NO_PYTHON}
  document.addEventListener("lab:whole", () => setTimeout(() => document.dispatchEvent(new CustomEvent("lab:boot", {{ detail: "live" }})), 100));
"""


@pytest.fixture
def quick(new_reader, host):
    """A reader whose browser may have service workers, and no Python."""
    return new_reader(base=host.address, service_workers="allow", script=AT_ONCE)


def status(reader):
    """The page's line about offline use."""
    return reader.locator("[data-offline-status]")


def open_offline(reader, query="?track=cloud&part=1"):
    """Open the lab and wait until the page says that it works offline."""
    reader.open(query)
    expect(status(reader)).to_have_text(READY, timeout=4 * PATIENCE)  # a hundred files
    return reader


def works(reader, part="1"):
    """Check that a text arrives that the page loads only when needed."""
    reader.commit(30)
    expect(reader.in_part("[data-reveal='no-python']")).to_contain_text("Python did not start here")
    return reader


def wait_for(reader, script, expected):
    """Wait until a script in the page returns the wanted value."""
    for _ in range(PATIENCE // 100):
        value = reader.page.evaluate(script)
        if value == expected or (callable(expected) and expected(value)):
            return value
        reader.page.wait_for_timeout(100)
    pytest.fail(f"{script} still gives {value}")


def check_edition(reader, title):
    """Check that the page has the text and style of that edition."""
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(title)
    colour = reader.page.get_by_role("heading", level=1).evaluate("(title) => getComputedStyle(title).color")
    assert (colour == COLOUR) == (title == NEW)


def visit_again(reader):
    """Close every page of the lab, and open a new one."""
    for page in reader.context.pages:
        page.close()
    reader.page = reader.context.new_page()
    return reader


# -- without a network ---------------------------------------------------------------------------------


def test_the_lab_works_without_a_network_after_the_first_start(visitor, host):
    """After Python runs, nothing is fetched twice; this page and the next visit then work without the host.

    Nothing is kept before Python runs. The lab opens by its folder, with settings and with a place, live in all parts.
    """
    with visitor.hold_back("**/*.wasm"):
        visitor.open()
        expect(visitor.html).to_have_attribute("data-boot", "starting")
        visitor.page.wait_for_timeout(2000)
        assert "sw.js" not in host.requests
    visitor.live()
    expect(status(visitor)).to_have_text(READY, timeout=4 * PATIENCE)
    page = (host.folder / "index.html").read_text("utf-8")
    manifest = json.loads(re.search(r"data-manifest>(.*?)</script>", page, re.DOTALL)[1])
    # Python and the worker may fetch a part's data at the same time; files of the start are already complete.
    scripts = [url for url in manifest["scripts"] if "guide" not in url]
    start = [manifest["files"][name]["url"] for name in manifest["eager"]] + scripts
    assert len(start) > 10
    for path in start:
        assert host.requests.count(path) == 1, path
    assert not [path for path in host.requests if path.startswith(("offline/", "guide", "assets/guide"))]
    expect(visitor.locator("[data-offline-said]")).to_have_text(
        re.compile(r"^Works offline now \(\d+ MB kept\)\.$")
    )
    host.stop()
    visitor.commit(30).results().choose_corpus("Licence texts (real)")  # data and texts not yet loaded
    expect(visitor.value("reveal.measured")).to_have_text(re.compile(r"^59\.\d %$"))
    visit_again(visitor).page.goto(host.address)
    visitor.live().results()
    for part in "23":
        visitor.page.get_by_role("link", name=f"Part {part}").first.click()
        expect(visitor.page.locator(f"[data-part='{part}']")).to_have_attribute(
            "data-results", re.compile(".")
        )
    expect(visitor.locator("[data-offline-said]")).to_be_empty()  # was already said
    visitor.open("?track=edge&part=2&seed=3#part-2").live()
    expect(visitor.page.get_by_role("radio", name="Edge Guardian")).to_be_checked()
    expect(visitor.page.locator("[data-part='2']")).to_be_visible()
    assert visitor.page.url.endswith("#part-2") and "part=2" in visitor.page.url


def test_other_pages_come_from_the_network(quick, host):
    """The host answers for a guide, never the lab, and unknown addresses of the host stay unknown."""
    page = open_offline(quick).page
    page.goto(host.address + "guide-authors.html")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(FIRST)
    assert host.requests[-1] != "index.html" and "guide-authors.html" in host.requests
    quick.expected_errors = [AWAY]
    assert page.goto(host.address + "0.9/index.html").status == 404  # an earlier release next to this one
    assert page.goto(host.address + "nothing").status == 404


# -- versions ------------------------------------------------------------------------------------------


def test_an_open_page_keeps_its_version_after_a_deployment(quick, host, dist, tmp_path):
    """The open page keeps its version, says once that there is a new one, and the next visit has it completely."""
    open_offline(quick)
    host.folder = another(dist, tmp_path / "second")
    quick.page.evaluate(LOOK_FOR_UPDATE)
    news = quick.page.get_by_role("complementary", name="A newer version")
    expect(news).to_contain_text("A newer version of the lab is ready; it is used the next time you open it.")
    check_edition(quick, FIRST)
    works(quick)
    assert quick.page.evaluate(OWN_STYLE) == 200  # a file of its version, which the host no longer has
    news.get_by_role("button", name="Later").click()
    expect(news).to_be_hidden()
    host.stop()
    visit_again(quick).open()
    check_edition(quick, NEW)
    expect(quick.page.get_by_role("complementary", name="A newer version")).to_be_hidden()
    wait_for(quick, CACHES, lambda names: len(names) == 1)


def test_reload_now_updates_only_this_page(quick, host, dist, tmp_path):
    """The button "Reload now" brings the new version only to this page; the other tab keeps its version and work."""
    open_offline(quick).commit(30).saved()
    other_tab = quick.another_tab().open()
    host.folder = another(dist, tmp_path / "second")
    quick.page.evaluate(LOOK_FOR_UPDATE)
    quick.page.get_by_role("button", name="Reload now").click()
    check_edition(quick, NEW)
    expect(quick.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    host.stop()
    check_edition(other_tab, FIRST)
    for tab in (other_tab, quick):
        assert tab.page.evaluate(OWN_STYLE) == 200
    assert len(quick.page.evaluate(CACHES)) == 2  # the other tab may still need its cache


def test_a_page_from_the_host_is_not_called_old(quick, host, dist, tmp_path):
    """If a page comes fresh from the host, it does not call the older kept version newer."""
    open_offline(quick)
    host.folder = another(dist, tmp_path / "second")
    visit_again(quick)
    client = quick.context.new_cdp_session(quick.page)
    client.send("Network.enable")
    client.send("Network.setBypassServiceWorker", {"bypass": True})
    quick.open("?track=mobile&part=1")  # an address that the browser has not cached
    check_edition(quick, NEW)
    expect(status(quick)).to_have_text(READY, timeout=4 * PATIENCE)
    expect(quick.page.get_by_role("complementary", name="A newer version")).to_be_hidden()


# -- incomplete versions -------------------------------------------------------------------------------


REFUSED = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  const worker = registration.installing;
  while (worker.state === "installing") await new Promise((done) => worker.addEventListener("statechange", done, { once: true }));
  return worker.state;
}"""
PORTAL = ("text/html", b"<title>Sign in</title>Sign in to the network of this hotel.")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("assets/style.*.css", None),
        ("assets/style.*.css", PORTAL),
        ("index.html", PORTAL),
        ("index.html", None),
    ],
)
def test_an_incomplete_version_is_not_used(quick, host, dist, tmp_path, name, answer):
    """A new version with a missing or wrong file is never used until it is complete."""
    open_offline(quick)
    quick.expected_errors = [AWAY]
    host.folder = another(dist, tmp_path / "second")
    (file,) = host.folder.glob(name)
    host.replaced[file.relative_to(host.folder).as_posix()] = answer
    assert quick.page.evaluate(REFUSED) == "redundant"
    quick.reload()
    check_edition(quick, FIRST)
    host.replaced.clear()
    quick.page.evaluate(LOOK_FOR_UPDATE)
    wait_for(quick, COMPLETE, lambda names: len(names) == 2)
    quick.reload()
    check_edition(quick, NEW)


def test_a_file_missing_from_the_cache_is_fetched_again(quick, host):
    """A file missing from the cache is fetched and kept, and a portal's page in its place is refused."""
    open_offline(quick)
    address = quick.page.evaluate("""async () => {
      const name = (await caches.keys()).find((each) => each.startsWith("data-selection-lab "));
      const cache = await caches.open(name);
      const [request] = (await cache.keys()).filter(({ url }) => url.includes("licences.json"));
      await cache.delete(request);
      return request.url;
    }""")
    path = address.removeprefix(host.address)
    fetch_status = "(url) => fetch(url, { cache: 'no-store' }).then(({ status }) => status, () => 'refused')"
    quick.expected_errors = [AWAY]
    host.replaced[path] = PORTAL
    assert quick.page.evaluate(fetch_status, address) == "refused"
    host.replaced.clear()
    assert quick.page.evaluate(fetch_status, address) == 200
    host.stop()
    assert quick.page.evaluate(fetch_status, address) == 200


# -- a worker that fails -------------------------------------------------------------------------------


def change_worker(host, *changes):
    """Break the worker of the host's edition."""
    path = host.folder / "sw.js"
    text = path.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([('"use strict";', "throw new Error('broken');")], "Not kept: this browser, or the host"),
        ([("waitUntil(fill())", "waitUntil(new Promise(() => {}))")], "Keeping the lab for offline use …"),
        ([("waitUntil(fill())", "waitUntil(Promise.reject(new Error('broken')))")], "Not kept"),
    ],
    ids=["throws", "never answers", "refuses"],
)
def test_the_lab_works_if_the_worker_does_not_start(quick, host, changes, message):
    """If a worker throws or never gets ready, the page says so next to the switch; the lab works, also next time."""
    change_worker(host, *changes)
    quick.open()
    expect(status(quick)).to_contain_text(message)
    works(quick).reload()
    expect(quick.in_part("[data-lock-answer='1']")).to_contain_text("30 %")


@pytest.mark.parametrize(
    "changes",
    [
        [("const { request } = event;", "throw new Error('broken');")],
        [
            ("const PATIENCE = 5000", "const PATIENCE = 500"),
            ("async function kept(url) {", "async function kept(url) { await new Promise(() => {});"),
            ("async function newestPage() {", "async function newestPage() { await new Promise(() => {});"),
        ],
        [
            ("async function kept(url) {", "async function kept(url) { throw new Error('broken');"),
            ("async function newestPage() {", "async function newestPage() { throw new Error('broken');"),
        ],
    ],
    ids=["throws", "hangs", "refuses"],
)
def test_the_lab_works_if_the_worker_cannot_answer(quick, host, changes):
    """If the worker throws, or the browser's storage hangs or refuses, the page comes from the host."""
    change_worker(host, *changes)
    open_offline(quick).reload()
    before = len(host.requests)
    quick.reload()
    works(quick)
    assert len(host.requests) > before


@pytest.mark.parametrize("known_beforehand", [True, False])
def test_a_lack_of_space_is_reported(quick, host, known_beforehand):
    """If there is no room, known beforehand or not, nothing is left over, and the page says so."""
    if known_beforehand:
        change_worker(host, ("const SPARE = 1.5", "const SPARE = 1e9"))
    else:  # the browser then reports its free space wrongly
        client = quick.context.new_cdp_session(quick.page)
        quota = {"origin": host.address.split("/repo")[0], "quotaSize": 6_000_000}
        client.send("Storage.overrideQuotaForOrigin", quota)
    quick.open()
    expect(status(quick)).to_contain_text(
        re.compile(r"^Not kept \(\d+ MB\): this browser has not enough free space")
    )
    assert quick.page.evaluate(CACHES) == []
    works(quick)


BLOCKED = """
  const no = () => { throw new DOMException("blocked", "SecurityError"); };
  Object.defineProperty(Navigator.prototype, "serviceWorker", { get: GETTER });
  Object.defineProperty(globalThis, "localStorage", { get: no });
  if (globalThis.CacheStorage) { // about:blank has none
    CacheStorage.prototype.keys = CacheStorage.prototype.match = async () => no();
    LockManager.prototype.request = async () => no();
  }
"""


@pytest.mark.parametrize(
    "getter",
    [
        "no",
        "() => undefined",
        "() => ({ register: async () => no(), getRegistration: async () => no(), addEventListener() {} })",
    ],
)
def test_the_lab_works_with_blocked_storage(new_reader, host, getter):
    """If the browser forbids storage, in any way, the lab works and reports no error."""
    reader = new_reader(
        base=host.address, service_workers="allow", script=AT_ONCE + BLOCKED.replace("GETTER", getter)
    )
    works(reader.open())
    reader.page.wait_for_timeout(1500)
    assert "sw.js" not in host.requests
    expect(reader.locator("[data-offline-said]")).to_be_empty()


# -- off -----------------------------------------------------------------------------------------------

OTHERS = """async (names) => {
  for (const name of names) await (await caches.open(name)).put("https://lab.invalid/x", new Response("x"));
}"""


def test_a_reader_can_switch_offline_use_off_and_on(quick, host):
    """Off removes only the worker and its caches, and lasts; on keeps the lab again."""
    open_offline(quick)
    nested = f"data-selection-lab {host.address}0.9/ 1234"
    others = {nested, "data-selection-lab http://elsewhere.invalid/ 1", "another site's"}
    quick.page.evaluate(OTHERS, sorted(others))
    switch = quick.page.get_by_label("Keep the lab for offline use")
    expect(switch).to_be_checked()
    switch.uncheck()
    expect(status(quick)).to_have_text("Not kept: without a connection the lab does not open.")
    names = quick.page.evaluate("() => caches.keys()")
    assert others <= set(names) <= others | {"lab-python"}
    assert quick.page.evaluate(REGISTRATIONS) == []
    request_count = host.requests.count("sw.js")
    quick.reload()
    expect(switch).not_to_be_checked()
    quick.page.wait_for_timeout(2000)
    assert host.requests.count("sw.js") == request_count
    switch.check()
    expect(status(quick)).to_have_text(READY)
    host.stop()
    quick.reload()
    assert others <= set(quick.page.evaluate("() => caches.keys()"))


def test_offline_use_can_be_restarted_in_one_page(quick, host):
    """After off and on again in one page the lab works offline."""
    open_offline(quick)
    switch = quick.page.get_by_label("Keep the lab for offline use")
    switch.uncheck()
    expect(status(quick)).to_contain_text("Not kept")
    switch.check()
    expect(status(quick)).to_have_text(READY)
    host.stop()
    quick.reload()


def test_an_edition_without_a_worker_removes_the_worker(quick, host, dist, tmp_path):
    """An edition without a worker removes the readers' worker and its caches, even under an open page."""
    open_offline(quick)
    quick.page.evaluate(OTHERS, ["another site's"])
    host.folder = switched_off(dist, tmp_path / "off")
    quick.page.evaluate(LOOK_FOR_UPDATE)
    wait_for(quick, REGISTRATIONS, [])
    wait_for(quick, CACHES, [])
    works(quick)
    quick.page.evaluate(
        OTHERS, [f"data-selection-lab {host.address} left"]
    )  # left by a worker that was interrupted
    quick.reload()
    wait_for(quick, CACHES, [])
    quick.page.wait_for_timeout(1500)
    assert quick.page.evaluate(REGISTRATIONS) == []
    assert "another site's" in quick.page.evaluate("() => caches.keys()")
    expect(quick.page.get_by_label("Keep the lab for offline use")).to_be_hidden()


# -- where it must not run -----------------------------------------------------------------------------

BOOK = "<!doctype html><title>Book</title><link rel='icon' href='data:,'><iframe title='lab' src='LAB' style='width: 900px; height: 700px'></iframe>"


@pytest.mark.parametrize("home", ["same", "another", "sandbox"])
def test_only_a_frame_of_the_same_origin_keeps_the_lab(new_reader, host, tmp_path, home):
    """Nothing is kept in a frame of another origin or of a sandbox; in a frame of the same origin the lab is kept."""
    lab = host.address + "index.html?track=cloud&part=1"
    book = BOOK.replace("LAB", lab)
    if home == "sandbox":
        book = book.replace("<iframe", "<iframe sandbox='allow-scripts'")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.html").write_text(book)
    (host.folder / "book.html").write_text(book)
    with hosting(tmp_path / "book") as other_host:
        reader = new_reader(base="http://", service_workers="allow", script=AT_ONCE)
        reader.expected_errors = [r"sandbox|CORS|origin 'null'|net::ERR"]
        reader.page.goto(
            other_host.address.replace("127.0.0.1", "localhost")
            if home == "another"
            else host.address + "book.html"
        )
        frame = reader.page.frame_locator("iframe")
        expect(frame.locator("html")).to_have_attribute("data-boot", re.compile("live|failed"))
        status_line = frame.locator("[data-offline-status]")
        if home == "same":
            expect(status_line).to_have_text(READY)
        else:
            reader.page.wait_for_timeout(2500)
            expect(frame.get_by_label("Keep the lab for offline use")).to_be_hidden()
            assert "sw.js" not in host.requests


def test_a_page_from_a_folder_has_no_worker(new_reader, dist):
    """A double-clicked page neither offers nor starts a service worker."""
    reader = new_reader(base=dist.as_uri() + "/", service_workers="allow", script=AT_ONCE)
    reader.open().page.wait_for_timeout(1500)
    expect(reader.page.get_by_label("Keep the lab for offline use")).to_be_hidden()


def test_firefox_needs_no_network_on_the_second_visit(new_firefox, host):
    """Firefox also opens the kept lab without a host, and computes."""
    firefox = new_firefox(**{"dom.serviceWorkers.enabled": True})
    firefox.open(host.address + "index.html?track=cloud&part=1&corpus=licences")
    firefox.wait("() => document.documentElement.dataset.boot === 'live'")
    works_offline = (
        "() => /^Works offline now/.test(document.querySelector('[data-offline-status]').textContent)"
    )
    firefox.wait(works_offline)
    host.stop()
    firefox.reload()
    firefox.type("spinbutton", "Reduction in total training FLOPs", "30")
    firefox.click("button", "Commit")
    shows_result = "() => /^59\\.\\d %$/.test(document.querySelector(\"[data-part='1'] [data-value='reveal.measured']\").textContent)"
    firefox.wait(shows_result)
