"""What happens to a report between the page and the check: honest changes by programs, changes by people, damage.

`HONEST` are changes of form by editors, mail programs, browsers and learning platforms; they never make a report
disagree. `forged` changes one word or figure; afterwards the report never agrees. `damaged` changes bytes.
"""

import base64
import io
import json
import quopri
import re
import textwrap
import unicodedata
import zipfile

WORD = re.compile(r"(?<![\w&;\\.-])[A-Za-z]{4,}(?![\w;.-])")
FIGURE = re.compile(r"(?<![\w#&.-])\d+\.\d+(?![\w;])")
NASTY = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"\\", b"\\u", b"\\ud800", b"[", b"]", b"{", b"}", b",", b"1e999",
    b"NaN", b"-", b"[" * 3000, b"9" * 5000, b"\xc3", b"\xe2\x80\xa8", b"<script id=ledger>", b"</script>", b"```json ledger\n",
    b"\n```\n", b"> ", b"<html>", b"<!--", b"PK\x03\x04", b"null", b"=E2=80", b"{\"schema\":", b"<p " * 300, b"| " * 300,
)  # fmt: skip


def split(report):
    """The part of a report that people read, and the rest, which has the record; a page has its head before them."""
    if report.lstrip()[:9].lower() == "<!doctype":
        start, end = report.index("<main>"), report.rindex("<script")
    else:
        start, end = 0, report.rindex("## Record")
    return report[:start], report[start:end], report[end:]


def _text(change):
    """A change to everything but the record."""

    def apply(rng, report):
        head, text, record = split(report)
        return head + change(rng, text) + record

    return apply


def _wrapped(rng, text):
    width, end = rng.choice((40, 60, 72, 76)), rng.choice(("\n", " \n"))
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    return end.join(lines)


def _aligned(_, text):
    lines = text.split("\n")
    rows = (re.sub(r" \| ", "   |   ", line).replace("---", " :---- ") for line in lines)
    return "\n".join(row if line.startswith("|") else line for row, line in zip(rows, lines, strict=True))


def _curly(_, text):
    return re.sub(r'"([^"\n]*)"', r"“\1”", text).replace("'", "’").replace("...", "…")


def _quoted(rng, report):
    return "\n".join(rng.choice(("> ", ">")) + line for line in report.split("\n"))


def _record_curly(_, report):
    head, text, record = split(report)
    return head + text + re.sub(r'"([^"\n]*)"', r"“\1”", record)


def _lines(end):
    return lambda _, report: report.replace("\n", end)


MARKDOWN = {
    "lines trimmed": lambda _, report: "\n".join(line.rstrip() for line in report.split("\n")),
    "blanks at line ends": lambda _, report: report.replace("\n", "  \n"),
    "line ends of Windows": _lines("\r\n"),
    "line ends of an old Macintosh": _lines("\r"),
    "wrapped": _text(_wrapped),
    "quoted by mail": _quoted,
    "curly quotation marks": _text(_curly),
    "curly quotation marks in the record": _record_curly,
    "no-break spaces": _text(lambda _, text: text.replace(" %", "\u00a0%").replace(" min", "\u202fmin")),
    "accents apart": _text(lambda _, text: unicodedata.normalize("NFD", text)),
    "tables aligned": _text(_aligned),
    "other bullets": _text(lambda _, text: re.sub(r"^- ", "* ", text, flags=re.MULTILINE)),
    "underlined headings": _text(
        lambda _, text: re.sub(r"^## (.*)$", r"\1\n-----", text, flags=re.MULTILINE)
    ),
    "closed headings": _text(lambda _, text: re.sub(r"^(##? .*)$", r"\1 ##", text, flags=re.MULTILINE)),
    "blank lines doubled": _text(lambda _, text: text.replace("\n\n", "\n\n\n")),
}
PAGE = {
    "line ends of Windows": _lines("\r\n"),
    "saved by a browser": lambda _, report: (
        report.replace("<!doctype html>", "<!DOCTYPE html>")
        .replace("scope='col'", 'scope="col"')
        .replace("<tr>", "\n<tr>\n  ")
    ),
    "indented": lambda _, report: report.replace("<td>", "\n      <td>\n        ").replace("<p>", "  <p>\n"),
    "blocks on one line": lambda _, report: re.sub(r"</(p|h2|h3|table|li|ul)>\n", r"</\1>", report),
    "styles written in": lambda _, report: report.replace("<td>", '<td style="color: red"><span>').replace(
        "</td>", "</span></td>"
    ),
    "tags in capitals": _text(
        lambda _, text: re.sub(r"</?(?:td|tr|p|h2|h3|table)>", lambda match: match[0].upper(), text)
    ),
    "named entities": _text(
        lambda _, text: text.replace("÷", "&divide;").replace("−", "&minus;").replace("≤", "&le;")
    ),
    "a toolbar's own element": lambda _, report: report.replace("</body>", "<x-bar></x-bar></body>"),
}
JSON = {
    "line ends of Windows": _lines("\r\n"),
    "on one line": lambda _, report: json.dumps(json.loads(report), ensure_ascii=False),
    "escaped": lambda _, report: json.dumps(json.loads(report), ensure_ascii=True, indent=4),
    "blank lines around": lambda _, report: f"\n\n{report}\n\n",
}
HONEST = {"md": MARKDOWN, "html": PAGE, "json": JSON}


def honest(rng, kind, report):
    """The report after up to two changes of form, and the names of the changes."""
    names = rng.sample(list(HONEST[kind]), rng.choice((0, 1, 1, 2)))
    # Another program sees the lines as they are: the changes of line ends and the quotation come last.
    names.sort(key=lambda name: ("line ends" in name) * 2 + (name == "quoted by mail"))
    for name in names:
        report = HONEST[kind][name](rng, report)
    return report, names


def forged(rng, kind, report):
    """The report with one word or figure changed, and what was changed; (report, "") if there is nothing to change.

    In the text, main figures are left alone, because the page decides on their names. In the record, a captured figure
    is changed.
    """
    if kind == "json" or rng.random() < 0.3:
        head, record = ("", report) if kind == "json" else _at_record(report)
        matches = list(re.finditer(r'"value": (\d+\.\d+)(?=[\s,}])', record))
        if not matches:
            return report, ""
        match = rng.choice(matches)
        value = _other_figure(rng, match[1])
        return (
            f"{head}{record[: match.start(1)]}{value}{record[match.end(1) :]}",
            f"{match[1]} to {value} in the record",
        )
    head, text, record = split(report)
    matches = [match for match in (*WORD.finditer(text), *FIGURE.finditer(text)) if _is_compared(text, match)]
    if not matches:
        return report, ""
    match = rng.choice(matches)
    old = match[0]
    new = (
        _other_figure(rng, old)
        if old[0].isdigit()
        else old[:-1] + rng.choice(sorted(set("bdkmtx") - {old[-1]}))
    )
    return head + text[: match.start()] + new + text[match.end() :] + record, f"{old} to {new} in the text"


def _at_record(report):
    """The report in front of its evidence, and from there on."""
    position = report.rindex('"entries"')
    return report[:position], report[position:]


def _other_figure(rng, figure):
    """The same figure with another first digit."""
    return rng.choice(sorted(set("123456789") - {figure[0]})) + figure[1:]


def _is_compared(text, match):
    """Whether this place is text that is compared: not in a tag, not in a rule of a table."""
    before = text[: match.start()]
    main = before.rfind("Main figures")
    if main >= 0 and not re.search(r"</table>|\n\n(?!\|)", text[main : match.start()]):
        return False
    return before.rfind("<") <= before.rfind(">") or "\n" in before[before.rfind("<") :]


def packed(rng, kind, report):
    """The bytes and the name of the file that is handed in, and how it was packed."""
    data = report.encode()
    ways = ["as it is", "as it is", "zip", "UTF-16", "byte-order mark", "mail", "zip in a zip"]
    way = rng.choice(ways)
    name = f"report.{kind}"
    if way == "zip":
        data, name = archive({f"Ada Müller_12_assignsubmission_file/{name}": data}), "class.zip"
    elif way == "zip in a zip":
        data, name = archive({"inner.zip": archive({f"../../{name}": data})}), "class.zip"
    elif way == "UTF-16":
        data = report.encode("utf-16")
    elif way == "byte-order mark":
        data = b"\xef\xbb\xbf" + data
    elif way == "mail":
        data, name = mail(rng, name, data), "report.eml"
    return data, name, way


def archive(files):
    """A zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return buffer.getvalue()


def mail(rng, name, data):
    """A mail with the report as an attachment or as its text."""
    kind = {"md": "text/plain", "html": "text/html", "json": "application/json"}[name.rpartition(".")[2]]
    if rng.random() < 0.5:
        coding, body = "quoted-printable", quopri.encodestring(data)
    else:
        coding, body = "base64", base64.encodebytes(data)
    disposition = f'Content-Disposition: attachment; filename="{name}"\n' if rng.random() < 0.6 else ""
    head = (
        "From: ada@school.example\nSubject: report\nMIME-Version: 1.0\n"
        f"Content-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: {coding}\n{disposition}\n"
    )
    return head.encode() + body


def damaged(rng, data):
    """The bytes with some random damage."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        position = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            data[position:position] = rng.choice(NASTY)
        elif kind == 1:
            del data[position : position + rng.randrange(1, 40)]
        elif kind == 2:
            data[position : position + 1] = rng.randbytes(1)
        elif kind == 3:
            data[position:position] = data[position : position + rng.randrange(400)]
        elif kind == 4:
            del data[position:]
        else:
            start = rng.randrange(len(data) + 1)
            data[position:position] = data[start : start + rng.randrange(2000)]
    return bytes(data)
