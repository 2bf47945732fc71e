"""The law files of ``data/criteria`` read into tables; a value without a reference or a mark does
not load.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd

from ..language import NotRead, read_number, write_date
from ..tables import KEYS, DataProblems, Lines, Problem, read_table, read_yaml
from .criteria import REGIONS, CriteriaSet, Law, checkable_rules, to_check
from .schema import LawFile, Link, check_links, is_number

EARLY = dt.date(1945, 1, 1)  # stands in for a day that could not be read
CRITERIA_COLUMNS = [
    "set",
    "criterion",
    "name_vi",
    "name_en",
    "owner_vi",
    "owner_en",
    "owner_mark",
    "owner_reference",
]
TEST_COLUMNS = [
    "set",
    "criterion",
    "indicator",
    "test",
    "name_vi",
    "name_en",
    "unit",
    "op",
    "same_measure",
]
VALUE_COLUMNS = [
    *(
        "set",
        "test",
        "region",
        "start",
        "end",
        "op",
        "kind",
        "value",
        "mark",
        "reference",
        "known_from",
    ),
    *("name_vi", "name_en", "unit", "note_vi", "note_en", "times_set", "times_test"),
]
OFFICER = [
    "read_value",
    "article",
    "checked_by",
    "checked_on",
]  # what an officer fills in TO_CHECK.csv
COMPARED = ["unit", "op", "value", "mark"]  # what must still be as the law has it


@dataclass
class _Read:
    """What the files gave so far."""

    sets: dict[str, CriteriaSet] = field(default_factory=dict)
    criteria: list[dict] = field(default_factory=list)
    tests: list[dict] = field(default_factory=list)
    values: list[dict] = field(default_factory=list)
    district: list[dict] = field(default_factory=list)
    recognition: list[dict] = field(default_factory=list)
    revocation: list[dict] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def read_law(folder: Path, problems: list[Problem]) -> Law:
    """All law files of ``folder`` and the officer's checks in ``TO_CHECK.csv``; what is wrong goes
    to ``problems``.
    """
    read, unread = _Read(), set()
    for path in sorted(folder.glob("*.yaml")):
        made = read_yaml(path, problems, f"{folder.name}/{path.name}")
        if made is None:
            unread.add(path.stem)
            continue
        file = LawFile(f"{folder.name}/{path.name}", made, problems)
        try:
            _read_file(file, path.stem, read)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            # A shape that no check foresaw: still a report, never a traceback.
            unread.add(path.stem)
            file.problem("yaml", made.line, detail=f"{type(error).__name__}: {error}")
    multiples = {(row["set"], row["test"]) for row in read.values if row["kind"] == "times"}
    check_links(read.sets, read.tests, read.links, multiples, unread)
    values = pd.DataFrame(read.values, columns=VALUE_COLUMNS)
    for column in ("start", "end", "known_from"):
        values[column] = pd.to_datetime(values[column]).astype("datetime64[s]")
    criteria = pd.DataFrame(read.criteria, columns=CRITERIA_COLUMNS)
    tests = pd.DataFrame(read.tests, columns=TEST_COLUMNS)
    law = Law(read.sets, criteria, tests, values, read.district, read.recognition, read.revocation)
    _apply_checks(law, folder / "TO_CHECK.csv", problems)
    return replace(law, values=_multiples(law.values))


def read_weights(folder: Path) -> dict[tuple[str, str], str]:
    """What measured indicators are a share or average of, by (set, test): ``indicator_weights.csv``
    of ``reference``, which stands beside the law ``folder``; none without. Raises DataProblems.

    >>> read_weights(Path("data/criteria"))["ntm-2021-2025", "17.1"]
    'households'
    """
    path = folder.parent / "reference" / "indicator_weights.csv"
    problems = []
    rows = read_table(path, "indicator_weights", "vi", "vi", problems) if path.exists() else None
    if problems:
        raise DataProblems(problems)
    return {} if rows is None else rows.set_index(["set", "test"])["weight"].to_dict()


def _read_file(file, stem, read):
    """One file into ``read``, by its kind."""
    kind = file.made.get("kind", "set")
    if kind not in ("set", "district", "recognition"):
        file.problem(
            "yaml_value",
            file.made.at("kind"),
            "kind",
            value=kind,
            allowed="set, district, recognition",
        )
        kind = (
            "set"
            if "criteria" in file.made
            else "recognition"
            if "rules" in file.made
            else "district"
        )
    before = len(file.problems)
    made = file.sound(file.made, kind, file.made.line)
    if made["id"] not in (stem, ""):
        file.problem("yaml_value", made.at("id"), "id", value=made["id"], allowed=stem)
    if kind == "set":
        _read_set(file, made, stem, read, before)
    elif kind == "district":
        whole = {"to": made["to"], "decision": made["decision"]["number"], "from": made["from"]}
        rules = _rules(file, made["conditions"], stem, made["known_from"])
        read.district += [
            rule | {k: v for k, v in whole.items() if rule.get(k) is None} for rule in rules
        ]
    else:
        read.recognition += _rules(file, made["rules"], stem, None)
        read.revocation += _rules(file, made["revocation"], stem, None)
        _rules(file, made["district_revocation"] or [], stem, None)
        for rule in made["revocation"]:
            for level, numbers in rule["key_criteria"].items():
                line = rule["key_criteria"].at(level)
                read.links += [
                    Link(file, line, "key_criteria", "", level, number) for number in numbers
                ]


def _read_set(file, made, set_id, read, before):
    """A criteria set: itself, its criteria, tests and values; its counts are held to what it
    declares.

    ``before``: the number of problems before this file; with one more, its indicators cannot be
    counted.
    """
    start, known = made["from"] or EARLY, made["known_from"] or EARLY
    read.sets[set_id] = CriteriaSet(
        id=set_id,
        level=made["level"],
        title=made["title"],
        decision=dict(made["decision"]),
        start=start,
        end=made["to"],
        known_from=known,
        counts_only=bool(made["counts_only"]),
        criteria_count=made["criteria_count"],
        indicator_count=made["indicator_count"],
        note=made["note"],
        specially_difficult=made["specially_difficult"],
        requires=made["requires"],
    )
    if made["requires"]:
        block = made["requires"]
        read.links.append(Link(file, block.at("set"), "requires", set_id, block["set"]))
    numbers = {}
    keys = {}
    first = set()
    for block in made["criteria"]:
        number, name, owner = block["number"], block["name"], block["owner"]
        if number > made["criteria_count"] > 0:
            allowed = f"1 - {made['criteria_count']}"
            file.problem("yaml_value", block.at("number"), "number", value=number, allowed=allowed)
        file.once(numbers, number, block.at("number"), "number")
        read.criteria.append(
            {"set": set_id, "criterion": number, "name_vi": name["vi"], "name_en": name["en"]}
            | {"owner_vi": owner["vi"], "owner_en": owner["en"] or owner["vi"]}
            | {"owner_mark": owner["mark"], "owner_reference": owner["reference"]}
        )
        others = [test["number"] for test in block["tests"] if not test["part_of"]]
        for test in block["tests"]:
            key, part_of, name, same = (
                test["number"],
                test["part_of"],
                test["name"],
                test["same_measure"] or {},
            )
            if not file.once(keys, key, test.at("number"), "number"):
                continue
            if part_of and part_of not in others:
                file.problem(
                    "law_link",
                    test.at("part_of"),
                    "part_of",
                    value=part_of,
                    allowed=", ".join(others),
                )
            read.tests.append(
                {
                    "set": set_id,
                    "criterion": number,
                    "indicator": part_of or key,
                    "test": key,
                    "name_vi": name["vi"],
                }
                | {
                    "name_en": name["en"],
                    "unit": test["unit"],
                    "op": test["op"],
                    "same_measure": dict(same),
                }
            )
            read.links += [
                Link(file, same.at(s), "same_measure", set_id, s, t) for s, t in same.items()
            ]
            rows = _values(file, set_id, test, known, read.links)
            read.values += rows
            if any(row["start"] <= max(known, start) for row in rows):
                first.add(part_of or key)
    whole = len(file.problems) == before
    for key, number in {
        "criteria_count": len(made["criteria"]),
        "indicator_count": len(first),
    }.items():
        if (
            number != made[key]
            and not made["counts_only"]
            and (whole or (key == "criteria_count" and number))
        ):
            file.problem("law_count", made.at(key), key, what=key, found=number, expected=made[key])


def _values(file, set_id, test, known, links):
    """The rows of one test: one a region and time, ended where the next one of its region
    begins.
    """
    rows = []
    where = f"{set_id} {test['number']}"
    for entry in test["values"]:
        op, unit = entry["op"] or test["op"], entry["unit"] or test["unit"]
        for region, value in entry["regions"].items():
            line = entry["regions"].at(region)
            if region not in REGIONS:
                file.problem(
                    "yaml_value", line, "regions", value=region, allowed=", ".join(REGIONS)
                )
                continue
            made = _value(file, value, line, op, unit)
            if "times_set" in made:
                key = "times" if made["kind"] == "times" else "verdict_of"
                links.append(
                    Link(file, line, key, set_id, made["times_set"], made.get("times_test"))
                )
            rows.append(
                {"set": set_id, "test": test["number"], "region": region, "start": entry["from"]}
                | {
                    "end": entry["to"],
                    "op": op,
                    "mark": entry["mark"],
                    "reference": entry["reference"],
                }
                | {
                    "known_from": entry["known_from"] or known,
                    "unit": entry["unit"],
                    "line": entry.line,
                }
                | {f"name_{k}": v for k, v in (entry["name"] or {}).items()}
                | {f"note_{k}": v for k, v in (entry["note"] or {}).items()}
                | made
            )
    rows = [row for row in rows if row["start"]]
    for region in dict.fromkeys(row["region"] for row in rows):
        # "all" is looked up beside each region; "national" is only shown, so it clashes with
        # nothing but itself.
        same = {region} if region == "national" else {region, "all"}
        mine = sorted((r for r in rows if r["region"] in same), key=lambda row: row["start"])
        for first, second in pairwise(mine):
            if second["start"] <= (first["end"] or first["start"]):
                file.problem(
                    "law_overlap",
                    second["line"],
                    "from",
                    where=where,
                    region=region,
                    day=second["start"],
                )
    return rows


def _value(file, value, line, op, unit):
    """Kind and number of one value as written; one that does not fit the test is reported."""
    judged, most = op == "judged", 100 if unit.startswith("%") else float("inf")
    made = {"kind": "unknown", "value": float("nan")}
    if isinstance(value, Lines) and "verdict_of" in value:
        fits = judged
        made |= {
            "kind": "verdict",
            "times_set": file.sound(value, "verdict", line, "regions")["verdict_of"],
        }
    elif isinstance(value, Lines):
        fits = not judged
        block = file.sound(value, "times", line, "regions")
        made = {
            "kind": "times",
            "value": float(block["times"]),
            "times_set": block["set"],
            "times_test": block["test"],
        }
    elif is_number(value):
        fits = not judged and 0 <= value <= most
        made = {"kind": "number", "value": float(value)}
    else:
        fits = value in (None, "province") or (value == "met" and judged)
        made["kind"] = value if fits and value else "unknown"
    if op and not fits:
        allowed = "met" if judged else "0 - 100" if most == 100 else ">= 0"
        file.problem(
            "yaml_value", line, "regions", value=value, allowed=f"{allowed}, province, null"
        )
    return made


def _multiples(values):
    """Rows that are a multiple of another set's threshold, written out region by region and year by
    year.
    """
    made = []
    for row in values[values["kind"] == "times"].to_dict("records"):
        base = values[
            (values["set"] == row["times_set"]) & (values["test"] == row["times_test"])
        ].copy()
        base["value"] = (base["value"] * row["value"]).round(6)
        weaker = base["mark"] if row["mark"] == "read" else row["mark"]
        base = base.assign(times_set=row["times_set"], times_test=row["times_test"])
        base = base.assign(
            set=row["set"], test=row["test"], op=row["op"], mark=weaker, name_vi=None, name_en=None
        )
        base["reference"] = row["reference"] + "; " + base["reference"]
        base["known_from"] = base["known_from"].clip(lower=row["known_from"])
        made.append(base)
    values = values[values["kind"] != "times"]
    return pd.concat([values, *made], ignore_index=True) if made else values.reset_index(drop=True)


def _rules(file, blocks, stem, known, prefix=""):
    """Rows of the rules on districts, recognition and revocation; the conditions of a rule have the
    time of the rule.
    """
    rows = []
    keys = {}
    for block in blocks:
        row = {"value": None} | {key: value for key, value in block.items() if value is not None}
        row["file"] = stem
        row["key"] = "/".join(
            str(v) for v in (prefix, block.get("id"), block.get("number"), block.get("level")) if v
        )
        file.once(keys, row["key"], block.line, "id" if "id" in block else "number")
        row["from"], row["to"] = row.get("from") or EARLY, row.get("to")
        row["known_from"] = row.get("known_from") or known or row["from"]
        if "conditions" in row:
            row["reference"] = row["decision"]["reference"]
            conditions = _rules(file, row["conditions"], stem, row["known_from"], row["key"])
            row["conditions"] = [
                rule | {"from": row["from"], "to": row["to"]} for rule in conditions
            ]
        rows.append(row)
    return rows


def _apply_checks(law, path, problems):
    """The officer's completed rows of ``TO_CHECK.csv`` put in place of the values they checked."""
    if not path.exists():
        return
    found = []
    table = read_table(path, "to_check", "vi", path.name, found)
    file = f"{path.parent.name}/{path.name}"
    problems += [replace(problem, file=file) for problem in found]
    given = pd.concat([table[OFFICER[:3]].ne(""), table[OFFICER[3:]].notna()], axis=1)
    done = table[given.any(axis=1) & ~table["row"].isin([p.row for p in found])]
    if done.empty:
        return
    values, rules = law.values, {(rule["file"], rule["key"]): rule for rule in checkable_rules(law)}
    listed = {
        tuple(row[key] for key in KEYS["to_check"]): row for row in to_check(law).to_dict("records")
    }
    for index, row in zip(done.index, done.to_dict("records"), strict=True):
        start = row["from"]
        asked = listed.get((row["set"], row["test"], row["region"], f"{start:%Y-%m-%d}"))
        try:
            number = _checked(row, [name for name in OFFICER if not given.loc[index, name]], asked)
        except NotRead as error:
            problems.append(Problem(error.reason, file, int(row["row"]), details=error.details))
            continue
        made = {"value": number, "mark": "read"}
        made["reference"] = f"{row['article']} ({row['checked_by']}, {row['checked_on']:%d/%m/%Y})"
        if (row["set"], row["test"]) in rules:
            rules[row["set"], row["test"]] |= made
        else:
            made["kind"] = "met" if number is None else "number"
            place = (
                (values["set"] == row["set"])
                & (values["test"] == row["test"])
                & (values["start"] == start)
            )
            values.loc[place & (values["region"] == row["region"]), list(made)] = list(
                made.values()
            )


def _checked(row, blank, asked):
    """The number that an officer read, None for ``met``; NotRead when the row cannot stand for a
    check of the law.

    ``asked``: the row as the law gives it; what was changed in it says that something else was
    checked.
    """
    if blank:
        raise NotRead("to_check", detail=", ".join(blank))
    if asked is None:
        raise NotRead("to_check_stale", detail="set, test, region, from")
    if changed := [
        f"{name} “{row[name]}” ≠ “{asked[name]}”" for name in COMPARED if row[name] != asked[name]
    ]:
        raise NotRead("to_check_stale", detail="; ".join(changed))
    if row["checked_on"].date() > dt.date.today():
        raise NotRead("to_check_future", value=write_date(row["checked_on"]))
    text, unit = row["read_value"], asked["unit"]
    if asked["op"] == "judged" or not (asked["op"] or unit):
        if text != "met":
            raise NotRead("to_check_met", value=text)
        return None
    try:
        return read_number(text, low=0, high=100 if unit.startswith("%") else float("inf"))
    except NotRead as error:
        reason = {"other_style": "to_check_number", "not_a_number": "to_check_number"}.get(
            error.reason, error.reason
        )
        raise NotRead(reason, value=text, **error.details) from None
