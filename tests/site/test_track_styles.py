"""The style rules of the tracks: the texts of the chosen track alone are visible, with any list of tracks."""

import pytest
from playwright.sync_api import expect

from tools import track_styles

IDS = ["north", "east", "south"]
PAGE = (
    "<html{now}><style>:root {{ --north: rgb(1, 0, 0); --east: rgb(2, 0, 0); --south: rgb(3, 0, 0) }}"
    "{rules} b {{ color: var(--tint) }}</style>"
    + "".join(f'<input type="radio" name="track" id="track-{name}" aria-label="{name}">' for name in IDS)
    + "".join(f'<p data-for-track="{name}" data-tint="{name}"><b>text of {name}</b></p>' for name in IDS)
)


def visible_texts(page):
    """The texts that one sees."""
    return page.locator("p:visible").all_inner_texts()


@pytest.mark.parametrize("chosen", IDS)
def test_the_text_of_the_chosen_track_is_visible(chromium, chosen):
    """One text is visible, in the colour of its track."""
    page = chromium.new_page()
    page.set_content(
        PAGE.format(now=f' data-track-now="{chosen}"', rules=track_styles.css(dict.fromkeys(IDS)))
    )
    assert visible_texts(page) == [f"text of {chosen}"]
    expect(page.get_by_text(f"text of {chosen}")).to_have_css("color", f"rgb({IDS.index(chosen) + 1}, 0, 0)")
    page.close()


def test_the_radio_buttons_choose_the_track_without_the_shell(chromium):
    """The first text is visible until another track is checked."""
    page = chromium.new_page()
    page.set_content(PAGE.format(now="", rules=track_styles.css(dict.fromkeys(IDS))))
    assert visible_texts(page) == ["text of north"]
    for track in [*IDS[1:], IDS[0]]:
        page.get_by_role("radio", name=track).check()
        assert visible_texts(page) == [f"text of {track}"]
    page.close()
