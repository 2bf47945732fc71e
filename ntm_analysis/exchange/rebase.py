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
    listed,
    pick,
    slug,
    text,
    write_date,
    write_figure,
)
from ..pages import plain_text
from ..standing import (
    LANG,
    VERDICTS,
    Link,
    before,
    destinations,
    recognised_parts,
    recognition_words,
)
from ..tables import TABLES, dictionary
from .rebase_facts import RULES, merged_states, merged_values

OUTCOMES = ("carried", "merged", "left")


@dataclass(frozen=True)
class Rebased:
    """``tables``: the new data set, by name.

    ``account``: one row for every row there was: table, row, unit (old; -1 for none), into (new
    unit; -1), outcome (carried, merged, left), why. ``made``: the rows that were made: table, unit,
    what, value, parts, why, mark, note. ``standing``: see
    :func:`~ntm_analysis.standing.mergers.recognised_parts`.
    """

    tables: dict[str, pd.DataFrame]
    account: pd.DataFrame
    made: pd.DataFrame
    standing: pd.DataFrame
    link: Link


def rebase(workbook: Workbook, weights: dict[tuple[str, str], str]) -> Rebased:
    """Carry a data set, opened as of the new day, over to the units of that day; ``weights``: of
    measured indicators.
    """
    link = destinations(workbook)
    old = before(workbook, link)
    standing = recognised_parts(old, link)
    facts = {"states": merged_states(old, link), "values": merged_values(old, link, weights)}
    move = _Move(workbook, link, standing, facts)
    tables = {name: move.table(name) for name in TABLES}
    account = pd.concat(move.account, ignore_index=True)
    made = pd.DataFrame(
        move.made, columns=["table", "unit", "what", "value", "parts", "why", "mark", "note"]
    )
    return Rebased(tables, account, made, standing, link)


class _Move:
    """The tables on their way; keeps the account."""

    def __init__(self, workbook, link, standing, facts):
        self.facts = facts
        self.workbook, self.link, self.units, self.standing = (
            workbook,
            link,
            workbook.all_units,
            standing,
        )
        self.day = pd.Timestamp(workbook.as_of)
        self.size = link.to.map(link.to.value_counts())  # by old unit: how many made its new unit
        self.kept_units = self.units.index[~self.units.index.isin(link.to.index)]
        names = self.units.loc[self.kept_units, "name"].map(fold)
        clear = ~names.duplicated(keep=False)
        self.called = self.units.loc[self.kept_units, "name"].where(
            clear, self.units.loc[self.kept_units, "code"]
        )
        self.account = []
        self.made = []
        hamlets = workbook.written["hamlets"]
        self.hamlets_twice = self._twice(hamlets, "hamlet") if len(hamlets) else set()

    def tell(self, name, rows, outcome, why):
        """Enter what became of some rows of a table."""
        unit = (
            rows["unit"]
            if "unit" in rows
            else pd.Series(rows.index if name == "units" else -1, index=rows.index)
        )
        into = unit.map(self.link.to).where(unit.isin(self.link.to.index), unit).astype("int64")
        entry = {
            "table": name,
            "row": rows["row"],
            "unit": unit,
            "into": into,
            "outcome": outcome,
            "why": why,
        }
        self.account.append(pd.DataFrame(entry, index=rows.index))

    def make(self, name, unit, what, value, parts, why, mark, note):
        """Enter in the account a value made of several parts: of which, by which rule, with which
        mark.
        """
        self.made.append(
            dict(
                table=name,
                unit=unit,
                what=what,
                value=value,
                parts=parts,
                why=why,
                mark=mark,
                note=note,
            )
        )

    def table(self, name):
        """One table of the new data set."""
        rows, rule = self.workbook.written[name], RULES[name]
        if rule.how == "own":
            return getattr(self, f"_{name}")(rows)
        if rule.how == "as_is":
            self.tell(name, rows, "carried", "same")
            return rows
        kept, many = self._split(name, rows)
        if rule.how == "leave":
            self.tell(name, many, "left", rule.why)
        elif rule.how == "move":
            self.tell(name, many, "carried", "moved")
            kept = pd.concat([kept, self._renamed(self._ids(many, rule.names))])
        elif rule.how == "sum":
            kept = pd.concat([kept, self._summed(name, many)])
        elif rule.how == "sum_all":
            kept = pd.concat([kept, self._summed_if_all(name, many)])
        else:
            key = "criterion" if rule.how == "states" else "indicator"
            kept = self._merged_facts(name, kept, many, key, self.facts[rule.how])
        return kept

    def _split(self, name, rows):
        """The rows that stay what they are (of units unchanged, or of one that is the whole new
        one), and those of parts.
        """
        old = (
            rows["unit"].isin(self.link.to.index)
            if "unit" in rows
            else pd.Series(False, index=rows.index)
        )
        self.tell(name, rows[~old], "carried", "same")
        single = old & (rows["unit"].map(self.size) == 1) if old.any() else old
        self.tell(name, rows[single], "carried", "whole")
        late = old & ~single & (rows["known_from"] > self.day) if old.any() else old
        self.tell(name, rows[late], "left", "later")
        return pd.concat([rows[~old], self._renamed(rows[single])]), rows[old & ~single & ~late]

    def _renamed(self, rows):
        """Rows of old units as rows of the new ones."""
        if rows.empty:
            return rows
        unit = rows["unit"].map(self.link.to).astype("int64")
        return rows.assign(unit=unit, commune=unit.map(self.called))

    def _twice(self, rows, column):
        """(new unit, folded name) that stand in several of its parts."""
        pairs = pd.DataFrame(
            {
                "new": rows["unit"].map(self.link.to),
                "old": rows["unit"],
                "name": rows[column].map(fold),
            }
        )
        several = pairs.dropna().groupby(["new", "name"])["old"].nunique()
        return set(several.index[several > 1])

    def _ids(self, rows, column):
        """Ids that stay unique in the new unit: works begin with the old commune, names found twice
        end with it.
        """
        if rows.empty:
            return rows
        names = rows["unit"].map(self.units["name"])
        if column == "work":
            made = (names.map(slug) + "-" + rows[column]).where(rows[column] != "", "")
        else:
            twice = self.hamlets_twice if column == "hamlet" else self._twice(rows, column)
            pairs = zip(rows["unit"].map(self.link.to), rows[column].map(fold), strict=True)
            made = rows[column].mask(
                [pair in twice for pair in pairs], rows[column] + " (" + names + ")"
            )
        note = names.map(lambda name: text("rebase_note_moved", LANG, name=name))
        return rows.assign(
            **{
                column: made,
                "note": rows["note"].where(rows["note"] == "", rows["note"] + "; ") + note,
            }
        )

    def _merged_facts(self, name, kept, many, key, facts):
        """Facts made of all parts, after those that the new unit has itself."""
        self._tell_facts(name, many, key, facts, name)
        made = pd.DataFrame(facts.rows)
        if made.empty:
            return kept
        made = made.assign(commune=made["unit"].map(self.called))
        told = set(kept[["unit", "set", key, "date"]].itertuples(index=False, name=None))
        fresh = [
            row not in told
            for row in made[["unit", "set", key, "date"]].itertuples(index=False, name=None)
        ]
        for row in made[fresh].itertuples():
            what = (
                f"{row.set}: {getattr(row, key):g}"
                if key == "criterion"
                else f"{row.set}: {row.indicator}"
            )
            value = row.state or write_figure(row.value)
            self.make(name, row.unit, what, value, row.parts, row.why, row.mark, row.note)
        return pd.concat([kept, made[fresh]], ignore_index=True)

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
        newest = many[~older]
        self.tell(name, newest, "merged", "summed")
        return self._sums(name, newest, ["criterion"], ["amount"], "min")

    def _summed_if_all(self, name, many):
        """Amounts of a year added where every part reports it."""
        if many.empty:
            return many
        count = many.groupby([many["unit"].map(self.link.to), "year"])["unit"].transform("nunique")
        full = count == many["unit"].map(self.size)
        self.tell(name, many[~full], "left", RULES[name].why)
        self.tell(name, many[full], "merged", "summed")
        return self._sums(name, many[full], ["year"], ["granted", "delivered", "used"], "max")

    def _sums(self, name, rows, by, amounts, which):
        made = []
        for (new, *key), group in rows.groupby([rows["unit"].map(self.link.to), *by]):
            names = listed(group["unit"].map(self.units["name"]), LANG)
            note = text("rebase_note_summed", LANG, names=names, of=len(group))
            first = group.iloc[0].to_dict() | {c: group[c].sum(skipna=False) for c in amounts}
            first |= {
                "unit": int(new),
                "commune": self.called[new],
                "note": note,
                "known_from": self.day,
            }
            first |= {"date": getattr(group["date"], which)()} if "date" in group else {}
            first["mark"] = merged_mark([*group["mark"], *self.link.mark[group["unit"]]])
            first["source"] = _joined([*group["source"], *self.link.source[group["unit"]]])
            made.append(first)
            what, value = (
                f"{by[0]} {key[0]:g}",
                "; ".join(write_figure(first[c]) for c in amounts if pd.notna(first[c])),
            )
            self.make(name, int(new), what, value, names, "summed", first["mark"], note)
        return pd.DataFrame(made, columns=rows.columns)

    def _units(self, rows):
        """The units there are from the day on.

        A new one's note names its parts and their recognition; households and population not told
        of it are those of all its parts.
        """
        gone = rows.index.isin(self.link.to.index)
        self.tell("units", rows[~gone], "carried", "same")
        self.tell("units", rows[gone], "left", "ended")
        home = (self.workbook.meta.get("district") or {}).get("name", "")
        kept = rows[~gone].assign(district=rows["district"].where(rows["district"] != home, ""))
        for new, parts in self.link.parts.items():
            told = rows.loc[parts]
            row = self.standing.loc[new]
            of = text("rebase_note_parts", LANG, names=listed(told["name"], LANG))
            notes = [kept.at[new, "note"], of, recognition_words(self.workbook, new, row, LANG)]
            kept.loc[new, "note"] = "; ".join(filter(None, notes))
            for column in ("households", "population"):
                if pd.isna(kept.at[new, column]) and told[column].notna().all():
                    names = listed(told["name"], LANG)
                    note = text("rebase_note_summed", LANG, names=names, of=len(parts))
                    mark = merged_mark([*told["mark"], *self.link.mark[parts]])
                    kept.loc[new, column] = told[column].sum()
                    kept.loc[new, "note"] += f"; {dictionary('units')[column].vi.lower()}: {note}"
                    kept.loc[new, "mark"] = merged_mark([kept.at[new, "mark"], mark])
                    self.make(
                        "units",
                        new,
                        column,
                        write_figure(kept.at[new, column]),
                        names,
                        "summed",
                        mark,
                        note,
                    )
        return kept

    def _former_units(self, rows):
        """The units that each new one is made of, with the recognition that each had; those of a
        merger before stay behind.
        """
        old = rows["unit"].isin(self.link.to.index)
        self.tell("former_units", rows[old], "left", "done")
        self.tell("former_units", rows[~old], "carried", "same")
        decided = (
            self.workbook.tables["recognitions"]
            .drop_duplicates("unit", keep="last")
            .set_index("unit")
        )
        none, made = {"level": "", "basis": "", "mark": "reported", "source": ""}, []
        for new, parts in self.link.parts.items():
            for part in parts:
                row = decided.loc[part] if part in decided.index else none
                made.append(
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
        return pd.concat([rows[~old], pd.DataFrame(made)])

    def _mergers(self, rows):
        """Mergers still to come; of a new unit's parts they become one row where all say
        the same.
        """
        done = (rows["on"] <= self.day) | ~rows["unit"].isin(
            [*self.kept_units, *self.link.to.index]
        )
        self.tell("mergers", rows[done], "left", "done")
        ahead = rows[~done]
        old = ahead["unit"].isin(self.link.to.index)
        self.tell("mergers", ahead[~old], "carried", "same")
        many = ahead[old]
        if many.empty:
            return ahead
        fate = many.groupby([many["unit"].map(self.link.to), "on", "into_code", "into_name"])[
            "unit"
        ].transform("nunique")
        agreed = fate == many["unit"].map(self.size)
        self.tell("mergers", many[~agreed], "left", "disagree")
        self.tell("mergers", many[agreed], "merged", "same_fate")
        return pd.concat([ahead[~old], _as_one(self._renamed(many[agreed]), ["unit", "on"])])

    def _goals(self, rows):
        past = rows["year"] < self.day.year
        self.tell("goals", rows[~past], "carried", "same")
        self.tell("goals", rows[past], "left", "past_year")
        return rows[~past]

    def _envelopes(self, rows):
        """Money of years still to come; what served an old commune serves the new one."""
        past = rows["year"] < self.day.year
        self.tell("envelopes", rows[past], "left", "past_year")
        ahead = rows[~past]
        codes = self.units.loc[self.link.to.index, "code"].set_axis(self.link.to.to_numpy())
        new_code = {code: self.units.at[new, "code"] for new, code in codes.items()}
        served = ahead["served"].map(new_code)
        self.tell("envelopes", ahead[served.isna()], "carried", "same")
        late = served.notna() & (ahead["known_from"] > self.day)
        self.tell("envelopes", ahead[late], "left", "later")
        moved = ahead[served.notna() & ~late].assign(served=served)
        rest = [
            c
            for c in moved.columns
            if c not in ("row", "amount", "known_from", "source", "mark", "note")
        ]
        alike = moved.groupby(rest, dropna=False, sort=False)["row"].transform("size")
        clash = moved.groupby(["pot", "served", "year"])["row"].transform("size")
        self.tell("envelopes", moved[clash != alike], "left", "disagree")
        moved = moved[clash == alike]
        self.tell(
            "envelopes",
            moved,
            ["merged" if n > 1 else "carried" for n in clash[moved.index]],
            ["summed" if n > 1 else "moved" for n in clash[moved.index]],
        )
        moved = moved.assign(
            amount=moved.groupby(["pot", "served", "year"])["amount"].transform("sum")
        )
        return pd.concat([ahead[served.isna()], _as_one(moved, ["pot", "served", "year"])])

    def _progress(self, rows):
        """Progress of works moves with them; what it says of criteria and indicators is in the
        facts made of all parts.
        """
        kept, many = self._split("progress", rows)
        work = many["work"] != ""
        self.tell("progress", many[work], "carried", "moved")
        said = (many["state"] != "") | many["value"].notna()
        for key, how, table in (
            ("criterion", "states", "criterion_states"),
            ("indicator", "values", "indicator_values"),
        ):
            about = many["criterion"].notna() if key == "criterion" else many["indicator"] != ""
            self._tell_facts("progress", many[~work & said & about], key, self.facts[how], table)
        self.tell("progress", many[~work & ~said], "left", "money")
        return pd.concat([kept, self._renamed(self._ids(many[work], "work"))])


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


REPORT = "chuyen-doi.csv"


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


def standing_lines(workbook: Workbook, made: Rebased, lang: str) -> list[str]:
    """Which new communes stand and which are judged anew, the question of the meeting, in the order
    of the units.
    """
    table, names = made.standing, workbook.all_units["name"]
    same = [unit for unit in workbook.communes.index if unit not in table.index]
    lines = [
        text(
            "rebase_standing", lang, n=len(workbook.communes), day=write_date(workbook.as_of, lang)
        )
    ]
    for verdict in VERDICTS:
        rows = table[table["verdict"] == verdict]
        if len(rows):
            lines.append(
                "  "
                + text(
                    f"rebase_group_{verdict}",
                    lang,
                    n=len(rows),
                    names=listed(names[rows.index], lang),
                )
            )
        for unit, row in rows.iterrows() if verdict in ("all", "judge") else ():
            lines.append("    " + recognition_words(workbook, unit, row, lang))
    if same:
        lines.append("  " + text("rebase_group_same", lang, n=len(same)))
    return lines


def account_lines(made: Rebased, lang: str) -> Iterator[str]:
    """For every table with rows: how many were carried, merged, left behind and why; what was made
    of them.
    """
    fresh = made.made.groupby("table").size()
    yield text("rebase_account", lang)
    for name, rows in made.account.groupby("table", sort=False):
        counts = rows["outcome"].value_counts()
        parts = ", ".join(
            f"{counts[o]} {text(f'rebase_{o}', lang)}" for o in OUTCOMES if counts.get(o)
        )
        parts += f" → {fresh[name]} {text('rebase_made', lang)}" if fresh.get(name) else ""
        yield f"  {name}.csv: {parts}"
        for why, n in rows.loc[rows["outcome"] == "left", "why"].value_counts().items():
            yield f"    - {n}: {text(f'rebase_why_{why}', lang)}"
    for name in fresh.index.difference(made.account["table"]):
        yield f"  {name}.csv: {fresh[name]} {text('rebase_made', lang)}"


def report_csv(workbook: Workbook, made: Rebased, lang: str) -> bytes:
    """``chuyen-doi.csv``: for each new unit its parts and what recognition means, each value made
    (from which parts, by which rule), and each row of an old unit (where it went, or why it
    stayed). Text is never a formula.
    """
    units = workbook.all_units
    label = units["label"].to_dict() | {-1: ""}
    rows = [
        [
            text(f"rebase_head_{head}", lang)
            for head in ("table", "row", "old", "new", "outcome", "what", "value", "how", "mark")
        ]
    ]
    for unit, row in made.standing.iterrows():
        old = "; ".join(label[part] for part in row["parts"])
        mark = pick(
            MARK_WORDS[
                "reported" if (made.link.mark[row["parts"]] == "reported").all() else "assumed"
            ],
            lang,
        )
        why = recognition_words(workbook, unit, row, lang)
        rows.append(
            [
                "recognitions.csv",
                "",
                old,
                label[unit],
                text("rebase_judged", lang),
                "",
                "",
                why,
                mark,
            ]
        )
    for row in made.made.itertuples():
        value = pick(STATE_WORDS[row.value], lang) if row.value in STATE_WORDS else row.value
        rows.append(
            [
                f"{row.table}.csv",
                "",
                row.parts,
                label[row.unit],
                text("rebase_made", lang),
                row.what,
                value,
                row.note,
                pick(MARK_WORDS[row.mark], lang),
            ]
        )
    for row in made.account[made.account["why"] != "same"].itertuples():
        rows.append(
            [
                f"{row.table}.csv",
                row.row,
                label[row.unit],
                label[row.into],
                text(f"rebase_{row.outcome}", lang),
                "",
                "",
                text(f"rebase_why_{row.why}", lang),
                "",
            ]
        )
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(
        [plain_text(cell) for cell in row] for row in rows
    )
    return out.getvalue().encode("utf-8-sig")
