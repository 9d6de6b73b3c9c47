"""Make a seeded sample of the mutants of one module, in the environment that has Cosmic Ray: see mutants.py.

  python make_mutants.py MODULE.py SEED SAMPLE

Prints JSON: {"all": NUMBER, "mutants": [{"operator", "line", "before", "after", "source"}]}. A mutant is one
change by one of Cosmic Ray's operators: another operator of arithmetic or comparison, another number, a
condition turned round.
"""

import difflib
import json
import random
import re
import sys
from pathlib import Path

import parso
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

LEFT_OUT = re.compile(
    "RemoveDecorator|ExceptionReplacer|Operator_BitOr|_(?:BitOr|BitAnd|BitXor|LShift|RShift|Invert)$"
)
"""Changes of caching and of errors' names, of `|` in annotations, and to operators on bits of whole numbers."""


def occurrences(source):
    """(operator's name, number) of every change that is possible in a source."""
    tree = parso.parse(source)
    for name in sorted(operator_names()):
        if LEFT_OUT.search(name):
            continue
        operator = get_operator(name)
        if operator.arguments():
            continue  # it needs to be told which name to replace
        count = sum(len(list(operator().mutation_positions(node))) for node in nodes(tree))
        for number in range(count):
            yield name, number


def nodes(tree):
    """Every node of a tree."""
    yield tree
    for child in getattr(tree, "children", ()):
        yield from nodes(child)


def main(module, seed, sample):
    """Print the sample."""
    source = Path(module).read_text("utf-8")
    possible = list(occurrences(source))
    chosen = list(possible)
    random.Random(f"{seed} {Path(module).name}").shuffle(chosen)
    mutants = []
    for name, number in chosen:
        if len(mutants) == sample:
            break
        changed = mutate_code(source, get_operator(name)(), number)
        if changed is None or changed == source:
            continue
        lines = list(difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=0))
        before = [line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")]
        after = [line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")]
        line = int(next(text for text in lines if text.startswith("@@")).split()[1][1:].split(",")[0])
        mutants.append(
            {
                "operator": name,
                "line": line,
                "before": "\n".join(before),
                "after": "\n".join(after),
                "source": changed,
            }
        )
    print(json.dumps({"all": len(possible), "mutants": mutants}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
