"""What the law files must look like, and what they say of each other.

Every block has a shape: its keys and what may stand under each. What is wrong is reported and a
stand-in takes its place, so that reading goes on and one report tells everything; law with a
problem is never used.
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from ..tables import Lines, Problem
from .criteria import LAW_MARKS, LEVELS, REGION_NAMES, CriteriaSet

OPS = (">=", "<=", "judged")
MEASURES = (
    "share_ntm",
    "share_advanced",
    "share_townships",
    "satisfaction",
    "satisfaction_each",
    "district_criteria",
)


_QUOTED = re.compile(
    r"-?(0|[1-9][0-9]*)(\.[0-9]+)?|true|false|null"
)  # text only where the file has it in quotes


class Shape(NamedTuple):
    """What may stand under a key: a test, the words that say so, and what stands in for a wrong
    value.
    """

    fits: Callable[[object], bool]
    allowed: str
    stand_in: object = None


def _text(value):
    return isinstance(value, str) and value.strip() != ""


def is_number(value: object) -> bool:
    """Whether a value of a law file is a number; ``true`` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(value):
    return (
        isinstance(value, Lines)
        and "vi" in value
        and set(value) <= {"vi", "en"}
        and all(map(_text, value.values()))
    )


def one_of(*allowed: str) -> Shape:
    return Shape(lambda v: isinstance(v, str) and v in allowed, ", ".join(allowed))


def _numbers_of(*levels):
    def fits(value):
        many = (
            list(value.values())
            if isinstance(value, Lines) and set(value) <= set(levels)
            else [None]
        )
        return all(
            isinstance(m, list) and m and all(type(n) is int and n > 0 for n in m) for m in many
        )

    return Shape(fits, f"{{{levels[0]}: [10, 17], ...}}; {', '.join(levels)}", {})


TEXT = Shape(_text, '"..."', "")
UNIT = Shape(lambda v: isinstance(v, str), '"", "%", "..."', "")
WORDS = Shape(_words, "{vi: ..., en: ...}", {"vi": "", "en": ""})
DAY = Shape(lambda v: isinstance(v, dt.date), "2022-03-08")
FLAG = Shape(lambda v: isinstance(v, bool), "true, false", False)
COUNT = Shape(lambda v: type(v) is int and 1 <= v <= 99, "1, 2, 3, ...", 0)
WHOLE = Shape(lambda v: type(v) is int and v >= 0, "0, 1, 2, ...", 0)
NUMBER = Shape(lambda v: is_number(v) and v >= 0, "95, 12.5, null")
TIMES = Shape(lambda v: is_number(v) and v > 0, "1.1", 1)
SHARE = Shape(lambda v: is_number(v) and 0 < v <= 100, "1 - 100", 50)
TEST = Shape(_text, '"17.1", "17.10", ...', "")
REGION_VALUES = Shape(lambda v: isinstance(v, Lines) and len(v) > 0, "{btb: 98, tdmnpb: 90}", {})
OP, LEVEL = one_of(*OPS), one_of(*LEVELS)
EVIDENCE = {"mark": one_of(*LAW_MARKS), "reference": TEXT}
TIME = {"from": DAY, "to?": DAY, "known_from?": DAY}
HEAD = {"id": TEXT, "kind?": TEXT, "title": WORDS, "note?": WORDS, "references": {"": TEXT}}
IN_FORCE = {"decision": "decision", **TIME, "known_from": DAY}
SHARES = {"share_any": SHARE, "share_with_key": SHARE, "unit?": UNIT}

# The keys of every block. "?": may be left out or null. A name: a block of that shape; [name]: a
# list of them; {"": shape}: any keys, each with that shape.
SHAPES: dict[str, dict[str, object]] = {
    "set": {
        **HEAD,
        "level": LEVEL,
        **IN_FORCE,
        "counts_only?": FLAG,
        "criteria_count": COUNT,
        "indicator_count": WHOLE,
        "specially_difficult?": "specially_difficult",
        "requires?": "requires",
        "criteria": ["criterion"],
    },
    "district": {**HEAD, **IN_FORCE, "conditions": ["district condition"]},
    "recognition": {
        **HEAD,
        "rules": ["rule"],
        "revocation": ["revocation"],
        "district_revocation?": ["district revocation"],
    },
    "decision": {"number?": TEXT, "signed?": DAY, **EVIDENCE},
    "specially_difficult": {"region": one_of(*REGION_NAMES), **EVIDENCE},
    "requires": {"set": TEXT, **EVIDENCE},
    "criterion": {"number": COUNT, "name": WORDS, "owner": "owner", "tests": ["test"]},
    "owner": {"vi": TEXT, "en?": TEXT, **EVIDENCE, "mark": one_of(*LAW_MARKS, "assumed")},
    "test": {
        "number": TEST,
        "part_of?": TEST,
        "name": WORDS,
        "unit": UNIT,
        "op": OP,
        "same_measure?": {"": TEST},
        "values": ["value"],
    },
    "value": {
        **TIME,
        "op?": OP,
        "unit?": UNIT,
        "name?": WORDS,
        "regions": REGION_VALUES,
        **EVIDENCE,
        "note?": WORDS,
    },
    "times": {"times": TIMES, "set": TEXT, "test": TEST},
    "verdict": {"verdict_of": TEXT},
    "district condition": {
        "number": TEXT,
        "name": WORDS,
        "measure": one_of(*MEASURES),
        "op": OP,
        "value?": NUMBER,
        "unit": UNIT,
        **TIME,
        **EVIDENCE,
        "note?": WORDS,
    },
    "rule": {
        "id": TEXT,
        "decision": "decision",
        **TIME,
        "note?": WORDS,
        "conditions": ["condition"],
    },
    "condition": {
        "id": TEXT,
        "name": WORDS,
        "value?": NUMBER,
        "unit?": UNIT,
        "level?": LEVEL,
        **EVIDENCE,
        "note?": WORDS,
    },
    "revocation": {
        "decision": TEXT,
        **TIME,
        **SHARES,
        "key_criteria": _numbers_of(*LEVELS),
        **EVIDENCE,
        "note?": WORDS,
    },
    "district revocation": {
        "decision": TEXT,
        **TIME,
        **SHARES,
        "share_communes": SHARE,
        "key_criteria": _numbers_of("district"),
        **EVIDENCE,
        "note?": WORDS,
    },
}


class LawFile:
    """One law file while it is being read: its references, and where problems are noted."""

    def __init__(self, name: str, made: Lines, problems: list[Problem]) -> None:
        self.name, self.made, self.problems = name, made, problems
        given = made.get("references")
        self.references = given if isinstance(given, Lines) else Lines()

    def problem(self, code: str, line: int, key: str | None = None, **details: object) -> None:
        """Note what is wrong under ``key``; values are shown as the file writes them (``true``, not
        ``True``).
        """
        for name, value in details.items():
            quoted = code == "yaml_value" and name == "value" and _QUOTED.fullmatch(str(value))
            if quoted or isinstance(value, dict | list | bool | None):
                details[name] = json.dumps(value, ensure_ascii=False, default=str)
        self.problems.append(Problem(code, self.name, line, key, details))

    def once(self, seen: dict, value: object, line: int, key: str) -> bool:
        """Whether ``value`` is there and no earlier block has it, which is noted; ``seen`` keeps
        the line of each.
        """
        if value in seen:
            self.problem("duplicate", line, key, value=value, other=seen[value])
        elif value:
            seen[value] = line
            return True
        return False

    def sound(
        self,
        block: object,
        kind: str | dict[str, Shape],
        line: int,
        key: str | None = None,
        where: str = "",
    ) -> Lines:
        """``block`` held to the shape ``kind``: all its keys, with a stand-in for whatever is wrong
        or missing.
        """
        keys = SHAPES[kind] if isinstance(kind, str) else kind
        shapes = {name.removesuffix("?"): (shape, name[-1] == "?") for name, shape in keys.items()}
        listed = ", ".join(shapes)
        if not isinstance(block, Lines):
            self.problem("yaml_value", line, key, value=block, allowed=f"{{{listed}}}")
            return self._stand_in(kind, line)
        made = Lines(block.line)
        made.lines = block.lines
        where = f"{where} {block.get('number') or block.get('id') or ''}".strip()
        for name in block:
            if name not in shapes:
                self.problem("yaml_key", block.at(name), value=name, allowed=listed)
        for name, (shape, optional) in shapes.items():
            if name in ("mark", "reference"):
                made[name] = self._evidence(block, name, shape, where)
            elif block.get(name) is not None:
                made[name] = self._held(block, name, shape, where)
            elif optional:
                made[name] = None
            else:
                self.problem("yaml_missing", block.line, value=name)
                made[name] = self._stand_in(shape, block.line)
        if made.get("from") and made.get("to") and made["to"] < made["from"]:
            self.problem(
                "yaml_value", block.at("to"), "to", value=made["to"], allowed=f">= {made['from']}"
            )
        return made

    def _held(self, block, name, shape, where):
        """What stands under one key, held to its shape."""
        value, line = block[name], block.at(name)
        if isinstance(shape, str):
            return self.sound(value, shape, line, name, where)
        if isinstance(shape, list) and isinstance(value, list):
            return [self.sound(item, shape[0], line, name, where) for item in value]
        if isinstance(shape, dict) and isinstance(value, Lines):
            made = Lines(value.line)
            made.lines = value.lines
            made.update({each: self._held(value, each, shape[""], where) for each in value})
            return made
        if isinstance(shape, Shape) and shape.fits(value):
            return (
                {"vi": value["vi"], "en": value.get("en", value["vi"])} if shape is WORDS else value
            )
        allowed = (
            shape.allowed
            if isinstance(shape, Shape)
            else "- ..."
            if isinstance(shape, list)
            else '{...: "..."}'
        )
        self.problem("yaml_value", line, name, value=value, allowed=allowed)
        return self._stand_in(shape, line)

    def _stand_in(self, shape, line):
        if not isinstance(shape, str):
            return shape.stand_in if isinstance(shape, Shape) else type(shape)()
        made = Lines(line)
        for name, inner in SHAPES[shape].items():
            made[name.removesuffix("?")] = None if name[-1] == "?" else self._stand_in(inner, line)
        return made

    def _evidence(self, block, name, shape, where):
        """The mark, or the full text of the reference; a value without one does not load."""
        value = block.get(name)
        if name == "mark" and shape.fits(value):
            return value
        if name == "reference" and str(value) in self.references:
            return str(self.references[str(value)])
        allowed = shape.allowed if name == "mark" else ", ".join(self.references)
        code = "law_mark" if name == "mark" else "law_reference"
        self.problem(
            code,
            block.at(name),
            name,
            where=where,
            value="" if value is None else value,
            allowed=allowed,
        )
        return shape.stand_in


class Link(NamedTuple):
    """Where a set (or level) is named under ``key``, and a test (or criterion) of it; ``own`` is
    the set that names it.
    """

    file: LawFile
    line: int
    key: str
    own: str
    set: str
    test: str | int | None = None


def check_links(
    sets: dict[str, CriteriaSet], tests: list[dict], links: list[Link], multiples: set, unread: set
) -> None:
    """Every link leads to what can be used there; the files of ``unread`` sets have a problem of
    their own.

    ``multiples``: the (set, test) that are a multiple of another test, and so cannot be multiplied
    themselves.
    """
    known = {set_id: [] for set_id in sets}
    measured = {set_id: [] for set_id in sets}
    for test in tests:
        known[test["set"]].append(test["test"])
        if test["op"] != "judged" and (test["set"], test["test"]) not in multiples:
            measured[test["set"]].append(test["test"])
    # What was told already: a link without a set or test, sets that were not read or lost all their
    # criteria.
    passed = {
        "",
        *unread,
        *(set_id for set_id in sets if not known[set_id] and not sets[set_id].counts_only),
    }
    most = {
        level: max((s.criteria_count for s in sets.values() if s.level == level), default=0)
        for level in LEVELS
    }
    criteria = {level: list(range(1, number + 1)) for level, number in most.items()}
    for link in links:
        if link.set in passed or link.test == "" or (unread and link.key == "key_criteria"):
            continue
        targets = {"times": measured, "key_criteria": criteria}.get(link.key, known)
        allowed = [
            name for name in targets if name != link.own or link.key in ("times", "verdict_of")
        ]
        value = link.set
        if value in allowed and link.test is not None:
            value, allowed = link.test, targets[link.set]
        if value not in allowed:
            link.file.problem(
                "law_link",
                link.line,
                link.key,
                value=value,
                allowed=", ".join(map(str, allowed)) or "...",
            )
    verdicts = [link for link in links if link.key == "verdict_of"]
    graph = {}
    for link in verdicts:
        graph.setdefault(link.own, set()).add(link.set)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        path = error.args[1]
        link = next(link for link in verdicts if link.own in path and link.set in path)
        link.file.problem("law_cycle", link.line, link.key, value=" - ".join(path))
