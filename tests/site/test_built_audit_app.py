"""Part 1 opens with the audit that the build has computed, and checks it when the reader rests."""

import pytest
from apps.part1 import built_audit
from quiet_page import Page, first_licences, run

from dataselect_core import datasets
from dataselect_core.dedup import built
from dataselect_core.dedup.audit import Audit
from dataselect_core.dedup.items import Texts

NAME, KEY = "licences.audit", ["licences", None, 5, 128, 1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data directory with 40 licences and the file of their audit; a reader rests soon."""
    data = first_licences(tmp_path, 40)
    (tmp_path / NAME).write_bytes(built.pack(Audit(Texts(data.texts, data.names)), KEY))
    monkeypatch.setenv("DATASELECT_DATA", str(tmp_path))
    monkeypatch.setattr(built_audit, "REST", 0.3)
    monkeypatch.setattr(built_audit, "PAUSE", 0.0)
    return tmp_path


class BuiltPage(Page):
    """A page whose site has the files of audits named in `names`."""

    def __init__(self, names=(NAME,)):
        self.names = names
        super().__init__()

    @property
    def load(self):
        async def load(name):
            self.loaded.append(name)

        load.built = self.names
        return load

    async def checked(self):
        """Wait until the page has compared its audit."""
        await self.bench.built.task
        await self.rest()


def opened(conversation=None, names=(NAME,)):
    """A page that has been opened with the licences, after a conversation."""

    async def go():
        page = BuiltPage(names)
        await page.open(prediction=30, settings={"corpus": "licences"})
        await page.rest()
        page.first, page.at_first = page.last, list(page.loaded)
        if conversation:
            await conversation(page)
        return page

    return run(go())


def test_the_first_answer_needs_no_text_and_is_that_of_a_computation(folder):
    """With the audit of the build, the first results need no text, and every figure is as computed without it."""
    page, alone = opened(), opened(names=())
    assert page.at_first == [NAME] and "licences.json.gz" in alone.at_first
    assert page.first == alone.first and len(page.first) > 40
    mine, other = (p.of_type("results")[-1] for p in (page, alone))
    for name in ("tables", "cases", "clusters", "settings", "values"):
        assert mine[name] == other[name], name


def test_the_audit_is_computed_when_the_reader_rests(folder):
    """Afterwards the page has its own audit, says nothing, and shows the same at another threshold."""

    async def conversation(page):
        await page.checked()
        await page.patch("Similarity threshold", 0.6)
        await page.rest()

    page, alone = (
        opened(conversation),
        opened(lambda page: page.patch("Similarity threshold", 0.6), names=()),
    )
    assert page.sentences == [] and page.last == alone.last != page.first
    assert page.bench._audit.corpus.texts and type(page.bench._audit.corpus) is Texts
    labels = [message["label"] for message in page.of_type("work")]
    assert built_audit.CHECKING in labels and labels[-1] == ""
    assert all(
        message["quiet"] for message in page.of_type("work") if message["label"] == built_audit.CHECKING
    )


def test_a_different_audit_is_replaced_and_the_page_says_so(folder):
    """If the audit of the build differs from what is computed here, the page names it and shows its own figures."""
    data = datasets.licences()
    audit = Audit(Texts(data.texts, data.names))
    audit.mass = audit.mass + 1
    (folder / NAME).write_bytes(built.pack(audit, KEY))
    page, alone = opened(BuiltPage.checked), opened(names=())
    (sentence,) = page.sentences
    assert "(mass)" in sentence and "this browser" in sentence
    assert page.first != alone.first and page.last == alone.last


@pytest.mark.parametrize("content", [b"<!doctype html>", b""])
def test_a_damaged_audit_is_not_used(folder, content):
    """If the file of the audit is something else, the page computes the audit at once, without a word."""
    (folder / NAME).write_bytes(content)
    page = opened()
    assert page.at_first[0] == NAME and "licences.json.gz" in page.at_first
    assert page.last == opened(names=()).last and page.sentences == []


def test_an_audit_of_other_settings_is_computed(folder):
    """With another width of shingles the audit of the build is not used."""

    async def conversation(page):
        await page.patch("Words in a shingle", 4)
        await page.rest()

    page = opened(conversation)
    assert page.last != page.first and page.last == opened(conversation, names=()).last


def test_two_texts_can_be_compared_before_the_check(folder, monkeypatch):
    """A reader who compares two texts at once sees them: the question loads them, and says if they do not arrive."""
    monkeypatch.setattr(built_audit, "REST", 60.0)

    async def conversation(page):
        cluster = page.of_type("results")[-1]["clusters"][0]
        await page.ask("cluster", kept=cluster["kept"])
        member = page.of_type("answer")[-1]["answer"]["removed"][0]["index"]

        async def fail(name):
            raise OSError(f"{name} did not arrive")

        load, page.bench.load = page.load, fail
        await page.ask("diff", left=cluster["kept"], right=member)
        page.bench.load = load
        await page.ask("diff", left=cluster["kept"], right=member)

    page = opened(conversation)
    (sentence,) = page.sentences
    assert "could not be loaded" in sentence and "licences.json.gz did not arrive" in sentence
    answer = page.of_type("answer")[-1]["answer"]
    assert answer["kind"] == "texts" and answer["left"] and answer["right"]


def test_a_check_without_texts_is_repeated_at_the_next_rest(folder):
    """If the texts do not arrive for the check, nothing is said, and the check follows the next answer."""

    async def conversation(page):
        async def fail(name):
            raise OSError(f"{name} did not arrive")

        load, page.bench.load = page.load, fail
        await page.checked()
        assert page.bench.built.waits and page.of_type("work")[-1]["label"] == ""
        page.bench.load = load
        await page.patch("Similarity threshold", 0.6)
        await page.checked()
        assert not page.bench.built.waits

    assert opened(conversation).sentences == []


@pytest.mark.parametrize(
    ("name", "arguments"), [("control", {}), ("leaky", {"held_out": "cluster"})], ids=["control", "leaky"]
)
def test_what_trains_again_loads_the_texts_first(folder, monkeypatch, name, arguments):
    """Comparisons that train on other parts of the corpus work before the audit is checked, with the same result."""
    monkeypatch.setattr(built_audit, "REST", 60.0)

    async def conversation(page):
        before = page.of_type("results")[-1]
        await page.ask(name, **arguments)
        await page.rest()
        assert page.of_type("trouble") == [] and page.of_type("results")[-1] != before

    assert opened(conversation).last == opened(conversation, names=()).last
