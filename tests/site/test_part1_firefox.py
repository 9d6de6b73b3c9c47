"""Part 1 as a reader does it, in a stock Firefox."""

from reader import IS_KEPT

TEXT = "(path) => document.querySelector(`[data-part='1'] [data-value='${path}']`).textContent"
SHOWS = "(path, pattern) => new RegExp(pattern).test(document.querySelector(`[data-part='1'] [data-value='${path}']`).textContent)"


def test_part_1_works_in_firefox(new_firefox, address):
    """A reader predicts before Python runs, works by keyboard, field and click, and reloads; all work is kept."""
    firefox = new_firefox()
    firefox.open(address + "index.html?track=cloud&part=1&corpus=licences&view=page")
    firefox.wait("() => document.documentElement.dataset.boot !== 'static'")
    assert firefox.ask("() => [...document.querySelectorAll(`[data-guard]`)].every((e) => e.hidden)")
    firefox.type("spinbutton", "Reduction in total training FLOPs", "35")
    firefox.click("button", "Commit")
    firefox.wait("() => document.querySelector(`[data-lock-answer='1']`).textContent.includes('35 %')")
    assert (
        firefox.wait(
            "() => ({starting: '', static: ''}[document.documentElement.dataset.boot] ?? document.documentElement.dataset.boot)"
        )
        == "live"
    )
    assert firefox.ask("() => document.documentElement.dataset.firstView") == "kept"
    firefox.wait(SHOWS, "reveal.measured", "^59\\.\\d %$")
    assert firefox.ask(TEXT, "reveal.prediction") == "35.0 %"

    firefox.type("textbox", "Similarity threshold (number)", "0.8")
    firefox.press("Enter")
    firefox.wait(SHOWS, "setting.threshold", "^0\\.800$")
    words = firefox.ask(TEXT, "removed.words_share")
    firefox.click("slider", "Similarity threshold")
    firefox.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    firefox.wait(SHOWS, "setting.threshold", "^0\\.770$")
    assert firefox.ask(TEXT, "removed.words_share") != words
    rows = firefox.ask(
        "() => document.querySelector(`[data-part='1'] table[data-table-for='ICR_Curve']`).tBodies[0].rows.length"
    )
    assert rows > 10
    firefox.click(
        "button",
        firefox.ask(
            "() => document.querySelectorAll(`[data-part='1'] [data-clusters] button`)[1].textContent"
        ),
    )
    firefox.wait("() => document.querySelectorAll(`[data-part='1'] [data-diff] p`).length > 1")
    firefox.type("textbox", "Your answer", "Duplicates cost operations.")
    firefox.wait("() => document.querySelector(`[data-entry-saved='1/reflection']`).textContent === 'saved'")
    firefox.click("button", "Capture this evidence")
    firefox.wait(
        "() => document.querySelector(`[data-part='1'] [data-captured]`).textContent === 'Captured.'"
    )

    assert firefox.ask("() => document.documentElement.dataset.python") == "new"
    firefox.wait(IS_KEPT)
    firefox.reload()
    firefox.wait("() => document.querySelector(`[data-lock-answer='1']`).textContent.includes('35 %')")
    assert (
        firefox.ask("() => document.querySelector(`[data-part='1'] [data-reflection]`).value")
        == "Duplicates cost operations."
    )
    firefox.wait("() => document.documentElement.dataset.boot === 'live'")
    firefox.wait(SHOWS, "setting.threshold", "^0\\.770$")
    firefox.wait(
        "() => document.querySelector(`[data-part='1'] [data-evidence]`).textContent.includes('current')"
    )
    assert firefox.ask("() => document.documentElement.dataset.python") == "kept"
    firefox.type("textbox", "Similarity threshold (number)", "0.6")
    firefox.press("Enter")
    firefox.wait(SHOWS, "setting.threshold", "^0\\.600$")
    assert len(firefox.requests) > 20  # that none left the origin only counts if requests were seen
    firefox.check(address)
