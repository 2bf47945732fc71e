"""The law files of ``data/criteria`` read into tables.

A value without a reference or a mark does not load.
"""

import datetime as dt
from collections import namedtuple
from dataclasses import replace
from itertools import pairwise

import pandas as pd

from ..language import UnreadableError, read_number, write_date
from ..tables import TABLE_KEYS, DataProblemsError, Lines, Problem, is_number, read_table, read_yaml
from .criteria import REGIONS, CriteriaSet, Law, checkable_rules, to_check
from .schema import LawFile, Link, check_links

EARLY = dt.date(1945, 1, 1)  # stands in for a day that could not be read
KINDS = ("set", "district", "recognition")
# Rows of the tables of a Law.
CriterionRow = namedtuple(
    "CriterionRow", "set criterion name_vi name_en owner_vi owner_en owner_mark owner_reference"
)
TestRow = namedtuple("TestRow", "set criterion indicator test name_vi name_en unit op same_measure")
ValueRow = namedtuple(
    "ValueRow",
    "set test region start end op kind value mark reference known_from name_vi name_en unit "
    "note_vi note_en times_set times_test",
)
# What an officer fills in TO_CHECK.csv, and what must still be as the law has it.
OFFICER = ["read_value", "article", "checked_by", "checked_on"]
COMPARED = ["unit", "op", "value", "mark"]


class _Reading:
    """What the files gave so far."""

    def __init__(self):
        self.sets, self.criteria, self.tests, self.values, self.links = {}, [], [], [], []
        self.district, self.recognition, self.revocation = [], [], []


def read_law(folder, problems):
    """Read all law files of a folder, and the officer's checks in ``TO_CHECK.csv``.

    Parameters
    ----------
    folder : Path
    problems : list of Problem
        Gains what is wrong.

    Returns
    -------
    Law
    """
    read, unread = _Reading(), set()
    for path in sorted(folder.glob("*.yaml")):
        name = f"{folder.name}/{path.name}"
        content = read_yaml(path, problems, name)
        if content is None:
            unread.add(path.stem)
            continue
        file = LawFile(name, content, problems)
        try:
            _read_file(file, path.stem, read)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            # A shape that no check foresaw: still a report, never a traceback.
            unread.add(path.stem)
            file.problem("yaml", content.line, detail=f"{type(error).__name__}: {error}")
    multiples = {(row["set"], row["test"]) for row in read.values if row["kind"] == "times"}
    tests = pd.DataFrame(read.tests, columns=TestRow._fields)
    check_links(read.sets, tests, read.links, multiples, unread)
    values = pd.DataFrame(read.values, columns=ValueRow._fields)
    for column in ("start", "end", "known_from"):
        values[column] = pd.to_datetime(values[column]).astype("datetime64[s]")
    criteria = pd.DataFrame(read.criteria, columns=CriterionRow._fields)
    law = Law(read.sets, criteria, tests, values, read.district, read.recognition, read.revocation)
    _apply_checks(law, folder / "TO_CHECK.csv", problems)
    return replace(law, values=_multiples(law.values))


def read_weights(folder):
    """Read what measured indicators are a share or average of.

    Parameters
    ----------
    folder : Path
        Of the law; ``indicator_weights.csv`` stands in ``reference`` beside the folder.

    Returns
    -------
    dict of tuple to str
        ``households``, ``population`` or ``sum`` by (set, test); empty without the file.

    Raises
    ------
    DataProblemsError

    Examples
    --------
    >>> from pathlib import Path
    >>> read_weights(Path("data/criteria"))["ntm-2021-2025", "17.1"]
    'households'
    """
    path, problems = folder.parent / "reference" / "indicator_weights.csv", []
    if not path.exists():
        return {}
    rows = read_table(path, "indicator_weights", "vi", "vi", problems)
    if problems:
        raise DataProblemsError(problems)
    return rows.set_index(["set", "test"])["weight"].to_dict()


def _read_file(file, stem, read):
    """Read one file by its kind."""
    content = file.content
    kind = content.get("kind", "set")
    if kind not in KINDS:
        allowed = ", ".join(KINDS)
        file.problem("yaml_value", content.at("kind"), "kind", value=kind, allowed=allowed)
        signs = {"set": "criteria", "recognition": "rules"}
        kind = next((kind for kind, key in signs.items() if key in content), "district")
    before = len(file.problems)
    block = file.hold(content, kind, content.line)
    if block["id"] not in (stem, ""):
        file.problem("yaml_value", block.at("id"), "id", value=block["id"], allowed=stem)
    if kind == "set":
        _read_set(file, block, stem, read, before)
    elif kind == "district":
        whole = {"to": block["to"], "decision": block["decision"]["number"], "from": block["from"]}
        for rule in _rules(file, block["conditions"], stem, block["known_from"]):
            rest = {key: value for key, value in whole.items() if rule.get(key) is None}
            read.district.append(rule | rest)
    else:
        read.recognition += _rules(file, block["rules"], stem, None)
        for first, second in pairwise(sorted(read.recognition, key=lambda rule: rule["from"])):
            if second["from"] <= (first["to"] or first["from"]):
                keys = f"{first['file']} {first['key']}, {second['file']} {second['key']}"
                details = {"where": keys, "region": "all", "day": second["from"]}
                file.problem("law_overlap", content.at("rules"), "from", **details)
        read.revocation += _rules(file, block["revocation"], stem, None)
        _rules(file, block["district_revocation"] or [], stem, None)
        for rule in block["revocation"]:
            levels = rule["key_criteria"]
            read.links += [
                Link(file, levels.at(level), "key_criteria", "", level, number)
                for level, numbers in levels.items()
                for number in numbers
            ]


def _read_set(file, block, set_id, read, before):
    """Read a criteria set: itself, its criteria, tests and values.

    ``before``: the number of problems before this file; with one more, its indicators cannot be
    counted.
    """
    start, known = block["from"] or EARLY, block["known_from"] or EARLY
    read.sets[set_id] = CriteriaSet(
        set_id,
        block["level"],
        block["title"],
        dict(block["decision"]),
        start,
        block["to"],
        known,
        bool(block["counts_only"]),
        block["criteria_count"],
        block["note"],
        block["specially_difficult"],
    )
    if needed := block["requires"]:
        read.links.append(Link(file, needed.at("set"), "requires", set_id, needed["set"]))
    numbers, keys, first = {}, {}, set()
    for criterion in block["criteria"]:
        number, name, owner = criterion["number"], criterion["name"], criterion["owner"]
        line = criterion.at("number")
        if number > block["criteria_count"] > 0:
            allowed = f"1 - {block['criteria_count']}"
            file.problem("yaml_value", line, "number", value=number, allowed=allowed)
        file.is_new(numbers, number, line, "number")
        words = (owner["vi"], owner["en"] or owner["vi"], owner["mark"], owner["reference"])
        read.criteria.append(CriterionRow(set_id, number, name["vi"], name["en"], *words))
        wholes = [test["number"] for test in criterion["tests"] if not test["part_of"]]
        for test in criterion["tests"]:
            if not file.is_new(keys, test["number"], test.at("number"), "number"):
                continue
            indicator = _read_test(file, test, set_id, number, wholes, read)
            rows = _values(file, set_id, test, known, read.links)
            read.values += rows
            if any(row["start"] <= max(known, start) for row in rows):
                first.add(indicator)
    counts = {"criteria_count": len(block["criteria"]), "indicator_count": len(first)}
    whole = len(file.problems) == before
    for key, count in counts.items():
        sure = whole or (key == "criteria_count" and count)
        if count != block[key] and not block["counts_only"] and sure:
            details = {"what": key, "found": count, "expected": block[key]}
            file.problem("law_count", block.at(key), key, **details)


def _read_test(file, test, set_id, criterion, wholes, read):
    """Read a test and give the indicator that it belongs to; ``wholes``: tests with parts."""
    key, part_of, name, same = (test[key] for key in ("number", "part_of", "name", "same_measure"))
    if part_of and part_of not in wholes:
        line, allowed = test.at("part_of"), ", ".join(wholes)
        file.problem("law_link", line, "part_of", value=part_of, allowed=allowed)
    same, indicator = same or Lines(), part_of or key
    of = (set_id, criterion, indicator, key)
    read.tests.append(TestRow(*of, name["vi"], name["en"], test["unit"], test["op"], dict(same)))
    read.links += [
        Link(file, same.at(other), "same_measure", set_id, other, key)
        for other, key in same.items()
    ]
    return indicator


def _values(file, set_id, test, known, links):
    """List the rows of one test: one a region and time, each ended where the next one begins."""
    rows = []
    for entry in test["values"]:
        op, unit, regions = (
            entry["op"] or test["op"],
            entry["unit"] or test["unit"],
            entry["regions"],
        )
        own = {"set": set_id, "test": test["number"], "start": entry["from"], "end": entry["to"]}
        own |= {"op": op, "unit": entry["unit"], "line": entry.line}
        own |= {"mark": entry["mark"], "reference": entry["reference"]}
        own |= {f"name_{lang}": words for lang, words in (entry["name"] or {}).items()}
        own |= {f"note_{lang}": words for lang, words in (entry["note"] or {}).items()}
        own["known_from"] = entry["known_from"] or known
        for region, value in regions.items():
            line = regions.at(region)
            if region not in REGIONS:
                allowed = ", ".join(REGIONS)
                file.problem("yaml_value", line, "regions", value=region, allowed=allowed)
                continue
            row = _value(file, value, line, op, unit)
            if "times_set" in row:
                key = "times" if row["kind"] == "times" else "verdict_of"
                links.append(Link(file, line, key, set_id, row["times_set"], row["times_test"]))
            rows.append(own | {"region": region} | row)
    rows = [row for row in rows if row["start"]]
    where = f"{set_id} {test['number']}"
    for region in dict.fromkeys(row["region"] for row in rows):
        # "all" is looked up beside each region; "national" is only shown, so it clashes with
        # nothing but itself.
        same = {region} if region == "national" else {region, "all"}
        mine = sorted((r for r in rows if r["region"] in same), key=lambda row: row["start"])
        for first, second in pairwise(mine):
            day = second["start"]
            if day <= (first["end"] or first["start"]):
                details = {"where": where, "region": region, "day": day}
                file.problem("law_overlap", second["line"], "from", **details)
    return rows


def _value(file, value, line, op, unit):
    """Read kind and number of one value as written; one that does not fit the test is reported."""
    judged, most = op == "judged", 100 if unit.startswith("%") else float("inf")
    row = {"kind": "unknown", "value": float("nan")}
    if isinstance(value, Lines):
        row["kind"] = kind = "verdict" if "verdict_of" in value else "times"
        block = file.hold(value, kind, line, ("regions",))
        fits = judged == (kind == "verdict")
        row["times_set"] = block.get("verdict_of", block.get("set"))
        row["times_test"] = block.get("test")
        row["value"] = float(block.get("times", row["value"]))
    elif is_number(value):
        fits = not judged and 0 <= value <= most
        row = {"kind": "number", "value": float(value)}
    else:
        fits = value in (None, "province") or (value == "met" and judged)
        row["kind"] = value if fits and value else "unknown"
    if op and not fits:
        allowed = "met" if judged else "0 - 100" if most == 100 else ">= 0"
        allowed += ", province, null"
        file.problem("yaml_value", line, "regions", value=value, allowed=allowed)
    return row


def _multiples(values):
    """Write out rows that are a multiple of another set's threshold, by region and year."""
    times = values["kind"] == "times"
    written = [values[~times]]
    for row in values[times].to_dict("records"):
        base = values[(values["set"] == row["times_set"]) & (values["test"] == row["times_test"])]
        own = {name: row[name] for name in ("set", "test", "op", "times_set", "times_test")}
        written.append(
            base.assign(
                **own,
                value=(base["value"] * row["value"]).round(6),
                mark=base["mark"] if row["mark"] == "read" else row["mark"],
                name_vi=None,
                name_en=None,
                reference=row["reference"] + "; " + base["reference"],
                known_from=base["known_from"].clip(lower=row["known_from"]),
            )
        )
    return pd.concat(written, ignore_index=True) if times.any() else values


def _rules(file, blocks, stem, known, prefix=""):
    """List the rules on districts, recognition and revocation.

    The conditions of a rule have the time of the rule.
    """
    rows, keys = [], {}
    for block in blocks:
        row = {"value": None} | {key: value for key, value in block.items() if value is not None}
        parts = (prefix, *map(block.get, ("id", "number", "level")))
        row |= {"file": stem, "key": "/".join(f"{part}" for part in parts if part)}
        file.is_new(keys, row["key"], block.line, "id" if "id" in block else "number")
        row["from"], row["to"] = row.get("from") or EARLY, row.get("to")
        row["known_from"] = row.get("known_from") or known or row["from"]
        if f"{row.get('unit')}".startswith("%") and (row["value"] or 0) > 100:
            details = {"value": row["value"], "allowed": "0 - 100"}
            file.problem("yaml_value", block.at("value"), "value", **details)
        if "conditions" in row:
            row["reference"] = row["decision"]["reference"]
            time = {"from": row["from"], "to": row["to"]}
            conditions = _rules(file, row["conditions"], stem, row["known_from"], row["key"])
            row["conditions"] = [rule | time for rule in conditions]
        rows.append(row)
    return rows


def _apply_checks(law, path, problems):
    """Put the officer's completed rows of ``TO_CHECK.csv`` in place of the values they checked."""
    if not path.exists():
        return
    faults = []
    table = read_table(path, "to_check", "vi", path.name, faults)
    file = f"{path.parent.name}/{path.name}"
    problems += [replace(problem, file=file) for problem in faults]
    filled = table[OFFICER].notna() & table[OFFICER].ne("")
    done = table[filled.any(axis=1) & ~table["row"].isin([p.row for p in faults])]
    if done.empty:
        return
    values, rules = law.values, {(rule["file"], rule["key"]): rule for rule in checkable_rules(law)}
    unread = {
        tuple(row[key] for key in TABLE_KEYS["to_check"]): row
        for row in to_check(law).to_dict("records")
    }
    for index, row in zip(done.index, done.to_dict("records"), strict=True):
        start = row["from"]
        of_law = unread.get((row["set"], row["test"], row["region"], f"{start:%Y-%m-%d}"))
        blank = [name for name in OFFICER if not filled.loc[index, name]]
        try:
            number = _checked(row, blank, of_law)
        except UnreadableError as error:
            problems.append(Problem(error.reason, file, int(row["row"]), details=error.details))
            continue
        by = f"{row['article']} ({row['checked_by']}, {row['checked_on']:%d/%m/%Y})"
        check = {"value": number, "mark": "read", "reference": by}
        if (row["set"], row["test"]) in rules:
            rules[row["set"], row["test"]] |= check
        else:
            check["kind"] = "met" if number is None else "number"
            place = (values["set"] == row["set"]) & (values["test"] == row["test"])
            place &= (values["start"] == start) & (values["region"] == row["region"])
            values.loc[place, list(check)] = list(check.values())


def _checked(row, blank, of_law):
    """Give the number that an officer read, None for ``met``.

    ``of_law``: the row as the law gives it; what was changed in the officer's says that something
    else was checked. Raises UnreadableError when the row cannot stand for a check of the law.
    """
    if blank:
        raise UnreadableError("to_check", detail=", ".join(blank))
    if of_law is None:
        raise UnreadableError("to_check_stale", detail="set, test, region, from")
    changed = [
        f"{name} “{row[name]}” ≠ “{of_law[name]}”" for name in COMPARED if row[name] != of_law[name]
    ]
    if changed:
        raise UnreadableError("to_check_stale", detail="; ".join(changed))
    if row["checked_on"].date() > dt.date.today():
        raise UnreadableError("to_check_future", value=write_date(row["checked_on"]))
    text, unit = row["read_value"], of_law["unit"]
    if of_law["op"] == "judged" or not (of_law["op"] or unit):
        if text != "met":
            raise UnreadableError("to_check_met", value=text)
        return None
    try:
        return read_number(text, low=0, high=100 if unit.startswith("%") else float("inf"))
    except UnreadableError as error:
        other = error.reason in ("other_style", "not_a_number")
        reason = "to_check_number" if other else error.reason
        raise UnreadableError(reason, value=text, **error.details) from None
