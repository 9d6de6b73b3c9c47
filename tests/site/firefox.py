"""Drive a stock Firefox over WebDriver BiDi, as far as a reader of the lab needs it.

Playwright needs its own build of Firefox, which is not available everywhere; the distribution's Firefox is. Elements
are found by role and accessible name, also in shadow roots, and clicked and typed with real input.
"""

import itertools
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from reader import NO_PYTHON, PATIENCE
from websockets.sync.client import connect

SECONDS = PATIENCE / 1000
# Under automation Firefox sets further preferences, one of which lets file:// pages read each other.
PREFERENCES = {
    "remote.prefs.recommended": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.newtabpage.enabled": False,  # its pictures come from other hosts
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.tabs.warnOnClose": False,
    "focusmanager.testmode": True,  # focus moves even if no window manager activates the window
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "dom.serviceWorkers.enabled": False,  # one would answer instead of the server; it has separate tests
}
KEYS = {
    "Enter": "\ue007",
    "Tab": "\ue004",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
    "Control": "\ue009",
    "Escape": "\ue00c",
}
FIND = """async (role, name) => {
  const roles = {button: "button, [role=button]", slider: "[role=slider]", spinbutton: "input[type=number]", radio: "input[type=radio]",
    textbox: "input[type=text], input:not([type]), textarea", combobox: "select"};
  const named = (e) => [e.getAttribute("aria-label"), ...[...(e.labels || [])].map((l) => l.textContent), e.matches("button, [role=button]") ? e.textContent : ""]
    .filter(Boolean).map((text) => text.replace(/\\s+/g, " ").trim());
  const search = (root) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.matches(roles[role]) && named(e).some((text) => text.startsWith(name))) return e;
      const inside = e.shadowRoot && search(e.shadowRoot);
      if (inside) return inside;
    }
    return null;
  };
  const found = search(document.querySelector("[data-part]:not([hidden])") || document) || search(document);
  const frame = () => new Promise(requestAnimationFrame);
  for (let still = 0, last = ""; found && still < 3;) {
    found.scrollIntoView({block: "center", behavior: "instant"});
    await frame();
    const {x, y} = found.getBoundingClientRect();
    still = last === `${x} ${y}` ? still + 1 : 0;
    last = `${x} ${y}`;
  }
  return found;
}"""


class Firefox:
    """A running Firefox with a fresh profile and one tab; a context manager."""

    def __init__(self, path, preferences=None):
        self.path, self.preferences = path, {**PREFERENCES, **(preferences or {})}
        self.errors, self.requests = [], []
        self._ids = itertools.count(1)

    def __enter__(self):
        self.profile = Path(tempfile.mkdtemp(prefix="lab-firefox-"))
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in self.preferences.items()
        ]
        (self.profile / "user.js").write_text("\n".join(lines), "utf-8")
        command = [
            self.path,
            "--headless",
            "--no-remote",
            "--profile",
            str(self.profile),
            "--width",
            "1280",
            "--height",
            "900",
            "--remote-debugging-port",
            "0",
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            self.socket = connect(
                self._address() + "/session", max_size=None, open_timeout=SECONDS
            ).__enter__()
            self.command("session.new", capabilities={})
            self.command("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            self.tab = self.command("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the browser and remove its profile."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _address(self):
        output = []
        for line in self.process.stderr:
            output.append(line)
            match = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
            if match:
                # Firefox keeps writing, and a full pipe would stop it.
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return match[1]
        raise RuntimeError("Firefox ended before it could be driven:\n" + "".join(output))

    def command(self, method, **params):
        """Send one BiDi command and return its result; record events that arrive meanwhile."""
        number = next(self._ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=SECONDS))
            if message.get("type") == "event":
                self._note(message["method"], message["params"])
            elif message.get("id") == number:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]

    def _note(self, method, event):
        if method == "log.entryAdded" and event["level"] == "error":
            self.errors.append(f"{event['type']}: {event['text']}")
        elif (
            method == "network.beforeRequestSent" and event["context"] == self.tab
        ):  # not the browser's own pages
            self.requests.append(event["request"]["url"])

    # -- actions of a reader ----------------------------------------------------------------------------

    def without_python(self):
        """Remove what Python needs from later pages, for tests that do not need Python."""
        script = f"() => {{ {NO_PYTHON} }}"
        self.command("script.addPreloadScript", functionDeclaration=script)
        return self

    def open(self, url):
        """Load a page."""
        self.command("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def reload(self):
        """Load the page again."""
        self.command("browsingContext.reload", context=self.tab, wait="complete")

    def ask(self, function, *arguments):
        """Call a JavaScript function in the page with JSON arguments and return its JSON-like result."""
        result = self._call(
            f"async (...given) => JSON.stringify(await ({function})(...given) ?? null)", arguments
        )
        return json.loads(result["value"])

    def _call(self, function, arguments):
        serialized = [{"type": "string", "value": json.dumps(argument)} for argument in arguments]
        answer = self.command(
            "script.callFunction",
            target={"context": self.tab},
            awaitPromise=True,
            arguments=serialized,
            functionDeclaration=f"(...given) => ({function})(...given.map((each) => JSON.parse(each)))",
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"]

    def wait(self, function, *arguments):
        """Wait until a JavaScript function returns something true, and return it."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            value = self.ask(function, *arguments)
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"{function} with {arguments} returned nothing true within {SECONDS:.0f} s")

    def find(self, role, name):
        """The first element with the role and a name that starts with the given one, scrolled into view and at rest."""
        result = self._call(FIND, (role, name))
        assert result["type"] == "node", f"there is no {role} {name!r}"
        return {"sharedId": result["sharedId"]}

    def click(self, role, name):
        """Click on the middle of an element."""
        self._click_on(self.find(role, name))

    def click_focused(self):
        """Click on the focused element, as keys do not press a button in an inactive window."""
        self._click_on({"sharedId": self._call("() => document.activeElement", ())["sharedId"]})

    def _click_on(self, element):
        origin = {"type": "element", "element": element}
        self._perform(
            "pointer",
            [
                {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ],
        )

    @contextmanager
    def inside(self, home):
        """Work in the frame that shows a page of `home`."""
        outside = self.tab
        frames = self.command("browsingContext.getTree", root=outside)["contexts"][0]["children"]
        self.tab = next(frame["context"] for frame in frames if frame["url"].startswith(home))
        try:
            yield
        finally:
            self.tab = outside

    def press(self, *keys):
        """Press keys one after the other; a pair is a chord."""
        actions = []
        for key in keys:
            chord = [KEYS.get(name, name) for name in (key if isinstance(key, tuple) else (key,))]
            actions += [{"type": "keyDown", "value": name} for name in chord]
            actions += [{"type": "keyUp", "value": name} for name in reversed(chord)]
        self._perform("key", actions)

    def type(self, role, name, text):
        """Click into a field and replace its content."""
        self.click(role, name)
        self.press(("Control", "a"), *text)
        typed = self._call(f"(...given) => ({FIND})(...given).then((field) => field.value)", (role, name))[
            "value"
        ]
        assert typed == text, f"the field {name!r} holds {typed!r} after {text!r} was typed"

    def _perform(self, kind, actions):
        source = {"type": kind, "id": kind, "actions": actions}
        self.command("input.performActions", context=self.tab, actions=[source])

    def check(self, home):
        """Fail on errors in the console and on requests that left `home`."""
        self.command("session.status")  # everything sent earlier has arrived
        assert not self.errors, "the page reported errors:\n" + "\n".join(self.errors)
        foreign = [url for url in self.requests if not url.startswith((home, "blob:", "data:", "about:"))]
        assert not foreign, f"requests left the origin: {foreign}"
