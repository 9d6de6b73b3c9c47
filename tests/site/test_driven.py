"""What stands between Playwright and a stock Firefox: downloads are told apart, and all else goes through as it is."""

import json

from tools import bidi_relay


def event(method, **parameters):
    """A message as Firefox writes it."""
    return json.dumps({"type": "event", "method": method, "params": parameters}, separators=(",", ":"))


def test_begin_and_end_of_a_download_without_a_navigation_belong_together():
    """Both get the same navigation, and two downloads different ones."""
    named = [
        json.loads(bidi_relay.with_navigation(event(f"browsingContext.{when}", navigation=None, url=url)))[
            "params"
        ]
        for url in ("blob:a", "blob:b")
        for when in ("downloadWillBegin", "downloadEnd")
    ]
    navigations = [each["navigation"] for each in named]
    assert navigations[0] == navigations[1] != navigations[2] == navigations[3]
    assert all(navigations)
    assert [each["url"] for each in named] == ["blob:a", "blob:a", "blob:b", "blob:b"]


def test_a_navigation_that_is_there_stays():
    """A download that a link to a server began keeps its own."""
    message = event("browsingContext.downloadEnd", navigation="n1", url="http://x/")
    assert json.loads(bidi_relay.with_navigation(message)) == json.loads(message)


def test_other_messages_are_not_touched():
    """Not even those whose text speaks of a download."""
    for message in (
        event("log.entryAdded", text="browsingContext.download"),
        '{"id":1,"result":{}}',
        "no JSON",
    ):
        assert bidi_relay.with_navigation(message) is message
