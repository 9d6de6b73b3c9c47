"""The rendered page: what a reader can read before any script runs, and what the lock keeps out of it."""

import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from known_figures import known_figures

from tools import markdown_text, pages
from tools.figures_in_text import CHOICE, LABEL
from tools.number_formats import FORMATS, format_number
from tools.page_error import PageError

ROOT = Path(__file__).resolve().parents[2]
NATIVE = {
    "documents": 727,
    "words": 772233,
    "threshold_at_30": 0.68,
    "documents_share_at_30": 0.2999,
    "words_share_at_30": 0.58999,
    "mean_words_removed": 2089.96,
    "mean_words_kept": 622.05,
    "exact_50": {"pairs": 1257, "documents_share": 0.4127, "words_share": 0.6593},
    "exact_70": {"pairs": 639, "documents_share": 0.2875, "words_share": 0.5738},
    "exact_90": {"pairs": 173, "documents_share": 0.1348, "words_share": 0.3320},
}


def with_figures(native):
    """The figures of part 1, and some number for each that the texts of other parts name."""
    native = json.loads(json.dumps(native))
    texts = ROOT / "site" / "pages"
    for path in (*sorted(texts.glob("part-[2-9]*.md")), *sorted(texts.glob("synthesis*.md"))):
        for figure in re.findall(r"\{\{native\.([\w.]+)", path.read_text(encoding="utf-8")):
            *folders, name = figure.split(".")
            node = native
            for folder in folders:
                node = node.setdefault(folder, {})
            node.setdefault(name, 0.4321)
    return native


NATIVE = with_figures(NATIVE)
NATIVE["exhibit"] = {
    path.stem: json.loads(path.read_text("utf-8"))["value"]
    for path in (ROOT / "derived" / "exhibit").glob("*.json")
}
ASSETS = {"scripts": ["assets/lab.1.js", "assets/boot.2.js"], "style": "assets/style.3.css"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
STEPS = [
    "What you need to know",
    "Your mission",
    "Your prediction",
    "Try it",
    "Evidence",
    "Constraint check",
    "Sources",
    "Reflection",
    "Checkpoint",
]
# The words of the design card, typed from it.
QUESTION = (
    "If you remove 30% of the most redundant samples using LSH/MinHash, what is the expected "
    "reduction in total training FLOPs?"
)
REFLECTION = (
    "Why does training on duplicate data decrease the efficiency (η) of your training system? "
    "Reconcile this with the Iron Law."
)
INDEXING = (
    "Jeff Dean asks: 'Is the CPU cost of indexing the entire 1PB dataset higher than the GPU savings "
    "from training on fewer samples?' Prove your answer using the dashboard."
)
ASKED = [
    QUESTION,
    REFLECTION,
    "Will uncertainty sampling reach 90% accuracy with more or fewer samples than random sampling?",
    INDEXING,
    INDEXING,  # once as a lock of its own, once as the reflection
    "What happens to your 'Safety Metric' if you move from 10% Synthetic data to 90% Synthetic data?",
    (
        "Defend your final Data Acquisition Strategy. Did you prioritize 'Quantity' (Synthetic) or 'Quality' "
        "(Expert-Labeled Real)? Explain how the 1/ϵ2 noise penalty influenced your choice."
    ),
]
LOCKS = {"1": 1, "2": 2, "2-indexing": "2-indexing", "3": 3}  # lock -> the name of what it guards
CARD = {
    "cloud": (
        "Cloud Titan",
        "LLM Architect",
        "Maximize Llama-3-70B serving.",
        (
            "The Deduplication Tax. Your web-scraped corpus is 50% redundant. "
            "You are wasting $5M in GPU hours training on identical tokens."
        ),
    ),
    "edge": (
        "Edge Guardian",
        "AV Systems Lead",
        "Deterministic 10ms safety loop.",
        (
            "The Hard-Negative Crisis. The model keeps missing 'statue' edge cases. "
            "You have 1PB of raw video but only a $50k labeling budget."
        ),
    ),
    "mobile": (
        "Mobile Nomad",
        "AR Glasses Dev",
        "60FPS AR translation.",
        (
            "The Noise Penalty. Your training data has 5% label noise, requiring 10x more training "
            "steps to converge, which exceeds your project deadline."
        ),
    ),
    "tiny": (
        "Tiny Pioneer",
        "Hearable Lead",
        "Neural isolation in <10ms under 1mW.",
        (
            "The Synthetic Bridge. You have only 500 real samples. You must use synthetic augmentation "
            "without creating a 'Domain Gap' that kills field accuracy."
        ),
    ),
}


class Element:
    """An element of the parsed page."""

    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, attributes, parent, []

    def find_all(self, tag=None, **attributes):
        """Descendants with that tag and attributes (`True`: has it); `data_part` means data-part."""
        attributes = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if (tag is None or element.tag == tag)
            and all(
                name in element.attributes and (value is True or element.attributes[name] == value)
                for name, value in attributes.items()
            )
        ]

    def find(self, tag=None, **attributes):
        """The only such descendant."""
        matches = self.find_all(tag, **attributes)
        assert len(matches) == 1, f"{len(matches)} elements {tag or '*'} {attributes}"
        return matches[0]

    def walk(self):
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    @property
    def text(self):
        """Its text, white space collapsed."""
        return " ".join("".join(self._texts()).split())

    def _texts(self):
        for child in self.children:
            if isinstance(child, Element):
                yield from child._texts()
            else:
                yield child

    def inside(self, **attributes):
        """Whether it or an ancestor has the attributes."""
        names = {name.replace("_", "-"): value for name, value in attributes.items()}
        element = self
        while element is not None:
            if all(element.attributes.get(name, None) == value for name, value in names.items()):
                return True
            element = element.parent
        return False


class Tree(HTMLParser):
    """A strict little DOM: an element closed out of turn is an error."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.root = self.current = Element("#document", {}, None)
        self.feed(source)
        self.close()
        assert self.current is self.root, f"<{self.current.tag}> is not closed"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> repeats an attribute"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.children.append(element)
        if tag not in VOID:
            self.current = element

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.current = self.current.parent

    def handle_endtag(self, tag):
        assert self.current.tag == tag, f"</{tag}> closes <{self.current.tag}>"
        self.current = self.current.parent

    def handle_data(self, data):
        self.current.children.append(data)


def parse(source):
    return Tree(source).root


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The page with stub assets: (directory, page, fragments)."""
    out = tmp_path_factory.mktemp("dist")
    document = {"title": "</script><b>", "roots": []}
    fragments = pages.build(ROOT, out, ASSETS, {1: document}, NATIVE)
    return out, (out / "index.html").read_text(encoding="utf-8"), fragments


@pytest.fixture(scope="module")
def page(built):
    return parse(built[1])


@pytest.fixture(scope="module")
def revealed(built):
    return parse(built[2][1])


@pytest.fixture(scope="module")
def first(page):
    """Part 1 of the page."""
    return page.find("section", data_part="1")


@pytest.fixture
def sources(tmp_path):
    """A copy of the words and the facts, to be changed."""
    for folder in ("site/pages", "src/dataselect_core/facts"):
        shutil.copytree(ROOT / folder, tmp_path / "root" / folder)
    shutil.copy(ROOT / "src/dataselect_core/__init__.py", tmp_path / "root/src/dataselect_core")
    return tmp_path / "root"


def rebuild(root, native=NATIVE):
    out = root / "dist"
    fragments = pages.build(root, out, ASSETS, {}, native)
    return parse((out / "index.html").read_text(encoding="utf-8")), fragments


def test_every_part_has_the_nine_steps_in_order(page):
    """Every part has the same rhythm, each step with a heading."""
    parts = page.find_all("section", data_part=True)
    assert [part.attributes["data-part"] for part in parts] == ["1", "2", "3"]
    for part in parts:
        headings = [
            heading
            for heading in part.find_all("h3")
            if "step-title" not in heading.attributes.get("class", "")
        ]
        assert [heading.text for heading in headings] == STEPS


def test_headings_never_skip_a_level(page):
    """One h1, and each heading is at most one level below the one before."""
    levels = [int(element.tag[1]) for element in page.walk() if re.fullmatch("h[1-6]", element.tag)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_questions_and_reflections_use_the_words_of_the_card(page):
    """The card's locks and its reflections are asked in the card's words."""
    questions = [paragraph.text for paragraph in page.find_all("p", class_="question")]
    assert questions == ASKED


@pytest.mark.parametrize("track", CARD)
def test_each_track_can_be_chosen_and_tells_the_story_of_the_card(page, first, track):
    """Each track has a labelled choice, and in each part a story with the card's words."""
    name, persona, north_star, crisis = CARD[track]
    choice = page.find("input", type="radio", name="track", data_track=track)
    label = page.find("label", for_=choice.attributes["id"])
    assert name in label.text and persona in label.text
    assert page.find(id=choice.attributes["aria-describedby"]).text == north_star
    for story in page.find_all("div", class_="story", data_for_track=track):
        assert crisis in story.text and persona in story.text
    story = first.find("div", class_="story", data_for_track=track)
    facts = json.loads((ROOT / "src/dataselect_core/facts/tracks.json").read_text())[track]["part_1"]
    for limits in facts["limits"].values():
        assert f"{100 * limits['budget']['value']:.1f} %" in story.text
        assert f"{100 * limits['guardrail']['value']:.1f} %" in story.text


def test_only_the_track_choices_have_data_track(page):
    """Tests and the shell find the four tracks, and nothing else, by data-track."""
    assert [element.attributes["data-track"] for element in page.find_all(data_track=True)] == list(CARD)
    assert page.find(role="radiogroup").find_all(data_track=True) == page.find_all(data_track=True)
    (chosen,) = page.find(role="radiogroup").find_all("input", checked=True)
    assert chosen.attributes["data-track"] == "cloud"


def test_the_lock_accepts_a_percentage_without_python(page):
    """The lock is a form with one required number from 0 to 100 and a button, not guarded by anything."""
    form = page.find("form", data_lock="1")
    number = form.find("input", name="prediction")
    assert (number.attributes["min"], number.attributes["max"]) == ("0", "100")
    assert "required" in number.attributes
    assert form.find("button", type="submit").text == "Commit"
    assert page.find(data_lock_answer="1").inside(hidden="")
    assert not form.inside(hidden="")


def test_every_slot_of_the_workbench_occurs_once(page):
    """Roots, plots with table and sentence, diff, clusters, reflection and record can be filled."""
    part = page.find("section", data_part="1")
    for root in ("corpus", "threshold", "advanced"):
        assert not part.find(data_root=root).inside(data_guard="1")
    for plot, root in (("ICR_Curve", "icr"), ("SCurvePlot", "scurve")):
        assert part.find(data_plot=plot).find(data_root=root)
        assert part.find("table", data_table_for=plot) and part.find(data_summary_for=plot)
    for slot in (
        {"data_clusters": "1"},
        {"data_diff": "left"},
        {"data_diff": "right"},
        {"data_diff_note": True},
        {"data_reflection": "1"},
        {"data_math_peek": True},
    ):
        assert part.find(**slot)
    assert page.find(data_ledger=True) and page.find(data_boot_text=True).attributes["role"] == "status"
    assert page.find(data_boot_status=True).find("button", data_boot_retry=True)
    for place, actions in ((part, ("capture", "reset-assumptions")), (page, ("export", "import", "clear"))):
        for action in actions:
            assert place.find("button", data_action=action).attributes["type"] == "button"


def test_every_plot_of_part_2_has_a_table_and_a_sentence(page):
    """What is drawn can be read; the two locks, the run, the marker and the measured rate are there."""
    part = page.find("section", data_part="2")
    for root in ("strategy", "batch", "data", "advanced"):
        assert not part.find(data_root=root).inside(data_guard="2")
    for plot, root in (("LabelingROIPlot", "roi"), ("IndexingPlot", "sides")):
        assert part.find(data_plot=plot).find(data_root=root)
        assert part.find("table", data_table_for=plot) and part.find(data_summary_for=plot)
    assert part.find(data_plot="IndexingPlot").inside(data_guard="2-indexing", hidden="")
    assert len(part.find("form", data_lock="2").find_all("input", type="radio")) == 3
    assert len(part.find("form", data_lock="2-indexing").find_all("input", type="radio")) == 3
    for action in ("run", "cancel", "measure", "use-rate"):
        assert part.find("button", data_action=action).inside(data_guard="2")
    marker = part.find("form", data_marker="2")
    assert marker.find("select", name="run") and marker.find("input", name="labels", type="number")


@pytest.mark.parametrize("track", CARD)
def test_part_2_states_the_limits_and_prices_of_each_track(page, track):
    """The numbers of the story are those of the facts."""
    story = page.find("section", data_part="2").find("div", class_="story", data_for_track=track)
    facts = json.loads((ROOT / "src/dataselect_core/facts/tracks.json").read_text())[track]["part_2"]
    limit = "integer" if facts["guardrail"] == "rounds" else "percent"
    for name, form in (
        ("target", "percent"),
        ("budget", "dollars"),
        ("limit", limit),
        ("label_price", "dollars"),
    ):
        assert format_number(facts[name]["value"], form) in story.text


def test_result_slots_are_hidden_until_the_lock(page):
    """Plots, results, clusters and guarded texts are all in a hidden guard of their part; settings need not be."""
    own_corpus = page.find("section", data_own_corpus=True)  # no lock guards what the reader brings
    assert own_corpus.find_all(data_value=True)
    for element in own_corpus.find_all(data_value=True):
        assert element.attributes["data-value"].startswith("own.") and element.inside(
            data_own_result="", hidden=""
        )
    for part in page.find_all("section", data_part=True):
        number = part.attributes["data-part"]
        results = [
            element
            for element in part.find_all(data_value=True)
            if not element.attributes["data-value"].startswith(("setting.", "mix."))
        ]
        guarded = [
            *results,
            *part.find_all(data_reveal=True),
            *part.find_all(data_diff=True),
            *part.find_all(data_clusters=True),
            *part.find_all(data_table_for=True),
        ]
        assert len(guarded) > 40
        for element in guarded:
            if element.inside(data_own_corpus=""):
                continue
            assert any(
                element.inside(data_guard=lock, hidden="") for lock in LOCKS if lock.startswith(number)
            ), element.attributes


def test_the_first_lock_does_not_answer_the_second_question(built, page):
    """What tells whether indexing pays is guarded by the lock of that question, the model answer included."""
    part = page.find("section", data_part="2")
    for name in ("indexing", "scoring", "reflection"):
        assert part.find(data_reveal=name).inside(data_guard="2-indexing", hidden="")
    fragment = parse(built[2][2])
    paths = [element.attributes["data-value"] for element in fragment.find_all(data_value=True)]
    assert not [path for path in paths if path.startswith(("index.", "score."))]
    assert "nearly free" not in fragment.text and "nearly free" in parse(built[2]["2-indexing"]).text


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_a_model_answer_is_hidden_until_the_reader_writes_one(page, number):
    """Its place is empty and hidden, next to a sentence that requests the reader's own answer first."""
    part = page.find("section", data_part=number)
    answer = part.find("details", data_written=number)
    assert "hidden" in answer.attributes and answer.find(data_reveal="reflection").text == ""
    assert "Write your own answer first" in part.find("p", data_write_first=number).text


def test_no_guarded_text_is_in_the_page_source(built, revealed):
    """Neither the sentences of the reveal nor the figures that answer the lock are in index.html."""
    page_text = parse(built[1]).text
    for figure in ("59.0 %", "2,090", "65.9", "57.4", "33.2", "0.58999"):
        assert figure in built[2][1] or figure == "0.58999"
        assert figure not in built[1]
    sentences = [
        text
        for block in revealed.find_all("p")
        for text in re.split(r"(?<=[.:;]) ", block.text)
        if len(text) > 25 and "–" not in text
    ]
    assert len(sentences) > 25
    assert [text for text in sentences if text in page_text] == []
    assert "long ones" in revealed.text and "long ones" not in page_text


@pytest.mark.parametrize("lock", LOCKS)
def test_no_guarded_sentence_of_any_lock_is_in_the_page_source(built, lock):
    """What a lock guards is in its own asset and nowhere in index.html."""
    page_text = parse(built[1]).text
    texts = parse(built[2][LOCKS[lock]])
    sentences = [
        text
        for block in texts.find_all("p")
        for text in re.split(r"(?<=[.:;]) ", block.text)
        if len(text) > 25 and "–" not in text
    ]
    assert len(sentences) > 3
    assert [text for text in sentences if text in page_text] == []


def test_reveal_slots_and_guarded_texts_match(built, page):
    """In each part slots and fragments match, so that no guarded text is lost; one may have a place in either view."""
    for part in page.find_all("section", data_part=True):
        number = part.attributes["data-part"]
        slots = [element.attributes["data-reveal"] for element in part.find_all(data_reveal=True)]
        texts = [
            element.attributes["data-fragment"]
            for lock, name in LOCKS.items()
            if lock.startswith(number)
            for element in parse(built[2][name]).find_all(data_fragment=True)
        ]
        assert sorted(set(slots)) == sorted(texts)


def test_each_lock_names_the_file_of_its_texts(built, page):
    """A second lock of a part has an asset of its own, named on its form."""
    out, _, fragments = built
    source = page.find("form", data_lock="2-indexing").attributes["data-reveal-src"]
    lock, text = re.fullmatch(
        r"lab\.reveal\((.+?), (.+)\);\n", (out / source).read_text("utf-8"), re.DOTALL
    ).groups()
    assert json.loads(lock) == "2-indexing" and json.loads(text) == fragments["2-indexing"]


def test_the_reveal_is_a_hashed_classic_script(built, page):
    """The asset that the section names is there, named by its content, and calls lab.reveal with the HTML."""
    out, _, fragments = built
    source = page.find("section", data_part="1").attributes["data-reveal-src"]
    code = (out / source).read_bytes()
    assert source == f"assets/reveal-1.{hashlib.sha256(code).hexdigest()[:10]}.js"
    number, text = re.fullmatch(r"lab\.reveal\((\d+), (.+)\);\n", code.decode(), flags=re.DOTALL).groups()
    assert number == "1" and json.loads(text) == fragments[1] and "<" not in text


def test_the_fallback_without_python_has_native_figures(revealed):
    """A reader whose Python fails still gets the measured answer, written at build time with its kind."""
    fallback = revealed.find(data_fragment="no-python")
    assert "59.0 %" in fallback.text and "1,257" in fallback.text
    assert fallback.find_all("output") == []
    assert {element.attributes["data-kind"] for element in fallback.find_all(data_kind=True)} == {"measured"}


def awaited_figures(page, fragments):
    """The figures that the page and the guarded texts wait for: (part, path) each."""
    paths = set()
    for part in page.find_all("section", data_part=True):
        number = part.attributes["data-part"]
        paths |= {(number, element.attributes["data-value"]) for element in part.find_all(data_value=True)}
        for record in part.find_all(data_lines=True):
            paths |= {(number, path) for _, path, _ in json.loads(record.attributes["data-lines"])}
    for lock, text in fragments.items():
        paths |= {
            (str(lock)[0], element.attributes["data-value"])
            for element in parse(text).find_all(data_value=True)
        }
    paths |= {
        (element.attributes["data-figure"], element.attributes["data-path"])
        for element in page.find_all(data_figure=True)
    }
    costs = json.loads(page.find(data_synthesis=True).attributes["data-costs"])
    return paths | {
        tuple(path.split(":")) for lines in costs.values() for _, operands in lines for path in operands
    }


def unreported_figures(page, fragments):
    """Those of them that their part never reports."""
    return {
        (part, path) for part, path in awaited_figures(page, fragments) if path not in known_figures(part)
    }


def test_every_number_is_reported_by_its_part(built, page):
    """Each path that the texts, the records and the synthesis wait for is reported, so that none remains a dash."""
    assert len(awaited_figures(page, built[2])) > 280
    assert unreported_figures(page, built[2]) == set()
    places = page.find_all(data_value=True)
    for fragments in built[2].values():
        places += parse(fragments).find_all(data_value=True)
    assert {element.attributes["data-format"] for element in places} <= {*FORMATS, CHOICE, LABEL}


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("part-1.reveal.md", "{{setting.threshold|", "setting.wrods"),
        ("part-1.reveal.md", "{{removed.words_share|", "removed.wrods_share"),
        ("part-2.reveal.md", "{{own.ratio|", "own.wrods"),
        ("part-3.reveal.md", "{{point.fid|", "setting.threshold"),  # of another part
        ("part-3.md", "point.fid|", "point.fdi"),
        ("part-2.bench.html", 'value("optimum.labels"', "optimum.lables"),
        ("synthesis.md", "{{3:point.fid|", "3:removed.words"),
        ("synthesis.md", "3:cost.total\n", "3:cost.words"),
    ],
)
def test_an_unreported_number_is_found(sources, file, right, wrong):
    """A misspelt path in a text, a record, a workbench or the synthesis is seen, one of another part as well."""
    path = sources / "site" / "pages" / file
    text, old = path.read_text("utf-8"), re.search(r"[\w:]+\.\w+", right)[0]
    assert right in text
    path.write_text(text.replace(right, right.replace(old, wrong)), "utf-8")
    unreported = {name for _, name in unreported_figures(*rebuild(sources))}
    assert unreported == {wrong.rpartition(":")[2]}


def test_all_formulas_are_mathml(built, page, first):
    """The five laws of the Math Peek are MathML, and no LaTeX is left in any text."""
    assert len(page.find_all("details", data_math_peek=True)) == 3
    peek = first.find("details", data_math_peek=True)
    blocks = [formula.text for formula in peek.find_all("math", display="block")]
    assert len(blocks) == 5
    for piece, block in zip(("ICR=ΔI", "Pr", "P(s)=1−(1−sr)b", "BW", "∝"), blocks, strict=True):
        assert piece in block.replace(" ", "")
    for text in (built[1], *built[2].values()):
        words = re.sub(r"<script.*?</script>|data-lines=\".*?\"", "", text, flags=re.DOTALL)
        assert not re.search(r"\\[([a-zA-Z]|KEPT\d|\{\{|\}\}|:::", words)


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_assumptions_show_the_facts_and_the_defaults_of_each_track(page, number):
    """Each editable assumption has a label, a unit, its source and date, and the track's own default."""
    facts = ROOT / "src" / "dataselect_core" / "facts"
    names = ("prices", "tracks", "kinds")
    prices, tracks, kinds = (json.loads((facts / f"{name}.json").read_text()) for name in names)
    rows = page.find("section", data_part=number).find_all("input", data_assumption=True)
    names = [row.attributes["data-assumption"] for row in rows]
    assert len(set(names)) == len(names) > 3
    for name, row in zip(names, rows, strict=True):
        item = row.parent.parent
        assert item.find("label").text and item.find_all(data_kind=True)
        for track, track_facts in tracks.items():
            rates = kinds.get(track_facts[f"part_{number}"].get("kind", ""), {})
            value = {**prices, **rates, **track_facts[f"part_{number}"]}[name]["value"]
            default = row.attributes.get(f"data-default-{track}", row.attributes["data-default"])
            assert float(default) == pytest.approx(value, rel=1e-6)
            assert float(row.attributes["min"]) <= value <= float(row.attributes["max"])
        fact = tracks["cloud"][f"part_{number}"].get(name) or prices[name]
        assert fact["source"] in item.text and fact["date"] in item.text and fact["unit"] in item.text
        assert float(row.attributes["value"]) == pytest.approx(fact["value"], rel=1e-6)


def test_the_page_has_no_inline_script_and_loads_no_foreign_file(page):
    """The policy allows only this origin; one classic script brings the others, and no handler is inline."""
    policy = page.find("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert policy == (
        "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob: data:; "
        "worker-src blob: 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
    )
    scripts = [
        element for element in page.find_all("script") if element.attributes.get("type") != "application/json"
    ]
    (first,) = scripts
    assert [first.attributes["src"], *first.attributes["data-scripts"].split()] == ASSETS["scripts"]
    assert set(first.attributes) == {"src", "data-scripts"} and not first.text
    assert not [name for element in page.walk() for name in element.attributes if name.startswith("on")]
    for element in page.walk():
        address = element.attributes.get(
            "src", element.attributes.get("href", "") if element.tag == "link" else ""
        )
        assert not re.match(r"(https?:)?//", address), element.attributes


def test_the_document_cannot_break_out_of_its_script(built, page):
    """A </script> inside the workbench's document is escaped and read back unchanged."""
    text = page.find("script", data_document="1").text
    assert json.loads(text) == {"title": "</script><b>", "roots": []}


def test_ids_are_unique_and_every_reference_resolves(page):
    """Labels, descriptions and links of the page point at something that is there, once."""
    ids = [element.attributes["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for element in page.walk():
        references = [element.attributes["for"]] if "for" in element.attributes else []
        for name in ("aria-labelledby", "aria-describedby"):
            references += element.attributes.get(name, "").split()
        if element.attributes.get("href", "").startswith("#"):
            references.append(element.attributes["href"][1:])
        assert set(references) <= set(ids), element.attributes


def test_every_field_and_button_has_a_name(page):
    """A screen reader can say what each control is for."""
    labels = [element for element in page.find_all("label") if element.text]
    labelled = {element.attributes["for"] for element in labels if "for" in element.attributes}
    inside = [field for label in labels for field in label.find_all("input")]
    for element in page.find_all("input") + page.find_all("textarea") + page.find_all("progress"):
        name = (
            element.attributes.get("id") in labelled
            or element in inside
            or element.attributes.get("aria-label")
        )
        assert name, element.attributes
    assert all(element.text for element in page.find_all("button") + page.find_all("summary"))


def test_the_page_starts_static_and_names_the_parts_of_its_edition(page):
    """Language, boot state, and a sentence that names the parts that are here."""
    root = page.find("html")
    assert root.attributes["lang"] == "en" and root.attributes["data-boot"] == "static"
    assert page.find("p", class_="edition").text == "This edition has all three parts."
    assert page.find("main") and page.find("meta", name="viewport") and page.find("title").text
    assert "href" in page.find("a", class_="skip").attributes


def test_a_part_without_files_is_left_out(sources):
    """Without the files of a part the page shows the others, each with its own lock, and says what is missing."""
    for path in (sources / "site" / "pages").glob("part-3*"):
        path.unlink()
    page, fragments = rebuild(sources)
    assert [section.attributes["data-part"] for section in page.find_all("section", data_part=True)] == [
        "1",
        "2",
    ]
    assert page.find("form", data_lock="2") and set(fragments) == {1, 2, "2-indexing"}
    edition = page.find("p", class_="edition").text
    assert "Part 1, The Deduplication Audit and Part 2, Active Learning ROI" in edition


@pytest.mark.parametrize(
    "file, old, new, message",
    [
        ("part-1.md", "## Evidence", "## Proof", "part-1.md: the sections must be"),
        ("part-1.md", "native.words|", "native.wrods|", "part-1.md: native.wrods: there is no 'wrods'"),
        (
            "part-1.cloud.md",
            "track.redundancy|percent",
            "track.redundancy|roman",
            "part-1.cloud.md: format must be one of",
        ),
        (
            "part-1.reveal.md",
            "{{setting.threshold|fixed}}",
            "{{setting.threshold|roman}}",
            "format must be one of",
        ),
        ("part-1.md", "\\(C = 6ND\\)", "C = 6ND\\)", "without its other half"),
        ("part-1.reveal.md", "::: when budget-ok", "when budget-ok", "is not closed"),
        ("part-1.reveal.md", "# prediction", "prediction", "text before the first heading"),
        ("part-1.md", "  utilisation:", "  utilization:", "no fact is named 'utilization'"),
    ],
)
def test_an_invalid_text_stops_the_build_and_is_named(sources, file, old, new, message):
    """A misspelt figure, format, section or block is an error that names the file."""
    path = sources / "site" / "pages" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PageError, match=re.escape(message)):
        rebuild(sources)


def test_a_missing_native_figure_stops_the_build(sources):
    """The fallback is never written without its numbers."""
    with pytest.raises(PageError, match="native.exact_90"):
        rebuild(sources, {name: value for name, value in NATIVE.items() if name != "exact_90"})


def test_a_text_may_contain_cases_and_figures():
    """A case is hidden until reported, its Markdown still works, and a number may begin a line."""
    text = (
        "Before\n\n::: when some-case\n{{a.b|integer}} *texts* cost \\(x^2\\)\n:::\n\n"
        "{{a.c|percent}} at the start"
    )
    tree = parse(f"<div>{markdown_text.render(text, 'x.md')}</div>")
    block = tree.find("div", data_when="some-case")
    assert "hidden" in block.attributes and block.find("em").text == "texts" and block.find("msup")
    assert block.find("output", data_value="a.b", data_format="integer")
    assert tree.find("output", data_value="a.c").parent.text == "– at the start"
