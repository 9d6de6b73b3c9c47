"""Questions before work is lost: by mouse and keyboard, with and without the browser's own dialog."""

import json

import pytest
from playwright.sync_api import expect
from reader import NO_PYTHON

NO_DIALOG = "delete HTMLDialogElement.prototype.showModal;"
BROWSERS = pytest.mark.parametrize("script", ["", NO_DIALOG], ids=["dialog", "no dialog"])
CLEAR, TITLE = "Clear my work", "Clear your work?"
LOCKED = "[data-lock-answer='1']"
FOCUSED = "() => document.activeElement.textContent"


@pytest.fixture
def open_committed(new_reader):
    """Open a reader who has committed 42 %, in a browser without what the script removes."""

    def open_reader(script="", **options):
        return new_reader(script=NO_PYTHON + script, **options).open().commit(42).saved()

    return open_reader


@BROWSERS
def test_a_question_has_a_name_a_text_and_two_buttons(open_committed, script):
    """A screen reader gets the title and the text, and the focus is on the button that loses nothing."""
    reader = open_committed(script)
    reader.page.get_by_role("button", name=CLEAR).click()
    question = reader.question(TITLE)
    expect(question).to_be_visible()
    expect(question).to_have_accessible_description(
        "Clear all your work in this browser? Export it first if you may want it again."
    )
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    expect(question.get_by_role("button")).to_have_text(["Cancel", "Clear"])
    expect(question).to_be_in_viewport(ratio=1)


@BROWSERS
def test_a_question_can_be_refused_by_keyboard(open_committed, script):
    """Escape and the focused button change nothing and return the focus to where it was."""
    reader = open_committed(script)
    button = reader.page.get_by_role("button", name=CLEAR)
    button.focus()
    for key in ("Escape", "Enter", " "):
        reader.page.keyboard.press("Enter")
        expect(reader.question(TITLE).get_by_role("button", name="Cancel")).to_be_focused()
        reader.page.keyboard.press(key)
        expect(reader.question()).to_have_count(0)
        expect(button).to_be_focused()
        expect(reader.in_part(LOCKED)).to_contain_text("42 %")


@BROWSERS
def test_a_question_keeps_the_focus_and_can_be_accepted_by_keyboard(open_committed, script):
    """Tab does not leave the question for the page below it, and Enter on the other button clears the work."""
    reader = open_committed(script)
    reader.page.get_by_role("button", name=CLEAR).focus()
    reader.page.keyboard.press("Enter")
    expect(reader.question()).to_be_visible()
    page_below = set()
    for _ in range(4):
        reader.page.keyboard.press("Tab")
        page_below.add(reader.page.evaluate(FOCUSED))
    assert CLEAR not in page_below and {"Cancel", "Clear"} <= page_below
    agree = reader.question().get_by_role("button", name="Clear", exact=True)
    for _ in range(3):  # between the last and the first button, a browser may focus its own controls
        if agree.evaluate("(button) => button === document.activeElement"):
            break
        reader.page.keyboard.press("Shift+Tab")
    reader.page.keyboard.press("Enter")
    expect(reader.locator("[data-ledger]")).to_contain_text("Nothing recorded yet")
    expect(reader.page.get_by_role("button", name=CLEAR)).to_be_focused()


@BROWSERS
def test_the_page_below_a_question_cannot_be_clicked(open_committed, script):
    """While the question is open, a click outside it reaches no button, and the question stays open."""
    reader = open_committed(script)
    reader.page.get_by_role("button", name=CLEAR).click()
    expect(reader.question()).to_be_visible()
    for name in ("New reader", "Export to a file"):
        box = reader.page.get_by_role("button", name=name, include_hidden=True).bounding_box()
        reader.page.mouse.click(box["x"] + 4, box["y"] + 4)
    expect(reader.question(TITLE)).to_have_count(1)
    reader.answer("Cancel")
    expect(reader.in_part(LOCKED)).to_contain_text("42 %")


def test_a_question_fits_a_phone(open_committed):
    """At 320 x 480 the question and its buttons are inside the window, and nothing is wider than it."""
    reader = open_committed(viewport={"width": 320, "height": 480})
    reader.page.get_by_role("button", name="New reader").click()
    question = reader.question("Start as a new reader?")
    expect(question).to_be_in_viewport(ratio=1)
    for button in question.get_by_role("button").all():
        expect(button).to_be_in_viewport(ratio=1)
    assert question.evaluate("(box) => box.scrollWidth <= box.clientWidth")


@BROWSERS
def test_another_readers_file_replaces_work_only_after_a_question(open_committed, script):
    """The work is kept, with a message, if the reader refuses with Escape; it is replaced if the reader agrees."""
    reader = open_committed(script)
    entry = {"value": 77, "said": "77 %", "why": "", "locked_at": "2026-11-23T12:00:00.000Z"}
    entries = {"cloud/1/prediction": {"value": entry, "at": 1_900_000_000_000}}
    text = json.dumps({"schema": 1, "reader": "somebody-else", "entries": entries})

    def choose():
        with reader.page.expect_file_chooser() as chooser:
            reader.page.get_by_role("button", name="Import a file").click()
        file = {"name": "record.json", "mimeType": "application/json", "buffer": text.encode()}
        chooser.value.set_files(file)
        expect(reader.question("Replace your work?")).to_contain_text("another reader’s work")

    choose()
    reader.page.keyboard.press("Escape")
    expect(reader.status()).to_have_text("Not imported. Nothing was changed.")
    expect(reader.in_part(LOCKED)).to_contain_text("42 %")
    choose()
    reader.answer("Replace")
    expect(reader.in_part(LOCKED)).to_contain_text("77 %")
    expect(reader.page.get_by_role("button", name="Import a file")).to_be_focused()


def test_firefox_shows_a_question(new_firefox, address):
    """Firefox shows the question too: Escape refuses and returns the focus; Tab leads to the button that agrees."""
    firefox = new_firefox().without_python()
    firefox.open(address + "index.html?track=cloud&part=1&view=page")
    firefox.type("spinbutton", "Reduction in total training FLOPs", "42")
    firefox.click("button", "Commit")
    firefox.wait("() => document.querySelector(`[data-lock-answer='1']`).textContent.includes('42 %')")
    firefox.click("button", CLEAR)
    has_focus = "(text) => (document.activeElement.closest('[role=alertdialog]') ? document.activeElement.textContent : '') === text"
    firefox.wait(has_focus, "Cancel")
    firefox.press("Escape")
    firefox.wait("(text) => document.activeElement.textContent === text", CLEAR)
    assert firefox.ask("() => document.querySelector(`[data-lock-answer='1']`).textContent.includes('42 %')")
    firefox.click("button", CLEAR)
    firefox.wait(has_focus, "Cancel")
    firefox.press("Tab")
    firefox.wait(has_focus, "Clear")
    firefox.click_focused()
    firefox.wait("() => document.querySelector('[data-ledger]').textContent.includes('Nothing recorded yet')")
    firefox.check(address)
