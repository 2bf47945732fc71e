"""What the law files must look like, and what they say of each other.

Every block has a shape: its keys and what may stand under each. Law with a problem is never used.
"""

import datetime as dt
from collections import namedtuple
from graphlib import CycleError, TopologicalSorter

from ..tables import Lines, Shape, ShapedFile, is_number, one_of
from .criteria import LAW_MARKS, LEVELS, REGION_NAMES

OPS = (">=", "<=", "judged")
MEASURES = (
    "share_ntm",
    "share_advanced",
    "share_townships",
    "satisfaction",
    "satisfaction_each",
    "district_criteria",
)


def _words(value):
    return "vi" in value and set(value) <= {"vi", "en"} and all(map(str.strip, value.values()))


def _numbers_of(*levels):
    def fits(value):
        return set(value) <= set(levels) and all(
            isinstance(numbers, list) and numbers and all(map(COUNTED.fits, numbers))
            for numbers in value.values()
        )

    return Shape(fits, f"{{{levels[0]}: [10, 17], ...}}; {', '.join(levels)}", {})


COUNTED = Shape(lambda n: type(n) is int and n > 0)
TEXT = Shape(str.strip, '"..."', "")
UNIT_SHAPE = Shape(str, '"", "%", "..."', "")
WORDS = Shape(
    _words,
    "{vi: ..., en: ...}",
    {"vi": "", "en": ""},
    lambda words: {"vi": words["vi"], "en": words.get("en", words["vi"])},
)
DAY = Shape(dt.date, "2022-03-08")
FLAG = Shape(bool, "true, false", False)
COUNT = Shape(lambda n: COUNTED.fits(n) and n <= 99, "1, 2, 3, ...", 0)
WHOLE = Shape(lambda n: type(n) is int and n >= 0, "0, 1, 2, ...", 0)
NUMBER = Shape(lambda n: is_number(n) and n >= 0, "95, 12.5, null")
TIMES = Shape(lambda n: is_number(n) and n > 0, "1.1", 1)
SHARE = Shape(lambda n: is_number(n) and 0 < n <= 100, "1 - 100", 50)
TEST = Shape(str.strip, '"17.1", "17.10", ...', "")
REGION_VALUES = Shape(lambda value: isinstance(value, Lines) and value, "{btb: 98, tdmnpb: 90}", {})
OP, LEVEL = one_of(*OPS), one_of(*LEVELS)
EVIDENCE = {"mark": one_of(*LAW_MARKS)._replace(code="law_mark"), "reference": "reference"}
OWNER_MARK = one_of(*LAW_MARKS, "assumed")._replace(code="law_mark")
TIME = {"from": DAY, "to?": DAY, "known_from?": DAY}
HEAD = {"id": TEXT, "kind?": TEXT, "title": WORDS, "note?": WORDS, "references": {"": TEXT}}
IN_FORCE = {"decision": "decision", **TIME, "known_from": DAY}
SHARES = {"share_any": SHARE, "share_with_key": SHARE, "unit?": UNIT_SHAPE}

# The keys of every block; "reference" is a key of the file's references.
SHAPES = {
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
    "owner": {"vi": TEXT, "en?": TEXT, **EVIDENCE, "mark": OWNER_MARK},
    "test": {
        "number": TEST,
        "part_of?": TEST,
        "name": WORDS,
        "unit": UNIT_SHAPE,
        "op": OP,
        "same_measure?": {"": TEST},
        "values": ["value"],
    },
    "value": {
        **TIME,
        "op?": OP,
        "unit?": UNIT_SHAPE,
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
        "unit": UNIT_SHAPE,
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
        "unit?": UNIT_SHAPE,
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


class LawFile(ShapedFile):
    """A law file while it is being read; a value without a mark and a reference does not load.

    Parameters
    ----------
    name : str
    content : Lines
    problems : list of Problem
    """

    def __init__(self, name, content, problems):
        references = content.get("references")
        references = references if isinstance(references, Lines) else {}
        reference = Shape(
            lambda key: str(key) in references,
            ", ".join(references),
            "",
            lambda key: str(references[str(key)]),
            "law_reference",
        )
        super().__init__(name, content, problems, SHAPES | {"reference": reference})

    def details(self, shape, place):
        """Say besides which set, criterion and test a wrong value belongs to.

        Parameters
        ----------
        shape : Shape, dict or list
        place : tuple

        Returns
        -------
        dict
        """
        details = super().details(shape, place)
        if place[-1] not in EVIDENCE:
            return details
        block, ids = self.content, []
        for step in place:
            if isinstance(step, str):
                ids.append(block.get("number") or block.get("id") or "")
            block = block[step - 1] if isinstance(block, list) else block.get(step)
        return details | {"where": " ".join(f"{name}" for name in ids if name)}


class Link(namedtuple("Link", "file line key own set test", defaults=[None])):
    """Where a set is named in a law file.

    Attributes
    ----------
    file : LawFile
    line : int
    key : str
        Under which the set is named.
    own : str
        The set that names it.
    set : str
        The set, or level, that is named.
    test : str, int or None
        A test, or criterion, of that set.
    """


def check_links(sets, tests, links, multiples, unread):
    """Report every link that leads to nothing that can be used there.

    Parameters
    ----------
    sets : dict of str to CriteriaSet
    tests : DataFrame
        ``set``, ``test``, ``op``.
    links : list of Link
    multiples : set of tuple
        The (set, test) that are a multiple of another test, and so cannot be multiplied themselves.
    unread : set of str
        Sets whose files have a problem of their own.
    """
    known = {set_id: [] for set_id in sets}
    measured = {set_id: [] for set_id in sets}
    for set_id, test, op in tests[["set", "test", "op"]].itertuples(index=False):
        known[set_id].append(test)
        if op != "judged" and (set_id, test) not in multiples:
            measured[set_id].append(test)
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
            listed = ", ".join(map(str, allowed)) or "..."
            link.file.problem("law_link", link.line, link.key, value=value, allowed=listed)
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
