"""Write RELIABILITY.md: what was tried against the lab, with the results of the last runs, and what was not run.

  python build.py reliability

The results come from `.build/fuzz-inputs.json`, `mutants.json` and `endurance.json`, which the commands of those names
write; the tests of faults are read from the test files. Where this machine has no result, the section of the page that
there is remains, with its date; without one, the page says that it was not run.
"""

import ast
import json
import platform
import time
from pathlib import Path

from tools import site_facts

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "RELIABILITY.md"
FAULTS = {
    "Corpora and files": [
        "core/test_outputs",
        "core/test_usual_files",
        "core/test_tables",
        "core/test_dedup_answers",
    ],
    "The page and where it is hosted": ["site/test_failures", "site/test_hosts", "site/test_scripts_watched"],
    "Records": ["site/test_merge", "site/test_record_rules", "site/test_kept_input", "site/test_import"],
    "Reports and grading": [
        "core/test_reformatted_reports",
        "core/test_restore",
        "core/test_three_verdicts",
        "core/test_submissions",
        "core/test_handed_in",
    ],
    "Hostile input": ["site/test_injections", "site/test_fuzz_inputs", "core/test_bad_input"],
}
RULES = (
    "A record is checked before use, by one table that page and core read; an older one is migrated.",
    "One rule decides which tab may overwrite what (`docs/records.md`); a committed prediction does not change.",
    "A report is compared by content; a failure of the check itself never counts against a report.",
    "Nothing is written by a path from inside an archive, and archives are limited in size, number, growth and depth.",
)


def tests_of(name, root=ROOT):
    """The tests of a file: list of their sentences."""
    tree = ast.parse((root / "tests" / f"{name}.py").read_text("utf-8"))
    return [
        " ".join((ast.get_docstring(node) or node.name).split())
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def result(name, root=ROOT):
    """The result of a run, or None if there is none."""
    path = root / ".build" / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def inputs(found):
    """Lines about the fuzzing of inputs."""
    if not found:
        return ["Not run here: `python -m tools.fuzz_inputs --minutes 60 --json .build/fuzz-inputs.json`."]
    lines = [
        f"{found['cases']:,} cases in {found['minutes']:g} minutes (seed {found['seed']}, {found['date']}),",
        f"{found['failed']} failed.",
    ]
    return [*lines, "", "| outcome | cases |", "|---|---|"] + [
        f"| {name} | {count:,} |" for name, count in sorted(found["outcomes"].items())
    ]


def interactions(found):
    """Lines about the endurance run."""
    if not found:
        return ["Not run here: `python build.py endurance -- --interactions 10000`."]
    warm, end = found["warm"], found["end"]
    return [
        f"{found['interactions']:,} interactions in {found['minutes']} minutes; the aim is 10,000.",
        f"{found['browser']}, {found['date']}; {len(found['errors'])} errors of the page.",
        "",
        "| | after warm-up | at the end | ratio |",
        "|---|---|---|---|",
        f"| resident memory, MB | {warm['resident_mb']} | {end['resident_mb']} | {found['memory_ratio']} |",
        f"| JavaScript heap, MB | {warm['heap_mb']} | {end['heap_mb']} | {end['heap_mb'] / warm['heap_mb']:.3f} |",
        f"| a move of the slider, ms (median) | {warm['slider_ms']} | {end['slider_ms']} | {found['slider_ratio']} |",
    ]


def mutants(found, modules):
    """Lines about the mutants, with every survivor, and the modules that were not tried."""
    tried = (found or {}).get("modules", {})
    lines = []
    if tried:
        total, caught = (sum(module[name] for module in tried.values()) for name in ("tried", "caught"))
        lines = [f"{caught} of {total} tried mutants are caught; each module has a seeded sample.", ""]
        lines += ["| module | possible | tried | caught | date |", "|---|---|---|---|---|"]
        lines += [
            f"| {name} | {m['possible']} | {m['tried']} | {m['caught']} | {m['date']} |"
            for name, m in sorted(tried.items())
        ]
        survivors = [(name, one) for name, m in sorted(tried.items()) for one in m["survivors"]]
        lines += ["", "Survivors:" if survivors else "None of those tried survives."] + [""] * bool(survivors)
        lines += [
            f"- {name}, line {one['line']}: `{one['before']}` → `{one['after']}`" for name, one in survivors
        ]
        lines += [""]
    rest = sorted(set(modules) - set(tried))
    return lines + ([f"Not run here: {', '.join(rest)} (`python build.py mutants`)."] if rest else [])


def section(title, found, written, root=ROOT):
    """A section with a result, or as it is in the page if there is no result here."""
    page = root / PAGE.name
    head, after = f"## {title}\n\n", "\n\n## " if title != "Inputs" else "\n\nCorpora have"
    text = page.read_text("utf-8") if page.exists() else ""
    if found is None and head in text:
        return [f"## {title}", "", text.partition(head)[2].partition(after)[0].rstrip(), ""]
    return [f"## {title}", "", *written(found), ""]


def page(root=ROOT):
    """The text of RELIABILITY.md."""
    from tools.mutants import TESTS

    lines = ["# Reliability", ""]
    lines += [
        f"Version {site_facts.version(root)}, {time.strftime('%Y-%m-%d')}, {platform.system()} {platform.machine()},",
        f"Python {platform.python_version()}. Made by `python build.py reliability` from the results of earlier runs.",
        "",
        "Safari and iOS were not run. Without a number below, a run was not made for this page.",
        "",
        *section("Inputs", result("fuzz-inputs", root), inputs, root),
        "Corpora have a fuzzer of their own, `tools/fuzz_readers.py`; its runs are not counted here.",
        "",
        *section("Interactions and memory", result("endurance", root), interactions, root),
        *section("Mutants", result("mutants", root), lambda found: mutants(found, TESTS), root),
        "## Rules for records and reports",
        "",
        *(f"- {rule}" for rule in RULES),
        "",
        "## Faults that have a test",
        "",
    ]
    for title, names in FAULTS.items():
        lines += [f"### {title}", ""]
        for name in names:
            sentences = tests_of(name, root)
            lines += [
                f"`tests/{name}.py` ({len(sentences)}):",
                "",
                *(f"- {sentence}" for sentence in sentences),
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


def main():
    """Write the page."""
    PAGE.write_text(page(), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
