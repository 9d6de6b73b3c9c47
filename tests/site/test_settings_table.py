"""One table of settings and limits: every reader of it follows a change of any entry."""

import json
from pathlib import Path

import pytest

import dataselect_core.settings as core
from dataselect_core.facts import load
from tools import guides, node, site_facts

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = [
    (part, name)
    for part, rows in load("settings")["settings"].items()
    for name, row in rows.items()
    if row["kind"] != "choice"
]
CHOICES = [
    (part, name)
    for part, rows in load("settings")["settings"].items()
    for name, row in rows.items()
    if row["kind"] == "choice"
]
TRIAL = """
const fs = require("fs");
const [state, tables] = process.argv.slice(2);
const source = fs.readFileSync(state, "utf8");
const answers = JSON.parse(fs.readFileSync(tables, "utf8")).map(({ table, addresses }) => {
  globalThis.location = { search: "" };
  globalThis.lab = { json: () => table, all: () => [] };
  (0, eval)(source);
  return addresses.map((address) => lab.state.read(address));
});
console.log(JSON.stringify(answers));
"""


def read_on_the_page(tmp_path, trials):
    """The results of the page's own reader for some addresses under some tables."""
    (tmp_path / "trial.cjs").write_text(TRIAL, "utf-8")
    (tmp_path / "tables.json").write_text(json.dumps(trials), "utf-8")
    state = ROOT / "site" / "shell" / "state.js"
    done = node.node(tmp_path / "trial.cjs", state, tmp_path / "tables.json", capture_output=True)
    return json.loads(done.stdout)


def changed_table(part, name, **entries):
    """The table with one entry changed."""
    table = site_facts.settings_table(ROOT)
    row = table["settings"][part][name] if part else table["limits"][name]
    row.update(entries)
    return table


def test_the_page_follows_every_number(tmp_path):
    """If a range is extended, the page accepts an address that it refused before."""
    trials = []
    for part, name in NUMBERS:
        row = load("settings")["settings"][part][name]
        address = f"?part={part}&{name}={row['high'] + 1}"
        for high in (row["high"], row["high"] + 1):
            trials.append({"table": changed_table(part, name, high=high), "addresses": [address]})
    answers = read_on_the_page(tmp_path, trials)
    for i, (_, name) in enumerate(NUMBERS):
        (before,), (after,) = answers[2 * i], answers[2 * i + 1]
        assert before["settings"] == {} and "allowed" in before["ignored"][0], name
        assert name in after["settings"] and after["ignored"] == [], name


def test_the_page_follows_every_choice(tmp_path):
    """A new option can be used in an address, and a removed one cannot."""
    trials = []
    for part, name in CHOICES:
        options = load("settings")["settings"][part][name]["options"]
        more = [*options[1:], {"value": "another", "label": "Another"}]
        addresses = [f"?part={part}&{name}=another", f"?part={part}&{name}={options[0]['value']}"]
        trials.append({"table": changed_table(part, name, options=more), "addresses": addresses})
    for (part, name), (new, removed) in zip(CHOICES, read_on_the_page(tmp_path, trials), strict=True):
        assert new["settings"] == {name: "another"}, (part, name)
        assert removed["settings"] == {} and "another" in removed["ignored"][0], (part, name)


def test_the_page_and_the_form_follow_every_limit(tmp_path):
    """If a limit changes, the page reads it, and the form and the guide for instructors state it."""
    names = list(load("settings")["limits"])
    tables = [changed_table(None, name, low=3, high=7, format="number") for name in names]
    addresses = [f"?part=1&fixed=limits&{name}=7" for name in names]
    trials = [{"table": t, "addresses": [a]} for t, a in zip(tables, addresses, strict=True)]
    for name, table, (result,) in zip(names, tables, read_on_the_page(tmp_path, trials), strict=True):
        assert result["link"]["limits"] == {name: 7}
        rows = [row for limits in guides.form_limits(table).values() for row in limits]
        assert (name, "3 to 7", False) in [(row[0], row[2], row[3]) for row in rows]
        assert f"<code>{name}</code>" in guides.limits_html(table)
        assert "<td>3 to 7</td>" in guides.limits_html(table)


@pytest.mark.parametrize(("part", "name"), NUMBERS)
def test_core_and_control_follow_every_number(monkeypatch, part, name):
    """The check of a report and the control of the workbench get their range from the table."""
    from apps.shared import controls

    row = load("settings")["settings"][part][name]
    monkeypatch.setattr(core, "load", lambda _: changed_table(part, name, high=row["high"] + 1))
    setting = core._settings()[part][name]
    assert setting.check(row["high"] + 1) == row["high"] + 1
    with pytest.raises(ValueError, match=f"{name} must be a .*number from"):
        core.SETTINGS[part][name].check(row["high"] + 1)
    value = row["low"]
    control = (
        controls.whole_number(setting, value)
        if row["kind"] == "whole"
        else controls.slider_with_number(setting, float(value))[1]
    )
    assert (control.start, control.end) == (row["low"], row["high"] + 1)


@pytest.mark.parametrize(("part", "name"), CHOICES)
def test_core_and_control_follow_every_choice(monkeypatch, part, name):
    """The check of a report accepts a new option, and the control offers it."""
    from apps.shared import controls

    options = [*load("settings")["settings"][part][name]["options"], {"value": "another", "label": "Another"}]
    monkeypatch.setattr(core, "load", lambda _: changed_table(part, name, options=options))
    setting = core._settings()[part][name]
    assert setting.check("another") == "another"
    assert "another" in controls.choice(setting, "another").values
    with pytest.raises(ValueError, match=f"{name} must be one of"):
        core.SETTINGS[part][name].check("another")


def test_every_control_of_a_workbench_is_a_row_of_the_table():
    """A workbench has all controls of its part, with the labels of the table."""
    from apps.bridge import Bridge

    views = json.loads(Bridge(lambda text: None, None).documents())
    for part, rows in core.SETTINGS.items():
        words = json.dumps(views[part], ensure_ascii=False)
        missing = [row.label for row in rows.values() if row.label not in words and row.kind != "choice"]
        assert missing == [], part


def test_no_other_file_states_a_range_of_the_table():
    """The shell and the form contain no copy of a range in the table."""
    for file in (ROOT / "site" / "shell" / "state.js", ROOT / "site" / "pages" / "link-form.html"):
        text = file.read_text("utf-8")
        assert "0 to 9999" not in text and "20 to 3000" not in text and "1 to 600" not in text
