"""The relay between Playwright and a stock Firefox: downloads are distinguished, all else passes unchanged."""

import json

from tools import bidi_relay


def event(method, **parameters):
    """A message as Firefox writes it."""
    return json.dumps({"type": "event", "method": method, "params": parameters}, separators=(",", ":"))


def test_both_events_of_a_download_get_the_same_navigation():
    """Both events get the same navigation, and two downloads get different ones."""
    downloads = [
        json.loads(bidi_relay.with_navigation(event(f"browsingContext.{when}", navigation=None, url=url)))[
            "params"
        ]
        for url in ("blob:a", "blob:b")
        for when in ("downloadWillBegin", "downloadEnd")
    ]
    navigations = [download["navigation"] for download in downloads]
    assert navigations[0] == navigations[1] != navigations[2] == navigations[3]
    assert all(navigations)
    assert [download["url"] for download in downloads] == ["blob:a", "blob:a", "blob:b", "blob:b"]


def test_an_existing_navigation_is_kept():
    """A download from a link to a server keeps its own navigation."""
    message = event("browsingContext.downloadEnd", navigation="n1", url="http://x/")
    assert json.loads(bidi_relay.with_navigation(message)) == json.loads(message)


def test_other_messages_are_unchanged():
    """Even messages whose text mentions a download are unchanged."""
    for message in (
        event("log.entryAdded", text="browsingContext.download"),
        '{"id":1,"result":{}}',
        "no JSON",
    ):
        assert bidi_relay.with_navigation(message) is message


def test_a_file_chooser_in_a_frame_gets_its_files():
    """A field in a frame gets its file in the frame; no other message of Playwright is changed."""
    dialogs = bidi_relay.Dialogs()
    request = {"id": 1, "method": "input.setFiles", "params": {"context": "page", "files": ["a.txt"]}}
    assert dialogs.with_context(request) == request
    dialogs.note(event("input.fileDialogOpened", context="frame", multiple=False))
    dialogs.note(event("log.entryAdded", context="another", text="input.fileDialogOpened"))
    assert dialogs.with_context(request)["params"] == {"context": "frame", "files": ["a.txt"]}
    assert request["params"]["context"] == "page"
    click = {"id": 2, "method": "input.performActions", "params": {"context": "page"}}
    assert dialogs.with_context(click) is click
