"""axe on every step of one track, in every way of looking at it, and axe itself on a page with known faults."""

import os

from tools import accessibility, reading

TRACK = os.environ.get("LAB_AXE_TRACK", "edge")


def test_axe_is_there_and_finds_known_faults(reader):
    """A picture without a text, a button without a name and a grey text on white are found, by rule and place."""
    reader.page.set_content(
        "<!doctype html><html lang='en'><title>Faults</title><main><h1>Faults</h1><img src='data:,'>"
        "<button id='nameless'></button><p style='color: #999'>Hardly readable</p></main>"
    )
    found = {
        (problem["id"], place)
        for problem in accessibility.findings(reader.page)
        for place, _ in problem["nodes"]
    }
    assert found == {("image-alt", "img"), ("button-name", "#nameless"), ("color-contrast", "p")}


def test_the_start_has_no_findings(new_reader):
    """The lab without Python: its first step, its report and all of it on one page, in every way of looking at it."""
    reader = new_reader(script="delete globalThis.Worker;", steps=True).open("?track=edge")
    inspection = accessibility.Inspection(reader.page, "Edge Guardian")
    inspection.look("start")
    inspection.report()
    assert inspection.found == {}


def test_no_step_of_a_track_has_findings(new_reader):
    """A whole track in every way of looking at it, with its report; all tracks: `python build.py accessibility`."""
    reader = new_reader(steps=True)
    (track,) = (each for each in reading.TRACKS if each.id == TRACK)
    inspection = accessibility.Inspection(reader.page, track.title)
    reading.walk(inspection, reader.base + "index.html", track)
    inspection.report()
    assert inspection.found == {} and inspection.states > 100
