"""Any static host: whatever types, encodings and refusals it has for the lab's files, Python starts."""

import re

import hosts
import pytest
from playwright.sync_api import expect

# Messages of the browser about a host's mistakes, before the page finds another way.
NOTES = r"Failed to load resource|net::ERR|Refused to execute|MIME type|could not be downloaded"
NOSNIFF = {"X-Content-Type-Options": "nosniff"}
HOSTS = {
    "everything opaque": [
        ("*.wasm", {"kind": "application/octet-stream"}),
        ("*.bin", {"kind": "application/octet-stream"}),
    ],
    "everything text, in another charset": [
        ("*.wasm", {"kind": "text/plain; charset=utf-16"}),
        ("*.bin", {"kind": "text/html; charset=utf-16"}),
        ("*.js", {"kind": "text/javascript; charset=iso-8859-1"}),
    ],
    "no types": [("*.wasm", {"kind": None}), ("*.bin", {"kind": None}), ("*.js", {"kind": None})],
    "Wasm with a charset, archives compressed twice": [
        ("*.wasm", {"kind": "application/wasm; charset=utf-8"}),
        ("*.bin", {"gzip": True}),
    ],
    "archives labelled as compressed": [("*.bin", {"gzip": "label"})],
    "unknown types refused": [("*.wasm", {"status": 404}), ("*.bin", {"status": 403})],
    "scripts as text, with nosniff": [
        ("pyodide*.js", {"kind": "text/plain", "headers": NOSNIFF}),
        ("fzstd*.js", {"kind": "application/octet-stream", "headers": NOSNIFF}),
        ("*.wasm", {"kind": "text/html", "headers": NOSNIFF}),
    ],
}


# In the other cases nothing differs once all files have arrived.
TO_THE_END = ("everything opaque", "scripts as text, with nosniff")


@pytest.fixture
def host(dist):
    """A host of the whole site: its address and rules."""
    with hosts.serving(dist) as served:
        yield served


def wait_for_all_bytes(reader):
    """Wait until the page says that all bytes of the start have arrived: each file is unpacked, checked or compiled."""
    expect(reader.locator("[data-boot-count]")).to_have_text(re.compile(r"^(\d+\.\d) of \1 MB"))
    expect(reader.html).to_have_attribute("data-boot", re.compile("starting|live"))


@pytest.mark.parametrize("kind", HOSTS)
def test_python_starts_on_a_host_with_odd_headers(new_reader, host, kind):
    """Wrong or missing types, charsets and encodings, and refused types of file, do not prevent Python's start."""
    address, rules = host
    for pattern, rule in HOSTS[kind]:
        rules.add(pattern, **rule)
    reader = new_reader(base=address)
    reader.expected_errors = [NOTES]
    wait_for_all_bytes(reader.open())
    if kind in TO_THE_END:
        reader.live()
        expect(reader.html).to_have_attribute("data-python", "new")


@pytest.mark.parametrize("below", ["repo/", "a folder/ä 数据/", "50%25 #1/"])
def test_the_lab_works_in_any_folder_of_a_host(new_reader, dist, below):
    """The site works below any folder of a host, whatever letters its name has."""
    with hosts.serving(dist, below) as (address, rules):
        reader = new_reader(base=address).open().commit(30).saved()
        expect(reader.in_part("[data-reveal]").first).not_to_be_empty()
        reader.reload()
        expect(reader.in_part("[data-lock-answer='1']")).to_contain_text("30 %")
        wait_for_all_bytes(reader)
        assert not [name for name in rules.requests if not name]
