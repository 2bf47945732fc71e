"""A data set carried over to the units of a later day, every row accounted for, and told in
sentences.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..data import Workbook, law_place, merged_mark
from ..language import (
    MARK_WORDS,
    STATE_WORDS,
    fold,
    join_names,
    pick,
    slug,
    text,
    write_date,
    write_figure,
)
from ..pages import plain_text
from ..standing import (
    NOTE_LANG,
    PART_VERDICTS,
    Successors,
    before_mergers,
    find_successors,
    recognised_parts,
    recognition_words,
)
from ..tables import TABLES, dictionary
from .rebase_facts import RULES, merged_states, merged_values

OUTCOMES = ("carried", "merged", "left")


@dataclass(frozen=True)
class RebaseOutcome:
    """``tables``: the new data set, by name.

    ``account``: one row for every row there was: table, row, unit (old; -1 for none), into (new
    unit; -1), outcome (carried, merged, left), why. ``derivations``: the values made of several
    parts: table, unit, what, value, parts, why, mark, note. ``standing``: see
    :func:`~ntm_analysis.standing.mergers.recognised_parts`.
    """

    tables: dict[str, pd.DataFrame]
    account: pd.DataFrame
    derivations: pd.DataFrame
    standing: pd.DataFrame
    link: Successors


def rebase(workbook: Workbook, weights: dict[tuple[str, str], str]) -> RebaseOutcome:
    """Carry a data set, opened as of the new day, over to the units of that day; ``weights``: of
    measured indicators.
    """
    link = find_successors(workbook)
    old = before_mergers(workbook, link)
    standing = recognised_parts(old, link)
    facts = {"states": merged_states(old, link), "values": merged_values(old, link, weights)}
    move = _Move(workbook, link, standing, facts)
    tables = {name: move.table(name) for name in TABLES}
    account = pd.concat(move.account, ignore_index=True)
    columns = ["table", "unit", "what", "value", "parts", "why", "mark", "note"]
    derivations = pd.DataFrame(move.derivations, columns=columns)
    return RebaseOutcome(tables, account, derivations, standing, link)


class _Move:
    """The tables on their way; keeps the account."""

    def __init__(self, workbook, link, standing, facts):
        self.workbook, self.link, self.standing, self.facts = workbook, link, standing, facts
        self.units, self.day = workbook.all_units, pd.Timestamp(workbook.as_of)
        self.size = link.to.map(link.to.value_counts())  # by old unit: how many made its new unit
        lasting = self.units[~self.units.index.isin(link.to.index)]
        clear = ~lasting["name"].map(fold).duplicated(keep=False)
        self.called = lasting["name"].where(clear, lasting["code"])
        self.account = []
        # a value made of several parts: of which, by which rule, with which mark
        self.derivations = []
        hamlets = workbook.all_rows["hamlets"]
        self.hamlets_twice = self._twice(hamlets, "hamlet") if len(hamlets) else set()

    def tell(self, name, rows, outcome, why):
        """Enter what became of some rows of a table; gives them back."""
        unit = (
            rows["unit"]
            if "unit" in rows
            else pd.Series(rows.index if name == "units" else -1, index=rows.index)
        )
        into = unit.map(self.link.to).where(self._is_old(unit), unit).astype("int64")
        entry = {"table": name, "row": rows["row"], "unit": unit, "into": into}
        entry |= {"outcome": outcome, "why": why}
        self.account.append(pd.DataFrame(entry, index=rows.index))
        return rows

    def _is_old(self, unit):
        """Whether units are parts of a new one."""
        return unit.isin(self.link.to.index)

    def table(self, name):
        """One table of the new data set."""
        rows, rule = self.workbook.all_rows[name], RULES[name]
        if rule.how == "own":
            return getattr(self, f"_{name}")(rows)
        if rule.how == "as_is":
            return self.tell(name, rows, "carried", "same")
        simple, many = self._split(name, rows)
        if rule.how == "leave":
            self.tell(name, many, "left", rule.why)
            return simple
        if rule.how in self.facts:
            key = "criterion" if rule.how == "states" else "indicator"
            return self._merged_facts(name, simple, many, key, self.facts[rule.how])
        if rule.how == "move":
            self.tell(name, many, "carried", "moved")
            merged = self._renamed(self._ids(many, rule.names))
        else:
            merged = (self._summed if rule.how == "sum" else self._summed_if_all)(name, many)
        return pd.concat([simple, merged])

    def _split(self, name, rows):
        """The rows that stay what they are (of units unchanged, or of one that is the whole new
        one), and those of parts.
        """
        old = self._is_old(rows["unit"]) if "unit" in rows else pd.Series(False, index=rows.index)
        same, many = self.tell(name, rows[~old], "carried", "same"), rows[old]
        if many.empty:
            return same, many
        single = many["unit"].map(self.size) == 1
        whole, many = self.tell(name, many[single], "carried", "whole"), many[~single]
        late = many["known_from"] > self.day
        self.tell(name, many[late], "left", "later")
        return pd.concat([same, self._renamed(whole)]), many[~late]

    def _renamed(self, rows):
        """Rows of old units as rows of the new ones."""
        if rows.empty:
            return rows
        unit = rows["unit"].map(self.link.to).astype("int64")
        return rows.assign(unit=unit, commune=unit.map(self.called))

    def _twice(self, rows, column):
        """(new unit, folded name) that stand in several of its parts."""
        names = [rows["unit"].map(self.link.to), rows[column].map(fold)]
        several = rows["unit"].groupby(names).nunique()
        return set(several.index[several > 1])

    def _ids(self, rows, column):
        """Ids that stay unique in the new unit: works begin with the old commune, names found twice
        end with it.
        """
        if rows.empty:
            return rows
        names = rows["unit"].map(self.units["name"])
        if column == "work":
            ids = (names.map(slug) + "-" + rows[column]).where(rows[column] != "", "")
        else:
            twice = self.hamlets_twice if column == "hamlet" else self._twice(rows, column)
            pairs = zip(rows["unit"].map(self.link.to), rows[column].map(fold), strict=True)
            ids = rows[column].mask(
                [pair in twice for pair in pairs], rows[column] + " (" + names + ")"
            )
        note = names.map(lambda name: text("rebase_note_moved", NOTE_LANG, name=name))
        return rows.assign(
            **{
                column: ids,
                "note": rows["note"].where(rows["note"] == "", rows["note"] + "; ") + note,
            }
        )

    def _merged_facts(self, name, simple, many, key, facts):
        """Facts made of all parts, after those that the new unit has itself."""
        self._tell_facts(name, many, key, facts, name)
        merged = pd.DataFrame(facts.rows)
        if merged.empty:
            return simple
        merged = merged.assign(commune=merged["unit"].map(self.called))

        def keys(rows):
            return rows[["unit", "set", key, "date"]].itertuples(index=False, name=None)

        present = set(keys(simple))
        merged = merged[[row not in present for row in keys(merged)]]
        for row in merged.to_dict("records"):
            about = row[key] if isinstance(row[key], str) else f"{row[key]:g}"
            what, value = f"{row['set']}: {about}", row["state"] or write_figure(row["value"])
            entry = (row[column] for column in ("parts", "why", "mark", "note"))
            self.derivations.append((name, row["unit"], what, value, *entry))
        return pd.concat([simple, merged], ignore_index=True)

    def _tell_facts(self, name, rows, key, facts, table):
        """The newest row of each part and fact of ``table``: what its fact became; older ones are
        left.
        """
        if rows.empty:
            return
        keys = list(rows[["unit", "set", key]].itertuples(index=False, name=None))
        newest = self.workbook.tables[table].groupby(["unit", "set", key])["date"].max().to_dict()
        day = rows["date"] if "date" in rows else rows[["month", "known_from"]].min(axis=1)
        fate = [
            facts.fate.get(k, ("left", "nameless")) if newest.get(k) == d else ("left", "older")
            for k, d in zip(keys, day, strict=True)
        ]
        outcome, why = (pd.Series([f[i] for f in fate], index=rows.index) for i in (0, 1))
        self.tell(name, rows, outcome, why)

    def _summed(self, name, many):
        """The newest amount of each part and criterion, added."""
        many = many.sort_values("date", kind="stable")
        older = many.duplicated(["unit", "criterion"], keep="last")
        self.tell(name, many[older], "left", "older")
        return self._sums(name, many[~older], "criterion", ["amount"])

    def _summed_if_all(self, name, many):
        """Amounts of a year added where every part reports it."""
        if many.empty:
            return many
        count = many.groupby([many["unit"].map(self.link.to), "year"])["unit"].transform("nunique")
        full = count == many["unit"].map(self.size)
        self.tell(name, many[~full], "left", RULES[name].why)
        return self._sums(name, many[full], "year", ["granted", "delivered", "used"])

    def _sums(self, name, rows, by, amounts):
        self.tell(name, rows, "merged", "summed")
        sums = []
        for (new, key), group in rows.groupby([rows["unit"].map(self.link.to), by]):
            names = join_names(group["unit"].map(self.units["name"]), NOTE_LANG)
            note = text("rebase_note_summed", NOTE_LANG, names=names, of=len(group))
            total = group.iloc[0].to_dict() | {c: group[c].sum(skipna=False) for c in amounts}
            total |= {
                "unit": int(new),
                "commune": self.called[new],
                "note": note,
                "known_from": self.day,
                "mark": merged_mark([*group["mark"], *self.link.mark[group["unit"]]]),
                "source": _joined([*group["source"], *self.link.source[group["unit"]]]),
            }
            total |= {"date": group["date"].min()} if "date" in group else {}
            sums.append(total)
            value = "; ".join(write_figure(total[c]) for c in amounts if pd.notna(total[c]))
            entry = (f"{by} {key:g}", value, names, "summed", total["mark"], note)
            self.derivations.append((name, int(new), *entry))
        return pd.DataFrame(sums, columns=rows.columns)

    def _units(self, rows):
        """The units there are from the day on.

        A new one's note names its parts and their recognition; households and population not told
        of it are those of all its parts.
        """
        gone = self._is_old(rows.index)
        self.tell("units", rows[gone], "left", "ended")
        units = self.tell("units", rows[~gone], "carried", "same")
        home = (self.workbook.meta.get("district") or {}).get("name", "")
        units = units.assign(district=units["district"].where(units["district"] != home, ""))
        for new, parts in self.link.parts.items():
            old = rows.loc[parts]
            names = join_names(old["name"], NOTE_LANG)
            words = recognition_words(self.workbook, new, self.standing.loc[new], NOTE_LANG)
            of = text("rebase_note_parts", NOTE_LANG, names=names)
            units.loc[new, "note"] = "; ".join(filter(None, [units.at[new, "note"], of, words]))
            for column in ("households", "population"):
                if pd.isna(units.at[new, column]) and old[column].notna().all():
                    note = text("rebase_note_summed", NOTE_LANG, names=names, of=len(parts))
                    mark = merged_mark([*old["mark"], *self.link.mark[parts]])
                    units.loc[new, column] = old[column].sum()
                    units.loc[new, "note"] += f"; {dictionary('units')[column].vi.lower()}: {note}"
                    units.loc[new, "mark"] = merged_mark([units.at[new, "mark"], mark])
                    value = write_figure(units.at[new, column])
                    entry = ("units", new, column, value, names, "summed", mark, note)
                    self.derivations.append(entry)
        return units

    def _former_units(self, rows):
        """The units that each new one is made of, with the recognition that each had; those of a
        merger before stay behind.
        """
        old = self._is_old(rows["unit"])
        self.tell("former_units", rows[old], "left", "done")
        earlier = self.tell("former_units", rows[~old], "carried", "same")
        decided = self.workbook.tables["recognitions"].drop_duplicates("unit", keep="last")
        decided = decided.set_index("unit")
        none, parts = {"level": "", "basis": "", "mark": "reported", "source": ""}, []
        for new, part in ((new, part) for new, old in self.link.parts.items() for part in old):
            row = decided.loc[part] if part in decided.index else none
            parts.append(
                {
                    "unit": new,
                    "commune": self.called[new],
                    "former_code": self.units.at[part, "code"],
                    "former_name": self.units.at[part, "name"],
                    "level": row["level"],
                    "basis": row["basis"],
                    "known_from": self.day,
                    "source": _joined([self.link.source[part], row["source"]]),
                    "mark": merged_mark([self.link.mark[part], row["mark"]]),
                    "note": "",
                }
            )
        return pd.concat([earlier, pd.DataFrame(parts)])

    def _mergers(self, rows):
        """Mergers still to come; of a new unit's parts they become one row where all say
        the same.
        """
        known = rows["unit"].isin([*self.called.index, *self.link.to.index])
        done = (rows["on"] <= self.day) | ~known
        self.tell("mergers", rows[done], "left", "done")
        ahead = rows[~done]
        old = self._is_old(ahead["unit"])
        same, many = self.tell("mergers", ahead[~old], "carried", "same"), ahead[old]
        if many.empty:
            return ahead
        fate = many.groupby([many["unit"].map(self.link.to), "on", "into_code", "into_name"])[
            "unit"
        ].transform("nunique")
        agreed = fate == many["unit"].map(self.size)
        self.tell("mergers", many[~agreed], "left", "disagree")
        agreed = self._renamed(self.tell("mergers", many[agreed], "merged", "same_fate"))
        return pd.concat([same, _as_one(agreed, ["unit", "on"])])

    def _goals(self, rows):
        return self.tell("goals", self._ahead("goals", rows), "carried", "same")

    def _ahead(self, name, rows):
        """The rows of years still to come; the others stay behind."""
        past = rows["year"] < self.day.year
        self.tell(name, rows[past], "left", "past_year")
        return rows[~past]

    def _envelopes(self, rows):
        """Money of years still to come; what served an old commune serves the new one."""
        ahead = self._ahead("envelopes", rows)
        codes = self.units.loc[self.link.to.index, "code"].set_axis(self.link.to.to_numpy())
        new_code = {code: self.units.at[new, "code"] for new, code in codes.items()}
        served = ahead["served"].map(new_code)
        same = self.tell("envelopes", ahead[served.isna()], "carried", "same")
        late = served.notna() & (ahead["known_from"] > self.day)
        self.tell("envelopes", ahead[late], "left", "later")
        moved = ahead.assign(served=served)[served.notna() & ~late]
        own = {"row", "amount", "known_from", "source", "mark", "note"}
        alike = moved.groupby([c for c in moved.columns if c not in own], dropna=False, sort=False)
        by = ["pot", "served", "year"]
        size = moved.groupby(by)["row"].transform("size")
        clash = size != alike["row"].transform("size")
        self.tell("envelopes", moved[clash], "left", "disagree")
        moved, several = moved[~clash], size[~clash] > 1
        outcome, why = (
            several.map({True: merged, False: alone})
            for merged, alone in (("merged", "carried"), ("summed", "moved"))
        )
        self.tell("envelopes", moved, outcome, why)
        moved = moved.assign(amount=moved.groupby(by)["amount"].transform("sum"))
        return pd.concat([same, _as_one(moved, by)])

    def _progress(self, rows):
        """Progress of works moves with them; what it says of criteria and indicators is in the
        facts made of all parts.
        """
        simple, many = self._split("progress", rows)
        work = many["work"] != ""
        works = self.tell("progress", many[work], "carried", "moved")
        fact = (many["state"] != "") | many["value"].notna()
        for key, how, table in (
            ("criterion", "states", "criterion_states"),
            ("indicator", "values", "indicator_values"),
        ):
            about = many["criterion"].notna() if key == "criterion" else many["indicator"] != ""
            self._tell_facts("progress", many[~work & fact & about], key, self.facts[how], table)
        self.tell("progress", many[~work & ~fact], "left", "money")
        return pd.concat([simple, self._renamed(self._ids(works, "work"))])


def _as_one(rows, by):
    """Rows that are the same in ``by`` as one row: with the marks and sources of all, known since
    the last of them is.
    """
    groups = rows.groupby(by)
    whole = {
        "mark": groups["mark"].transform(lambda marks: merged_mark(list(marks))),
        "known_from": groups["known_from"].transform("max"),
        "source": groups["source"].transform(lambda cells: _joined(list(cells))),
    }
    return rows.assign(**whole).drop_duplicates(by)


def _joined(sources):
    return "|".join(dict.fromkeys(part for cell in sources for part in cell.split("|") if part))


REBASE_REPORT = "chuyen-doi.csv"


def new_meta(workbook: Workbook, folder: Path) -> dict:
    """The settings of a data set carried over, into ``folder``, to the units of the day that
    ``workbook`` was opened as of.
    """
    law, day = workbook.law_folder, workbook.as_of
    return dict(workbook.meta) | {
        "id": slug(folder.name),
        "title": {
            lang: text(
                "rebase_title", lang, title=workbook.meta["title"][lang], day=write_date(day, lang)
            )
            for lang in ("vi", "en")
        },
        "as_of": {"date": day, "mark": "illustrative" if workbook.illustrative else "assumed"},
        "criteria": law_place(law, folder),
    }


def standing_lines(workbook: Workbook, rebased: RebaseOutcome, lang: str) -> list[str]:
    """Which new communes stand and which are judged anew, the question of the meeting, in the order
    of the units.
    """
    table, names, day = rebased.standing, workbook.all_units["name"], workbook.as_of
    lines = [text("rebase_standing", lang, n=len(workbook.communes), day=write_date(day, lang))]
    for group in PART_VERDICTS:
        rows = table[table["verdict"] == group]
        if len(rows):
            listed = join_names(names[rows.index], lang)
            lines.append("  " + text(f"rebase_group_{group}", lang, n=len(rows), names=listed))
        for unit, row in rows.iterrows() if group in ("all", "judge") else ():
            lines.append("    " + recognition_words(workbook, unit, row, lang))
    if same := len(workbook.communes.index.difference(table.index)):
        lines.append("  " + text("rebase_group_same", lang, n=same))
    return lines


def account_lines(rebased: RebaseOutcome, lang: str) -> Iterator[str]:
    """For every table with rows: how many were carried, merged, left behind and why; what was made
    of them.
    """
    fresh = rebased.derivations.groupby("table").size()
    yield text("rebase_account", lang)
    for name, rows in rebased.account.groupby("table", sort=False):
        counts = rows["outcome"].value_counts()
        parts = ", ".join(
            f"{counts[o]} {text(f'rebase_{o}', lang)}" for o in OUTCOMES if counts.get(o)
        )
        parts += f" → {fresh[name]} {text('rebase_made', lang)}" if fresh.get(name) else ""
        yield f"  {name}.csv: {parts}"
        for why, n in rows.loc[rows["outcome"] == "left", "why"].value_counts().items():
            yield f"    - {n}: {text(f'rebase_why_{why}', lang)}"
    for name in fresh.index.difference(rebased.account["table"]):
        yield f"  {name}.csv: {fresh[name]} {text('rebase_made', lang)}"


HEADS = ("table", "row", "old", "new", "outcome", "what", "value", "how", "mark")


def report_csv(workbook: Workbook, rebased: RebaseOutcome, lang: str) -> bytes:
    """``chuyen-doi.csv``: for each new unit its parts and what recognition means, each value made
    (from which parts, by which rule), and each row of an old unit (where it went, or why it
    stayed). Text is never a formula.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [plain_text(row.get(head, "")) for head in HEADS]
        for row in _report_rows(workbook, rebased, lang)
    )
    return out.getvalue().encode("utf-8-sig")


def _report_rows(workbook, rebased, lang):
    """The rows of the report, by :data:`HEADS`."""
    label = workbook.all_units["label"].to_dict() | {-1: ""}
    yield {head: text(f"rebase_head_{head}", lang) for head in HEADS}
    for unit, row in rebased.standing.iterrows():
        reported = (rebased.link.mark[row["parts"]] == "reported").all()
        yield {
            "table": "recognitions.csv",
            "old": "; ".join(label[part] for part in row["parts"]),
            "new": label[unit],
            "outcome": text("rebase_judged", lang),
            "how": recognition_words(workbook, unit, row, lang),
            "mark": pick(MARK_WORDS["reported" if reported else "assumed"], lang),
        }
    for row in rebased.derivations.itertuples():
        yield {
            "table": f"{row.table}.csv",
            "old": row.parts,
            "new": label[row.unit],
            "outcome": text("rebase_made", lang),
            "what": row.what,
            "value": pick(STATE_WORDS[row.value], lang) if row.value in STATE_WORDS else row.value,
            "how": row.note,
            "mark": pick(MARK_WORDS[row.mark], lang),
        }
    for row in rebased.account[rebased.account["why"] != "same"].itertuples():
        yield {
            "table": f"{row.table}.csv",
            "row": row.row,
            "old": label[row.unit],
            "new": label[row.into],
            "outcome": text(f"rebase_{row.outcome}", lang),
            "how": text(f"rebase_why_{row.why}", lang),
        }
