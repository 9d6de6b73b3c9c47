"""The submissions of a class: every file, checked or passed over with the reason, and every student once."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dataselect_core.ledger import lms
from dataselect_core.ledger.check import captured, captured_by
from dataselect_core.ledger.containers import Item
from dataselect_core.ledger.fold import folded, squeezed, words
from dataselect_core.ledger.record import Ledger, LedgerError
from dataselect_core.ledger.report_diff import text_checks
from dataselect_core.ledger.restore import record_in

AGREES, DISAGREES, NOT_COMPARED = "agrees", "disagrees", "could not be compared"
WRITTEN = ("reflection", "decision", "alternative", "overturn", "risk")
MIN_SHARED_LETTERS = 60  # letters from which two people do not write the same text by chance
HANDED_IN_AS = "handed in as "
FOREIGN = "this is not a report of the lab"


@dataclass(frozen=True)
class Outcome:
    """The result of one file.

    Attributes
    ----------
    name : str
        The file, as shown.
    parts : tuple of str
        Its path below the path that was named on the command line.
    ledger : Ledger or None
    checks : list of Check
    problem : str
        Why nothing in it could be compared, or empty.
    passed : str
        Why it was passed over, or empty.
    unread : str
        Why its text was not compared with its record, or empty.
    notes : tuple of str
        What had to be restored to read it.
    submitter : lms.Submitter or None
    named : bool
        Whether it was named on the command line itself.
    empty : bool
        Whether it is an empty folder.
    """

    name: str
    parts: tuple = ()
    ledger: Ledger | None = None
    checks: list = field(default_factory=list)
    problem: str = ""
    passed: str = ""
    unread: str = ""
    notes: tuple = ()
    submitter: lms.Submitter | None = None
    named: bool = False
    empty: bool = False

    @property
    def student(self) -> str:
        """Student, else reader, as in the record; empty if there is none."""
        return self.ledger.record.get("student") or self.ledger.record["reader"] if self.ledger else ""

    @property
    def by(self) -> dict[tuple[str, str], str]:
        """(track, part) -> what computed its figures, in words."""
        return captured_by(self.ledger) if self.ledger else {}

    @property
    def verdict(self) -> str:
        """One of the three, or empty if the file was passed over."""
        if self.passed:
            return ""
        if any(check.agrees is False for check in self.checks):
            return DISAGREES
        if self.problem or self.unread or any(check.agrees is None for check in self.checks):
            return NOT_COMPARED
        return AGREES

    @property
    def causes(self) -> list[str]:
        """Why something in it could not be compared: list of sentences."""
        notes = [check.note for check in self.checks if check.agrees is None]
        unread = f"its text was not compared with its record: {self.unread}" if self.unread else ""
        return list(dict.fromkeys(filter(None, (self.problem, unread, *notes))))


@dataclass(frozen=True)
class Student:
    """One student, with what was handed in under that name.

    Attributes
    ----------
    name : str
        The name in the record, else the name on the platform or of the folder.
    outcomes : list of Outcome
        The files that count: the newest record, in every form in which it was handed in; or files that cannot be read.
    others : list of Outcome
        Files that were passed over.
    facts : list of str
        Facts to point out, without a verdict.
    owner : str
        Who handed it in, by the name on the platform or of the folder; empty if that is not known.
    """

    name: str
    outcomes: list[Outcome]
    others: list[Outcome]
    facts: list = field(default_factory=list)
    owner: str = ""

    @property
    def verdict(self) -> str:
        """The worst verdict of the files."""
        verdicts = {outcome.verdict for outcome in self.outcomes}
        return next(
            (verdict for verdict in (DISAGREES, NOT_COMPARED, AGREES) if verdict in verdicts), NOT_COMPARED
        )

    @property
    def ledger(self) -> Ledger | None:
        """The record that counts, or None."""
        return next((outcome.ledger for outcome in self.outcomes if outcome.ledger), None)


def read(item: Item) -> Outcome:
    """The `Outcome` of one `containers.Item`: its record and the check of its text; its figures are not checked yet.

    An error is reported in the outcome, and does not end the check of other files.
    """
    base = Outcome(item.path, item.parts, named=item.named, empty=item.empty)
    if item.reason:
        return replace(base, problem=item.reason) if item.named else replace(base, passed=item.reason)
    try:
        restored = record_in(item.data)  # type: ignore[arg-type]  # an item without a reason has data
        base = replace(base, ledger=restored.ledger, notes=restored.notes)
        if not captured(restored.ledger):
            return replace(base, problem="contains no captured figures")
        checks, unread = text_checks(restored.text, restored.ledger)
        return replace(base, checks=checks, unread=unread)
    except LedgerError as error:
        foreign = str(error).startswith(FOREIGN) and not item.named
        return replace(base, passed=str(error)) if foreign else replace(base, problem=str(error))
    except MemoryError:
        return replace(base, problem="this machine has too little memory to read it")
    except Exception as error:  # an error in our own code: it does not count against the report
        return replace(base, problem=f"the check itself failed: {type(error).__name__}: {error}")


def students(
    outcomes: Sequence[Outcome], names: Mapping[str, str] | None = None
) -> tuple[list[Student], list[Outcome]]:
    """Every student once.

    The owner of a file is known from a platform's names; else from the folder, if each folder has the records of one
    student; else from the record itself.

    Parameters
    ----------
    outcomes : sequence of Outcome
    names : dict, optional
        Number of a submission at Gradescope -> name.

    Returns
    -------
    (list of Student, list of Outcome)
        In the order of the files; and the files that belong to nobody, all passed over.
    """
    outcomes = [replace(outcome, submitter=lms.submitter(outcome.parts, names)) for outcome in outcomes]
    folders = _folders(outcomes)
    groups, loose = {}, []
    for index, outcome in enumerate(outcomes):
        key = _owner(outcome, folders.get(index, ""))
        (groups.setdefault(key, []) if key else loose).append(outcome)
    result = [_student(key, group) for key, group in groups.items()]
    return _with_facts(_mark_namesakes(result)), loose


def _folders(outcomes):
    """Position in the list -> the folder of a student: the first folder that not all files share."""
    folders = {
        index: _above(outcome)
        for index, outcome in enumerate(outcomes)
        if outcome.submitter is None
        and not outcome.named
        and not any(part.startswith(("__MACOSX", ".")) for part in outcome.parts[:-1])
    }
    relevant = [index for index in folders if folders[index] or not outcomes[index].passed]
    while (
        relevant
        and all(folders[index] for index in relevant)
        and len({folders[index][0] for index in relevant}) == 1
    ):
        shared = folders[relevant[0]][0]
        folders = {index: folder[1:] for index, folder in folders.items() if folder[:1] == [shared]}
    folders = {index: folder[0] for index, folder in folders.items() if folder}
    names = {}
    for index, folder in folders.items():
        outcome = outcomes[index]
        if outcome.ledger:
            names.setdefault(folder, set()).add(outcome.student)
    crowded = {folder for folder, students in names.items() if len(students) > 1}
    # A folder without any report belongs to a student if other folders do: that student handed nothing in.
    return {
        index: folder
        for index, folder in folders.items()
        if folder not in crowded and (folder in names or names)
    }


def _above(outcome):
    parts = outcome.parts if outcome.empty else outcome.parts[:-1]
    return [unicodedata.normalize("NFC", part.removesuffix(".zip")) for part in parts]


def _owner(outcome, folder):
    """A key that is the same for two files of one student; None if a file belongs to nobody."""
    if outcome.submitter:
        return ("platform", outcome.submitter.key, outcome.submitter.name)
    if folder:
        return ("folder", folder, folder)
    if outcome.ledger:
        record = outcome.ledger.record
        return ("record", f"{record.get('student') or ''}\n{record['reader']}", outcome.student)
    if outcome.passed:
        return None
    return ("file", outcome.name, "")


def _student(key, group):
    kind, _, name = key
    readable = [outcome for outcome in group if outcome.ledger]
    # A student who saved an empty record last has still handed in the record with figures.
    newest = max(
        [outcome for outcome in readable if not outcome.problem] or readable, key=_last_change, default=None
    )
    if newest is None:
        counted = [outcome for outcome in group if outcome.problem]
        if not counted:
            files = ", ".join(f"{outcome.parts[-1]} ({outcome.passed})" for outcome in group[:5])
            counted = [replace(group[0], problem=f"no report was handed in: {files}", passed="")]
            group = group[1:]
        others = [outcome for outcome in group if outcome not in counted]
        return Student(name or counted[0].name, counted, others, owner=name)
    fingerprint = _fingerprint(newest.ledger)
    counted = [outcome for outcome in readable if _fingerprint(outcome.ledger) == fingerprint]
    others = []
    for outcome in group:
        if outcome in counted:
            continue
        if outcome.ledger and not outcome.problem:
            reason = f"an older report of the same student; {newest.name} is the newest"
            outcome = replace(outcome, passed=reason, checks=[])
        elif outcome.problem:
            reason = f"{outcome.problem}; another file of the same student was read"
            outcome = replace(outcome, passed=reason, problem="")
        others.append(outcome)
    facts = []
    if kind == "platform" and newest.ledger.record.get("student") and not _same_person(newest.student, name):
        facts.append(f"{HANDED_IN_AS}{name}")
    full_name = newest.ledger.record.get("student") or (name if kind != "record" else newest.student)
    return Student(full_name, counted, others, facts, name if kind != "record" else "")


def _same_person(name, other_name):
    """Whether two spellings of a name belong to one person.

    They are compared without blanks, signs and capitals, with the family name first or last.
    """

    def spellings(full_name):
        name_parts = "".join(
            letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
            for letter in unicodedata.normalize("NFC", full_name.replace("'", "").replace("’", "")).casefold()
        ).split()
        return {"".join(name_parts[index:] + name_parts[:index]) for index in range(max(1, len(name_parts)))}

    return bool(spellings(name) & spellings(other_name))


def _last_change(outcome):
    """When a record was last changed, then when the file was handed in."""
    times = [entry["at"] for entry in outcome.ledger.record["entries"].values()]
    return max(times, default=0), outcome.submitter.turn if outcome.submitter else ""


def _fingerprint(ledger):
    """A hash that is the same for two records with the same entries, whatever name they have."""
    entries = json.dumps(ledger.record["entries"], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(squeezed(map(folded, words(entries))).encode()).hexdigest()


def _mark_namesakes(students):
    """Mark different students who have the same name."""
    names = {}
    for student in students:
        if not _handed_in_as(student):
            names.setdefault(student.name.casefold(), []).append(student)
    twice = {id(student) for group in names.values() if len(group) > 1 for student in group}
    return [
        replace(student, facts=[*student.facts, "another student has the same name"])
        if id(student) in twice
        else student
        for student in students
    ]


def _handed_in_as(student):
    return next((fact for fact in student.facts if fact.startswith(HANDED_IN_AS)), "")


def _with_facts(students):
    """Add as facts what two students have in common."""
    holders = {}
    for index, student in enumerate(students):
        for description, fingerprint in _fingerprints(student.ledger) if student.ledger else ():
            holders.setdefault(fingerprint, []).append((index, description))
    common = {}
    for fingerprint, entries in holders.items():
        for index, description in entries:
            for other_index, _ in entries:
                if other_index != index:
                    common.setdefault(index, {}).setdefault(other_index, {})[fingerprint[0]] = description
    result = []
    for index, student in enumerate(students):
        facts = list(student.facts)
        for other_index, shared in common.get(index, {}).items():
            decisive = [kind for kind in ("record", "evidence") if kind in shared]
            descriptions = [shared[decisive[0]]] if decisive else list(shared.values())
            files = ", ".join(sorted("/".join(outcome.parts) for outcome in students[other_index].outcomes))
            name = ", ".join(filter(None, (students[other_index].name, _handed_in_as(students[other_index]))))
            facts += [f"{description} as {name} ({files})" for description in descriptions]
        result.append(replace(student, facts=facts))
    return result


def _fingerprints(ledger):
    """((kind, hash), words) of what two records can have in common."""
    reader = ledger.record["reader"]
    prints = [("the same record", ("record", _fingerprint(ledger)))]
    prints.append((f"a record of the same browser (reader {reader})", ("evidence", reader)))
    for key, entry in ledger.record["entries"].items():
        *track_and_part, name = key.split("/")
        if name in WRITTEN and isinstance(entry["value"], str):
            text = squeezed(folded(word).casefold() for word in words(entry["value"]))
            if len(text) >= MIN_SHARED_LETTERS:
                prints.append((f"the same text ({', part '.join(track_and_part)}, {name})", (key, text)))
    return prints


def is_of(student: Student, name: str) -> bool:
    """Whether a name on the class list belongs to this student: in the record, on the platform or as a folder."""
    names = {
        student.name,
        student.owner,
        *(outcome.student for outcome in (*student.outcomes, *student.others)),
    }
    return any(_same_person(known_name, name) for known_name in names if known_name)
