"""A failure of one listener, module or browser feature stops nothing else: the page starts, predicts and saves."""

import re
import threading

import hosts
import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

FAULT = r"a fault of a test"
THROWS = 'throw new Error("a fault of a test")'


def blocked(owner, name):
    """A script that makes a property of the browser throw when it is read, as forbidden storage does."""
    return (
        f"Object.defineProperty({owner}, '{name}', "
        "{configurable: true, get() { throw new DOMException('forbidden', 'SecurityError'); }});"
    )


FORBIDDEN = {
    "BroadcastChannel": "globalThis.BroadcastChannel = class { constructor() { throw new DOMException('no', 'SecurityError'); } };",
    "indexedDB": blocked("globalThis", "indexedDB"),
    "indexedDB.open": "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };",
    "localStorage": blocked("globalThis", "localStorage"),
    "caches": blocked("globalThis", "caches"),
    "navigator.storage": blocked("Navigator.prototype", "storage"),
}


@pytest.fixture
def broken_page(broken_dist):
    """A site whose joined script can be changed by a function of its text; gives the address."""
    (script,) = (broken_dist / "assets").glob("page.*.js")
    with hosts.serving(broken_dist) as (address, _):

        def change(function):
            text = script.read_text("utf-8")
            new_text = function(text)
            assert new_text != text
            script.write_text(new_text, "utf-8")
            return address

        yield change


def works(reader):
    """Check that a prediction is committed and shown, and that the page says whether it is saved."""
    reader.commit(30)
    expect(reader.status()).to_have_attribute("data-state", re.compile("saved|failed"))


FAULTS = {
    "a watcher of the record": lambda text: (
        text + f"lab.store.watch(() => {{ {THROWS}; }}); lab.store.watch(async () => {{ {THROWS}; }});"
    ),
    "a listener to the workbench": lambda text: (
        text + f"lab.boot.listen(() => {{ {THROWS}; }}, {{ first: true }});"
    ),
    "something that waits for the start": lambda text: text + f"lab.later(() => {{ {THROWS}; }});",
    "a listener of the document": lambda text: (
        text + f'document.addEventListener("lab:boot", () => {{ {THROWS}; }});'
    ),
    "a module at its beginning": lambda text: text.replace(
        'labFirst.piece("map", function () {', f'labFirst.piece("map", function () {{ {THROWS};'
    ),
    "what shows evidence": lambda text: text + f"lab.evidence.show = () => {{ {THROWS}; }};",
    "what shows clusters": lambda text: text + f"lab.clusters.reset = () => {{ {THROWS}; }};",
    "what shows assumptions of a record": lambda text: (
        text + f"lab.assumptions.show = () => {{ {THROWS}; }};"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_nothing_else(new_reader, broken_page, fault):
    """If any listener or module throws, the prediction is still saved and shown again, and one fault is reported."""
    reader = new_reader(base=broken_page(FAULTS[fault]), script=NO_PYTHON)
    reader.expected_errors = [FAULT]
    reader.open().commit(30).saved()
    expect(reader.locator("[data-trouble]")).to_have_count(1)
    expect(reader.locator("[data-trouble]")).to_contain_text("A piece of this page does not work")
    reader.reload()
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    expect(reader.html).to_have_attribute("data-boot", "failed")  # the start of Python was still attempted


@pytest.mark.parametrize("feature", [*FORBIDDEN, "everything"])
def test_the_page_works_if_storage_is_forbidden(new_reader, feature):
    """If a browser forbids storage, the page still works, takes a prediction, and says how it is kept."""
    script = "".join(FORBIDDEN.values()) if feature == "everything" else FORBIDDEN[feature]
    reader = new_reader(script=NO_PYTHON + script).open()
    works(reader)
    expected = {
        "everything": "Not saved",
        "indexedDB": "its smaller store",
        "indexedDB.open": "its smaller store",
    }
    expect(reader.status()).to_contain_text(expected.get(feature, "Saved in this browser."))


def test_firefox_shows_results_with_site_data_blocked(new_firefox, address):
    """Firefox with all site data blocked gets live results, and the page says that nothing is saved."""
    firefox = new_firefox({"network.cookie.cookieBehavior": 2})
    firefox.open(address + "index.html?track=cloud&part=1&corpus=licences")
    firefox.type("spinbutton", "Reduction in total training FLOPs", "30")
    firefox.click("button", "Commit")
    firefox.wait("() => document.querySelector('[data-store-status]').textContent.startsWith('Not saved')")
    firefox.wait("() => document.documentElement.dataset.boot === 'live'")
    firefox.check(address)


def test_the_first_commitment_requests_persistent_storage(new_reader):
    """The browser is asked for persistent storage once, at the first commitment, and not before."""
    count = "globalThis.asked = 0; if (globalThis.StorageManager) StorageManager.prototype.persist = async () => { globalThis.asked += 1; return true; };"
    reader = new_reader(script=NO_PYTHON + count).open()
    reader.choose_track("Edge Guardian").saved()
    assert reader.page.evaluate("asked") == 0
    reader.commit(30).saved()
    assert reader.page.evaluate("asked") == 1


def test_late_storage_still_restores_the_record(new_reader):
    """If storage answers late, the record appears then, together with changes made meanwhile."""
    late = """
      const open = IDBFactory.prototype.open;
      const answers = new Promise((resolve) => { globalThis.answer = resolve; });
      IDBFactory.prototype.open = function (...given) {
        const outer = {};
        answers.then(() => {
          const inner = open.apply(this, given);
          for (const name of ["onupgradeneeded", "onsuccess", "onerror"]) inner[name] = () => { outer.result = inner.result; outer.error = inner.error; outer[name]?.(); };
        });
        return outer;
      };
    """
    reader = new_reader(script=NO_PYTHON + f"if (location.search.includes('seed=7')) {{ {late} }}")
    reader.open().commit(30).saved()
    reader.open("?track=cloud&part=1&class=x&seed=7")
    expect(reader.status()).to_have_attribute("data-state", re.compile("saved|failed"))
    reader.part.get_by_label("Your answer").or_(reader.part).first.wait_for()
    reader.page.evaluate("answer()")
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
    reader.saved()


def test_a_closed_database_connection_is_opened_again(new_reader):
    """A database that the browser closes is opened again, and the next change is saved."""
    spy = """
      const open = IDBFactory.prototype.open;
      IDBFactory.prototype.open = function (...given) {
        const request = open.apply(this, given);
        request.addEventListener("success", () => { globalThis.connection = request.result; });
        return request;
      };
    """
    reader = new_reader(script=NO_PYTHON + spy).open().saved()
    reader.page.evaluate("connection.close()")
    reader.commit(30).saved().reload()
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")


def test_the_page_works_without_has_selectors(new_reader, broken_dist):
    """In a browser without :has() the page locks, saves, and shows what is locked."""
    (style,) = (broken_dist / "assets").glob("style.*.css")
    text = style.read_text("utf-8")
    # Such a browser drops each rule with an unknown selector.
    style.write_text(re.sub(r"^[^\n{}@]*:has\([^{}]*\{[^{}]*\}", "", text, flags=re.MULTILINE), "utf-8")
    refuse = """
      for (const place of [Document, Element, DocumentFragment]) for (const name of ["querySelector", "querySelectorAll", "closest", "matches"]) {
        const old = place.prototype[name];
        if (old) place.prototype[name] = function (text) {
          if (text.includes(":has(")) throw new DOMException("not a valid selector", "SyntaxError");
          return old.call(this, text);
        };
      }
    """
    with hosts.serving(broken_dist) as (address, _):
        reader = new_reader(base=address, script=NO_PYTHON + refuse).open()
        lock_notice = reader.part.get_by_text("results are locked until you commit")
        expect(lock_notice).to_be_visible()
        reader.commit(30).saved()
        expect(lock_notice).to_be_hidden()
        reader.reload()
        expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")


def test_a_browser_too_old_for_the_scripts_gets_a_message(new_reader, broken_page):
    """If a browser cannot parse the page's scripts, the page says that it is too old, and names browsers that work."""
    address = broken_page(lambda text: "let what = one ??;" + text)  # as new syntax is for an old browser
    reader = new_reader(
        base=address, script="delete Array.prototype.findLast; delete globalThis.structuredClone;"
    )
    reader.open()
    expect(reader.locator("[data-boot-text]")).to_contain_text(
        re.compile("^This browser is too old for the lab: it needs Chrome 109, Firefox 115, Safari 16.4")
    )


@pytest.mark.parametrize("feature", ["DecompressionStream", "BigInt"])
def test_a_browser_too_old_for_python_gets_a_message(new_reader, feature):
    """If a browser lacks only what Python needs, the page says so, and the rest works."""
    reader = new_reader(script=f"delete globalThis.{feature};").open()
    expect(reader.html).to_have_attribute("data-boot", "failed")
    expect(reader.locator("[data-boot-text]")).to_contain_text("too old for the lab: it needs Chrome 109")
    works(reader)


def test_the_mission_is_readable_without_javascript(new_reader, broken_dist):
    """Without JavaScript the mission is readable, and a sentence says what is missing, without promises."""
    text = (broken_dist / "index.html").read_text("utf-8")
    # This is the page without scripts; automation that switches scripts off does not show <noscript>.
    text = re.sub(r"</?noscript>|<script src[^>]*></script>", "", text)
    with hosts.serving(broken_dist) as (address, rules):
        rules.add("index.html", body=text.encode())
        reader = new_reader(base=address)
        reader.page.goto(address + "index.html")
        expect(reader.page.get_by_text("JavaScript is off.")).to_be_visible()
        expect(reader.locator("[data-boot-text]")).to_be_hidden()
        expect(reader.part.get_by_role("heading", name="Your mission")).to_be_visible()


def test_the_page_waits_for_a_slow_connection(new_reader, dist):
    """If a file does not arrive, the page says so and keeps waiting, also if a kept Python would have timed out."""
    with hosts.serving(dist) as (address, rules):
        arrival = threading.Event()
        rules.add("numpy*", wait=arrival)
        reader = new_reader(base=address)
        reader.page.clock.install()
        reader.open()
        text = reader.locator("[data-boot-text]")
        expect(text).to_contain_text("You can read and predict meanwhile")
        for _ in range(60):  # longer than the former limit for a kept Python
            reader.page.clock.run_for(1000)
        expect(reader.html).to_have_attribute("data-boot", "starting")
        expect(text).to_contain_text("No byte has arrived for 20 s; the lab is still waiting")
        expect(reader.page.get_by_role("button", name="Try again")).to_be_visible()
        arrival.set()
        rules.clear()
        for _ in range(240):
            reader.page.clock.run_for(1000)
            if reader.html.get_attribute("data-boot") == "live":
                break
            reader.page.wait_for_timeout(250)
        expect(reader.html).to_have_attribute("data-boot", "live")
        assert rules.requests.count(next(name for name in rules.requests if name.startswith("numpy"))) == 1
