"""The law files of ``data/criteria`` read into tables; a value without a reference or a mark does not load."""

import contextlib
import datetime as dt
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd

from .criteria import LAW_MARKS, REGIONS, CriteriaSet, Law, checkable_rules
from .office_numbers import NotRead, read_number
from .problems import Problem
from .table_files import read_table
from .yaml_files import Lines, read_yaml

SET_KEYS = [
    "id",
    "kind",
    "level",
    "title",
    "decision",
    "from",
    "to",
    "known_from",
    "counts_only",
    "criteria_count",
    "indicator_count",
    "note",
    "specially_difficult",
    "requires",
    "references",
    "criteria",
]
KEYS = {
    "set": SET_KEYS,
    "district": ["id", "kind", "title", "decision", "from", "to", "known_from", "note", "references", "conditions"],
    "recognition": ["id", "kind", "title", "note", "references", "rules", "revocation", "district_revocation"],
    "criterion": ["number", "name", "owner", "tests"],
    "test": ["number", "part_of", "name", "unit", "op", "same_measure", "values"],
    "value": ["from", "to", "known_from", "op", "unit", "name", "regions", "mark", "reference", "note"],
}
REQUIRED = {
    "set": [
        "id",
        "level",
        "title",
        "decision",
        "from",
        "known_from",
        "criteria_count",
        "indicator_count",
        "references",
        "criteria",
    ],
    "district": ["id", "title", "decision", "from", "known_from", "references", "conditions"],
    "recognition": ["id", "title", "references", "rules", "revocation"],
    "criterion": ["number", "name", "owner", "tests"],
    "test": ["number", "name", "unit", "op", "values"],
    "value": ["from", "regions"],
}
OPS = (">=", "<=", "judged")
CRITERIA_COLUMNS = ["set", "criterion", "name_vi", "name_en", "owner_vi", "owner_en", "owner_mark", "owner_reference"]
TEST_COLUMNS = ["set", "criterion", "indicator", "test", "name_vi", "name_en", "unit", "op", "same_measure"]
VALUE_COLUMNS = [
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
    "name_vi",
    "name_en",
    "unit",
    "note_vi",
    "note_en",
    "times_set",
    "times_test",
]


class _File:
    """One law file while it is being read: where problems are noted, and its references."""

    def __init__(self, name: str, made: Lines, problems: list[Problem]) -> None:
        self.name, self.made, self.problems = name, made, problems
        self.references = made.get("references") or {}

    def problem(self, code: str, line: int | None, **details: object) -> None:
        self.problems.append(Problem(code, self.name, line, details=details))

    def keys(self, block: object, kind: str, line: int) -> bool:
        """Whether ``block`` is a mapping with all required keys; unknown keys are reported."""
        if not isinstance(block, Lines):
            self.problem("yaml_value", line, value=block, allowed=", ".join(KEYS[kind]))
            return False
        for key in block:
            if key not in KEYS[kind]:
                self.problem("yaml_key", block.at(key), value=key, allowed=", ".join(KEYS[kind]))
        missing = [key for key in REQUIRED[kind] if block.get(key) is None]
        for key in missing:
            self.problem("yaml_missing", block.line, value=key)
        return not missing

    def reference(self, block: Lines, where: str, marks: tuple[str, ...] = LAW_MARKS) -> str | None:
        """The full text of a block's reference; its absence, or a mark that is none, is reported."""
        key = block.get("reference")
        if not key or key not in self.references:
            self.problem("law_reference", block.at("reference"), where=where)
            return None
        if block.get("mark") not in marks:
            self.problem("law_mark", block.at("mark"), where=where, value=block.get("mark"))
            return None
        return str(self.references[key])

    def day(self, block: Lines, key: str, default: dt.date | None = None) -> dt.date | None:
        value = block.get(key, default)
        if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
            return value
        self.problem("yaml_value", block.at(key), value=value, allowed="2022-03-08")
        return default

    def text(self, value: object, line: int) -> dict[str, str]:
        """A text in two languages; one language stands for both."""
        if isinstance(value, dict) and value.get("vi"):
            return {"vi": str(value["vi"]), "en": str(value.get("en") or value["vi"])}
        self.problem("yaml_value", line, value=value, allowed="{vi: ..., en: ...}")
        return {"vi": "", "en": ""}


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


def read_law(folder: Path, problems: list[Problem]) -> Law:
    """All law files of ``folder`` and the officer's checks in ``TO_CHECK.csv``; what is wrong goes to ``problems``."""
    read = _Read()
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        problems.append(Problem("missing_file", f"{folder.name}/*.yaml", details={"header": "id: ..."}))
    for path in paths:
        made = read_yaml(path, problems, f"{folder.name}/{path.name}")
        if made is None:
            continue
        file = _File(f"{folder.name}/{path.name}", made, problems)
        try:
            _read_file(file, path.stem, read)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            # A shape that no check foresaw (a number where a mapping belongs): still a report, never a traceback.
            file.problem("yaml", made.line, detail=f"{type(error).__name__}: {error}")
    values = pd.DataFrame(read.values, columns=VALUE_COLUMNS)
    for column in ("start", "end", "known_from"):
        values[column] = pd.to_datetime(values[column]).astype("datetime64[s]")
    criteria = pd.DataFrame(read.criteria, columns=CRITERIA_COLUMNS)
    tests = pd.DataFrame(read.tests, columns=TEST_COLUMNS)
    law = Law(read.sets, criteria, tests, values, read.district, read.recognition, read.revocation)
    _apply_checks(law, folder / "TO_CHECK.csv", problems)
    return replace(law, values=_multiples(law.values))


def _read_file(file: _File, stem: str, read: _Read) -> None:
    """One file into ``read``, by its kind."""
    made = file.made
    kind = made.get("kind", "set")
    if kind not in ("set", "district", "recognition"):
        file.problem("yaml_value", made.at("kind"), value=kind, allowed="set, district, recognition")
        return
    if made.get("id") != stem:
        file.problem("yaml_value", made.at("id"), value=made.get("id"), allowed=stem)
    if not file.keys(made, kind, made.line):
        return
    if kind == "set":
        _read_set(file, read)
    elif kind == "district":
        rules = _rules(file, made["conditions"], file.day(made, "known_from"))
        whole = {"to": file.day(made, "to"), "decision": made["decision"].get("number")}
        read.district += [rule | {k: v for k, v in whole.items() if rule.get(k) is None} for rule in rules]
    else:
        read.recognition += _rules(file, made["rules"], None, nested="conditions")
        read.revocation += _rules(file, made["revocation"], None)


def _read_set(file: _File, read: _Read) -> None:
    """A criteria set: itself, its criteria, tests and values; its counts are held to what it declares."""
    made, set_id = file.made, str(file.made["id"])
    if made["level"] not in ("ntm", "advanced", "model"):
        file.problem("yaml_value", made.at("level"), value=made["level"], allowed="ntm, advanced, model")
    known = file.day(made, "known_from")
    decision = made["decision"]
    decision_reference = file.reference(decision, "decision")
    for key in ("specially_difficult", "requires"):
        if made.get(key):
            file.reference(made[key], key)
    chosen = read.sets[set_id] = CriteriaSet(
        id=set_id,
        level=made["level"],
        title=file.text(made["title"], made.at("title")),
        decision=dict(decision) | {"reference": decision_reference},
        start=file.day(made, "from"),
        end=file.day(made, "to"),
        known_from=known,
        counts_only=bool(made.get("counts_only", False)),
        criteria_count=int(made["criteria_count"]),
        indicator_count=int(made["indicator_count"]),
        note=file.text(made["note"], made.at("note")) if made.get("note") else None,
        specially_difficult=made.get("specially_difficult"),
        requires=made.get("requires"),
    )
    seen_tests: set[str] = set()
    first_tests = []
    for block in made["criteria"]:
        if not file.keys(block, "criterion", made.at("criteria")):
            continue
        number, name, owner = block["number"], file.text(block["name"], block.at("name")), block["owner"]
        owned = file.text(owner, block.at("owner"))
        reference = file.reference(owner, f"{set_id} {number} owner", (*LAW_MARKS, "assumed"))
        read.criteria.append(
            {"set": set_id, "criterion": int(number), "name_vi": name["vi"], "name_en": name["en"]}
            | {"owner_vi": owned["vi"], "owner_en": owned["en"]}
            | {"owner_mark": owner.get("mark"), "owner_reference": reference}
        )
        for test in block["tests"]:
            if not file.keys(test, "test", block.at("tests")):
                continue
            key = str(test["number"])
            if not isinstance(test["number"], str) or key in seen_tests:
                file.problem("yaml_value", test.at("number"), value=test["number"], allowed='"17.1", "17.10", ...')
            seen_tests.add(key)
            name = file.text(test["name"], test.at("name"))
            row = {"set": set_id, "criterion": int(number), "indicator": str(test.get("part_of", key)), "test": key}
            row |= {"name_vi": name["vi"], "name_en": name["en"], "unit": str(test["unit"]), "op": test["op"]}
            read.tests.append(row | {"same_measure": dict(test.get("same_measure") or {})})
            entries = [v for v in test["values"] if file.keys(v, "value", test.at("values"))]
            rows = _values(file, set_id, key, test["op"], entries, known)
            read.values += rows
            if any(made_row["start"] and made_row["start"] <= max(known, chosen.start) for made_row in rows):
                first_tests.append(row["indicator"])
    for key, found in (("criteria_count", len(made["criteria"])), ("indicator_count", len(set(first_tests)))):
        if found != made[key] and not chosen.counts_only:
            file.problem("law_count", made.at(key), what=key, found=found, expected=made[key])


def _values(file: _File, set_id: str, test: str, op: str, entries: list[Lines], known: dt.date) -> list[dict]:
    """The rows of one test: one a region and time, ended where the next one of its region begins."""
    rows: list[dict] = []
    for entry in entries:
        where = f"{set_id} {test}"
        reference = file.reference(entry, where)
        entry_op = entry.get("op", op)
        if entry_op not in OPS:
            file.problem("yaml_value", entry.at("op"), value=entry_op, allowed=", ".join(OPS))
        name = file.text(entry["name"], entry.at("name")) if entry.get("name") else {}
        note = file.text(entry["note"], entry.at("note")) if entry.get("note") else {}
        for region, value in entry["regions"].items():
            made = _value(value)
            if region not in REGIONS or made is None:
                file.problem("yaml_value", entry.at("regions"), value=f"{region}: {value}", allowed=", ".join(REGIONS))
                continue
            rows.append(
                {"set": set_id, "test": test, "region": region, "start": file.day(entry, "from")}
                | {"end": file.day(entry, "to"), "op": entry_op, "mark": entry.get("mark"), "reference": reference}
                | {"known_from": file.day(entry, "known_from", known), "unit": entry.get("unit"), "line": entry.line}
                | {f"name_{k}": v for k, v in name.items()}
                | {f"note_{k}": v for k, v in note.items()}
                | made
            )
    for region in {row["region"] for row in rows}:
        # "all" is looked up beside each region; "national" is only shown, so it clashes with nothing but itself.
        same = {region} if region == "national" else {region, "all"}
        mine = sorted((r for r in rows if r["region"] in same and r["start"]), key=lambda row: row["start"])
        for first, second in pairwise(mine):
            if second["start"] <= (first["end"] or first["start"]):
                file.problem(
                    "law_overlap", second["line"], where=f"{set_id} {test}", region=region, day=second["start"]
                )
    return [{k: v for k, v in row.items() if k != "line"} for row in rows]


def _value(value: object) -> dict | None:
    """Kind and number of one value as written; None when it is none of the forms allowed."""
    if value is None:
        return {"kind": "unknown", "value": float("nan")}
    if value in ("met", "province"):
        return {"kind": value, "value": float("nan")}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"kind": "number", "value": float(value)}
    if isinstance(value, dict) and set(value) == {"times", "set", "test"}:
        return {"kind": "times", "value": float(value["times"]), "times_set": value["set"], "times_test": value["test"]}
    if isinstance(value, dict) and set(value) == {"verdict_of"}:
        return {"kind": "verdict", "value": float("nan"), "times_set": value["verdict_of"]}
    return None


def _multiples(values: pd.DataFrame) -> pd.DataFrame:
    """Rows that are a multiple of another set's threshold, written out region by region and year by year."""
    made = []
    for row in values[values["kind"] == "times"].to_dict("records"):
        base = values[(values["set"] == row["times_set"]) & (values["test"] == row["times_test"])].copy()
        base["value"] = (base["value"] * row["value"]).round(6)
        weaker = base["mark"] if row["mark"] == "read" else row["mark"]
        base = base.assign(times_set=row["times_set"], times_test=row["times_test"])
        base = base.assign(set=row["set"], test=row["test"], op=row["op"], mark=weaker, name_vi=None, name_en=None)
        base["reference"] = row["reference"] + "; " + base["reference"]
        base["known_from"] = base["known_from"].clip(lower=row["known_from"])
        made.append(base)
    values = values[values["kind"] != "times"]
    return pd.concat([values, *made], ignore_index=True) if made else values.reset_index(drop=True)


def _rules(file: _File, blocks: list, known: dt.date | None, nested: str = "", prefix: str = "") -> list[dict]:
    """Rows of the rules on districts, recognition and revocation; each must have its reference and mark."""
    rows = []
    for block in blocks:
        if not isinstance(block, Lines):
            file.problem("yaml_value", file.made.line, value=block, allowed="{...}")
            continue
        row = dict(block)
        holder = block["decision"] if "reference" not in block and isinstance(block.get("decision"), Lines) else block
        row["reference"] = file.reference(holder, str(block.get("id") or block.get("number") or file.name))
        row["file"] = file.made["id"]
        row["key"] = "/".join(str(v) for v in (prefix, block.get("id"), block.get("number"), block.get("level")) if v)
        row["known_from"] = file.day(block, "known_from", known or file.day(block, "from"))
        row["from"], row["to"] = file.day(block, "from", file.made.get("from")), file.day(block, "to")
        if nested:
            row[nested] = [
                rule | {"from": row["from"], "to": row["to"]}
                for rule in _rules(file, block.get(nested) or [], row["known_from"], prefix=row["key"])
            ]
        rows.append(row)
    return rows


def _apply_checks(law: Law, path: Path, problems: list[Problem]) -> None:
    """The officer's completed rows of ``TO_CHECK.csv`` put in place of the values they checked."""
    if not path.exists():
        return
    values, rules = law.values, {(rule["file"], rule["key"]): rule for rule in checkable_rules(law)}
    officer = ["read_value", "article", "checked_by", "checked_on"]
    table = read_table(path, "to_check", "vi", path.name, problems)
    given = pd.concat([table[officer[:3]].ne(""), table[officer[3:]].notna()], axis=1)
    for row, filled in zip(table.itertuples(), given.to_numpy(), strict=True):
        if not filled.any():
            continue
        place = (values["set"] == row.set) & (values["test"] == row.test) & (values["region"] == row.region)
        place &= values["start"] == table.loc[row.Index, "from"]
        rule = rules.get((row.set, row.test))
        number = None
        with contextlib.suppress(NotRead):
            number = read_number(row.read_value)
        detail = None
        if not filled.all():
            detail = ", ".join(name for name, there in zip(officer, filled, strict=True) if not there) + "?"
        elif not place.any() and rule is None:
            detail = "set, test, region, from?"
        elif number is None and row.read_value != "met":
            detail = f"read_value “{row.read_value}”?"
        if detail:
            problems.append(Problem("to_check", f"criteria/{path.name}", int(row.row), details={"detail": detail}))
            continue
        reference = f"{row.article} ({row.checked_by}, {row.checked_on:%d/%m/%Y})"
        if rule is not None:
            rule |= {"value": number, "mark": "read", "reference": reference}
        else:
            kind = "met" if number is None else "number"
            values.loc[place, ["kind", "value", "mark", "reference"]] = [kind, number, "read", reference]
