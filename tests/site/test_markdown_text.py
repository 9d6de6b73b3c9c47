"""The lab's additions to Markdown, and the front matter: each mistake of an author is named with its file."""

import re

import pytest
from test_pages import parse

from tools import front_matter
from tools.markdown_text import inline, render
from tools.page_error import PageError

VALUES = {"track": {"share": {"value": 0.5, "kind": "cited"}}, "native": {"words": 772233}}


def tree(text):
    return parse(f"<main>{render(text, 'x.md', VALUES)}</main>")


def test_a_case_is_hidden_and_may_contain_any_block():
    """A list, a table and a formula inside a block for a case are rendered as usual."""
    text = "::: when a-case\n- one\n- \\(x^2\\)\n\n| A | B |\n|---|---|\n| {{track.share|percent}} | 2 |\n:::\nafter"
    block = tree(text).find("div", data_when="a-case")
    assert "hidden" in block.attributes and len(block.find_all("li")) == 2 and block.find("msup")
    assert [cell.text for cell in block.find("div", class_="scroll").find_all("td")] == ["50.0 %", "2"]
    assert "after" not in block.text and "after" in tree(text).text


def test_a_number_with_bars_fills_one_table_cell():
    """The bars between path, format and limit do not split cells."""
    (row,) = (
        tree("| A | B |\n|---|---|\n| {{track.share|percent|a_limit}} | {{x.y|integer}} |")
        .find("tbody")
        .find_all("tr")
    )
    limit, number = row.find_all("td")
    assert limit.find("span", data_limit="a_limit", data_kind="cited").text == "50.0 %"
    assert number.find("output", data_value="x.y", data_format="integer")


def test_formulas_and_code_are_not_parsed_as_markdown():
    """Stars and underscores inside LaTeX are not Markdown, and braces inside code are not numbers."""
    result = tree("\\(a_1 * b_2 * c\\) and `{{x.y|percent}}`")
    assert result.find("math") and not result.find_all("em")
    assert result.find("code").text == "{{x.y|percent}}" and not result.find_all("output")


def test_attributes_apply_to_the_next_block():
    """A line of attributes gives class and data to the paragraph after it, even if the paragraph has a number."""
    block = tree('{.crisis data-x="1"}\n{{native.words|integer}} words').find("p", class_="crisis")
    assert block.text == "772,233 words" and block.attributes["data-x"] == "1"


def test_a_single_line_gets_no_paragraph():
    """A question in the front matter is rendered without a paragraph."""
    assert str(inline("a *b* {{x.y|fixed}}", "x.md")).startswith("a <em>b</em> <output")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("::: when a\nwords", "is not closed"),
        ("::: when a", "is not closed"),
        ("words\n:::", "is not closed"),
        ("::: whenever a\nwords\n:::", "is not closed"),
        ("::: when a\none\n::: when b\ntwo\n:::", "is not closed"),
        ("> ::: when a\n> words\n\n:::", "is not closed"),
        ("- ::: when a\n\nwords", "is not closed"),
        ("a \\( b", "\\( without its other half"),
        ("a \\) b", "\\) without its other half"),
        ("\\[ a", "\\[ without its other half"),
        ("a {{ b", "{{ without its other half"),
        ("a {{x.y|fixed and {{x.z|fixed}}", "{{ without its other half"),
        ("*a* }} b", "}} without its other half"),
        ("| A |\n|---|\n| \\(P(a|b)\\) |", "\\( without its other half"),
        ("<div>\n{{x.y|percent}}\n</div>", "inside raw HTML"),
        ('a <b title="{{x.y|percent}}">b</b>', "inside raw HTML"),
        ("{{x.y|roman}}", "format must be one of"),
        ("{{track.shore|percent}}", "there is no 'shore'"),
        ("{{track.share.value.deep|percent}}", "not inside a table"),
    ],
)
def test_a_mistake_in_a_text_is_named(text, message):
    """Something unclosed, misspelt or out of place stops the build with the file and the reason."""
    with pytest.raises(PageError, match=f"^x.md: .*{re.escape(message)}"):
        render(text, "x.md", VALUES)


def test_front_matter_is_read_as_yaml():
    """Texts, numbers and tables have their types, and the rest of the file follows them."""
    text = '---\ntitle: "A: b"\nsize: 1.5\nlines:\n  one: x|percent\n  two:\n---\n\nwords\n---\n'
    meta, body = front_matter.read(text, "x.md", {"title": str, "lines": dict}, {"size": front_matter.NUMBER})
    assert meta == {"title": "A: b", "size": 1.5, "lines": {"one": "x|percent", "two": None}}
    assert body == "\nwords\n---\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("words", "must be between two lines ---"),
        ("---\ntitle: a\nwords", "must be between two lines ---"),
        ("---\ntitle: a: b\n---\n", "not YAML"),
        ("---\ntitle: a\ntitle: b\n---\n", "'title' occurs twice"),
        ("---\ntitle: a\nlines:\n  one: 1\n  one: 2\n---\n", "'one' occurs twice"),
        ("---\n? [a]\n: b\n---\n", "not YAML"),
        ("---\n- title\n---\n", "must be lines 'key: value'"),
        ("---\n---\n", "between two lines"),
        ("---\n\n---\n", "must be lines 'key: value'"),
        ("---\nlines: {}\n---\n", "must have title, text"),
        ("---\ntitle: 3\n---\n", "must have title, text"),
        ("---\ntitle: a\nlines: one = 1\n---\n", "must have lines, a table"),
        ("---\ntitle: a\nlinse: {}\n---\n", "has 'linse', and only title, lines are known"),
        ("---\ntitle: !!python/object/apply:os.getcwd []\n---\n", "not YAML"),
    ],
)
def test_an_invalid_front_matter_is_named(text, message):
    """A key that is missing, misspelt, repeated or of another type stops the build."""
    with pytest.raises(PageError, match=f"^x.md: .*{re.escape(message)}"):
        front_matter.read(text, "x.md", {"title": str}, {"lines": dict})
