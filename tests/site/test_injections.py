"""Twenty injections through every text that is shown: none becomes an element, and under the page's policy none runs."""

import itertools
import json
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

MARK = "data-injected"
RAN = "globalThis.injected = (globalThis.injected || 0) + 1"
INJECTIONS = [
    f"<script {MARK}>{RAN}</script>",
    f"</script><script {MARK}>{RAN}</script>",
    f"</textarea><script {MARK}>{RAN}</script>",
    f"</title></style></template></noscript><script {MARK}>{RAN}</script>",
    f"<img {MARK} src=x onerror='{RAN}'>",
    f"<IMG {MARK} SRC='data:image/png;base64,' ONERROR='{RAN}'>",
    f'"><img {MARK} src=x onerror="{RAN}">',
    f"'><img {MARK} src=x onerror='{RAN}'>",
    f"<svg {MARK} onload='{RAN}'></svg>",
    f"<svg><animate {MARK} onbegin='{RAN}' attributeName=x dur=1s></animate></svg>",
    f"<svg><script {MARK} href='data:text/javascript,{RAN}'></script></svg>",
    f"<math><mtext><img {MARK} src=x onerror='{RAN}'></mtext></math>",
    f"<details {MARK} open ontoggle='{RAN}'></details>",
    f"<input {MARK} autofocus onfocus='{RAN}'>",
    f"<iframe {MARK} srcdoc='<script>parent.{RAN}</script>'></iframe>",
    f"<iframe {MARK} src='javascript:parent.{RAN}'></iframe>",
    f"<a {MARK} href='javascript:{RAN}'>a link</a>",
    f"<object {MARK} data='data:text/html,<script>{RAN}</script>'></object>",
    f"<style {MARK}>@import 'javascript:{RAN}'</style>",
    f"[a link](javascript:{RAN}) <link {MARK} rel=preload as=script href='data:text/javascript,{RAN}' onload='{RAN}'>",
]
ALL = "\n".join(INJECTIONS)
# Puts each injection into the page as HTML, as a fault of the lab would, and clicks what can be clicked.
PUT_AS_HTML = """async (injections) => {
  for (const injection of injections) {
    const place = document.createElement("div");
    place.innerHTML = injection;
    for (const dead of place.querySelectorAll("script")) { // scripts that are put in this way never run; these would
      const script = document.createElement("script");
      for (const { name, value } of dead.attributes) script.setAttribute(name, value);
      script.textContent = dead.textContent;
      dead.replaceWith(script);
    }
    document.body.append(place);
    for (const link of place.querySelectorAll("a")) link.click();
  }
  await new Promise((done) => setTimeout(done, 500));
}"""
POLICY_SPEAKS = r"Content Security Policy|net::ERR_|CSP|violates|Failed to load resource"


def ran(page):
    """How many injections have run, and how many elements have been made of them."""
    return page.evaluate("() => globalThis.injected || 0"), page.locator(f"[{MARK}]").count()


TURN = itertools.count()


def some(most):
    """As many of the injections as fit into that many characters, each time beginning with another one."""
    first = next(TURN) % len(INJECTIONS)
    text = "\n".join(INJECTIONS[first:] + INJECTIONS[:first])
    return text[:most]


def hostile_record():
    """A record in which every text that an entry may have is made of injections."""
    entries = {"class": {"name": some(60), "seed": 1}}
    for track in ("cloud", "edge", "mobile", "tiny"):
        for name in ("decision", "alternative", "overturn", "risk"):
            entries[f"{track}/synthesis/{name}"] = ALL
        for part, value in (
            ("1", 30),
            ("2", {"direction": "fewer", "prediction": 2}),
            ("3", {"direction": "falls", "prediction": 2}),
        ):
            figure = {"value": 1, "unit": some(100), "kind": "measured", "source": some(100)}
            entries[f"{track}/{part}/prediction"] = {
                "value": value,
                "said": some(500),
                "why": some(200),
                "locked_at": some(40),
            }
            entries[f"{track}/{part}/reflection"] = entries[f"{track}/{part}/decision"] = ALL
            entries[f"{track}/{part}/evidence"] = {
                "at": some(40), "lab": some(20), "engine": {"python": "3.11.7", "numpy": "2.4.6", "platform": "linux x86_64"},
                "settings": {"corpus": some(60)}, "assumptions": {}, "cases": [],
                "values": {"removed.words": figure, "removed.flops": figure, "marker.labels": figure},
            }  # fmt: skip
    stamped = {key: {"value": value, "at": 1_900_000_000_000} for key, value in entries.items()}
    return {"schema": 3, "lab": "0.1.0", "reader": some(60), "student": some(100), "entries": stamped}


def import_record(reader, record):
    """Choose a file with that record for import."""
    reader.page.locator("[data-import-file]").set_input_files(
        {"name": "record.json", "mimeType": "application/json", "buffer": json.dumps(record).encode()}
    )


def see_everything(page):
    """Go to all tracks and parts, so that everything that the record has is shown."""
    for track in ("Cloud Titan", "Edge Guardian", "Mobile Nomad", "Tiny Pioneer"):
        page.get_by_role("radio", name=track).check()
        for part in (1, 2, 3):
            page.get_by_role("navigation", name="Parts").get_by_role("link", name=f"Part {part}:").click()
    page.evaluate("() => { for (const fold of document.querySelectorAll('details')) fold.open = true; }")


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_policy_stops_injected_scripts(new_reader, browser):
    """Even if a fault of the lab put a text into the page as HTML, no script in it would run."""
    reader = new_reader(script=NO_PYTHON, browser=browser).open()
    reader.expected_errors.append(POLICY_SPEAKS)
    reader.page.evaluate(PUT_AS_HTML, INJECTIONS)
    reader.requests = [url for url in reader.requests if not url.startswith("javascript:")]  # of the link
    scripts, elements = ran(reader.page)
    assert scripts == 0 and elements >= len(INJECTIONS)


def test_injections_in_typed_texts_stay_text(new_reader):
    """Reasons, reflections, decisions, and what export, report and record make of them."""
    reader = new_reader(script=NO_PYTHON).open("?track=cloud&part=1&view=page")
    page = reader.page
    reader.commit(30, why=ALL[:200])
    for label in ("Your answer", "Your decision in this part"):
        reader.part.get_by_label(label).fill(ALL)
    for label in (
        "Final acquisition strategy",
        "Rejected alternative",
        "What would overturn it",
        "Remaining risk",
    ):
        page.get_by_role("textbox", name=label).fill(ALL)
    page.get_by_role("textbox", name="Remaining risk").blur()
    reader.saved()
    see_everything(page)
    assert ran(page) == (0, 0)
    reader.reload().saved()
    see_everything(page)
    assert ran(page) == (0, 0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report as a page to print").click()
    report = download.value.path().read_text("utf-8")
    tab = reader.another_tab().page
    tab.set_content(report)
    expect(tab.locator("blockquote").first).to_contain_text(INJECTIONS[0])
    assert ran(tab) == (0, 0)


def test_injections_in_an_imported_record_stay_text(new_reader):
    """Names, texts, units, sources, settings and engines of a file that somebody has made."""
    reader = new_reader(script=NO_PYTHON).open("?track=cloud&part=1&view=page").saved()
    import_record(reader, hostile_record())
    expect(reader.status()).to_have_text("Imported.")
    see_everything(reader.page)
    expect(reader.part.get_by_label("Your answer")).to_have_value(ALL)
    expect(reader.in_part("[data-lock-answer='1']")).to_contain_text(MARK)
    assert ran(reader.page) == (0, 0)


@pytest.mark.parametrize("name", ["student", "class", "track", "origin", "threshold", "no-setting"])
def test_injections_in_an_address_stay_text(new_reader, name):
    """Each injection as a value or as a name of an address is refused in a sentence that shows it as text."""
    reader = new_reader(script=NO_PYTHON)
    for injection in INJECTIONS:
        reader.open(f"?{name}={quote(injection)}&{quote(injection)}=1")
        expect(reader.notice()).to_contain_text("understood only in part")
        assert ran(reader.page) == (0, 0)


def test_injections_in_corpus_and_report_stay_text(new_reader, tmp_path):
    """An own corpus (its name, texts and lines that cannot be read) and a report to check, in the page with Python."""
    reader = new_reader().open("?track=cloud&part=1&view=page").commit(30).live().results()
    page = reader.page
    rows = [json.dumps({"text": f"{injection} {ALL}"}) for injection in INJECTIONS for _ in range(2)]
    path = tmp_path / "<img data-injected src=x onerror=injected=1>.jsonl"
    path.write_text("\n".join([*rows, *INJECTIONS]), "utf-8")
    with page.expect_file_chooser() as chooser:
        reader.part.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(path)
    expect(page.get_by_role("region", name="What was removed from your corpus")).to_be_visible()
    page.locator("[data-own-clusters] [data-clusters] button").first.click()
    expect(page.locator("[data-own-clusters] [data-diff='left']")).to_contain_text("<script")
    assert ran(page) == (0, 0)
    page.locator("[data-verify-file]").set_input_files(
        {"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(hostile_record()).encode()}
    )
    expect(
        page.locator("[data-verify-result], [data-verify-status]").filter(has_text=MARK)
    ).not_to_have_count(0)
    assert ran(page) == (0, 0)
