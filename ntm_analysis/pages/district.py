"""The parts of the district's page and of the annex of registrations."""

from functools import cache, cached_property
from textwrap import shorten

import pandas as pd
from markupsafe import Markup

from ..language import STATE_WORDS, check, pick
from ..law import to_check
from ..standing import (
    NEAR,
    VERDICTS,
    Overview,
    Standing,
    ask_first,
    communes_registered,
    district_conditions,
    formed,
    hamlets_registered,
    holding_back,
    knowledge,
    overview,
    owed,
    registration_year,
    verdict,
)
from ..tables import report, sheet_name
from ..wording import count_words, level_words, recognised_sentence, shares_words
from .charts import picture, standing_bar, state_bars
from .funding import FundingParts
from .page import MANY, Part, PlanPage
from .tables import Sign, dagger, key_of_signs


class DistrictPage(FundingParts):
    """The parts of ``notebooks/status.ipynb``, in order.

    >>> "22/37 xã đã công nhận (5 có nguồn, 17 suy ra)" in DistrictPage("data/thanh-chuong").summary()
    True
    """

    subject = "district"

    @cached_property
    def ntm(self) -> Standing:
        """The standing at the NTM level."""
        return self.standing(self.set_id)

    @cached_property
    def overview(self) -> Overview:
        return overview(self.workbook, self.ntm)

    @cached_property
    def worst(self) -> pd.DataFrame:
        """Criteria by how many communes they hold back."""
        return holding_back(self.workbook, self.ntm)

    def summary(self) -> Part:
        """The answer in a few sentences, and one bar of all communes."""
        o = self.overview
        verdict = recognised_sentence(o, self.workbook.unlisted, self.lang)
        lines = []
        if o.higher:
            lines.append(self.text("higher", n=len(o.higher), names=self.names(o.higher)))
        lines.append(self.text("waiting", n=o.communes - len(o.recognised)))
        groups = {"ready": o.ready, "near": o.near, "far": o.far, "no_data": o.no_data}
        for name, units in groups.items():
            if units:
                lines.append(
                    self.text(f"group_{name}", n=len(units), most=NEAR, names=self.names(units))
                )
        lines += [
            self.leading(),
            self.planned_sentence(),
            *self.pledge_sentences(),
            self.term_goal(),
            self.township(),
        ]
        looks = {"ready": "not_applicable", "near": "basic", "far": "not_met", "no_data": "unknown"}
        bar = {
            self.text("bar_sourced"): (o.sourced, "met"),
            self.text("bar_inferred"): (o.inferred, "recognition"),
        }
        bar |= {
            self.text(f"bar_{name}", most=NEAR): (len(units), looks[name])
            for name, units in groups.items()
        }
        alt = " ".join([verdict, *(f"{label}: {n}." for label, (n, _) in bar.items() if n)])
        chart = picture(standing_bar(bar, self.lang), alt)
        return self.section(
            "tong-quan", self.paragraph(verdict, "verdict"), self.bullets(lines), chart
        )

    def leading(self) -> str:
        """Which criteria hold most communes back, in one sentence."""
        most = int(self.worst["missing"].max())
        if not most:
            return ""
        top = self.worst.index[self.worst["missing"] == most]
        return self.text(
            "leading", n=most, names=self.listed(self.criterion(self.set_id, n) for n in top)
        )

    def planned_sentence(self) -> str:
        """The year's planned targets in one sentence."""
        parts = [
            self.text(
                "planned_part",
                year=f"{year:g}",
                n=len(rows),
                level=self.level_words(level),
                names=self.names(rows["unit"]),
            )
            for (year, level), rows in self.planned("plan").groupby(["year", "level"], sort=False)
        ]
        return self.text("planned", parts="; ".join(parts)) if parts else ""

    def pledge_sentences(self) -> list[str]:
        """One sentence a pledge."""
        return [
            self.text(
                "pledged",
                name=self.workbook.units.loc[row["unit"], "name"],
                level=self.level_words(row["level"]),
                year=f"{row['year']:g}",
            )
            for _, row in self.planned("pledge").iterrows()
        ]

    def term_goal(self) -> str:
        goals = self.workbook.tables["goals"]
        return " ".join(goals.loc[goals["kind"] == "term_goal", f"text_{self.lang}"])

    def township(self) -> str:
        towns = self.workbook.units.index[self.workbook.units["kind"] == "township"]
        names = self.listed(self.workbook.units.loc[towns, "label"])
        return self.text("township", names=names, of=self.overview.communes) if names else ""

    def matrix(self) -> Part:
        """Every commune by every criterion."""
        states, unread = self.ntm.matrix(), self.ntm.unread()
        criteria = self.workbook.law.criteria_of(self.set_id)
        rows = []
        for unit, name in self.workbook.communes["name"].items():
            level = self.level.loc[unit]
            words = "-" if level["level"] == "not_ntm" else self.level_words(level["level"])
            if level["level"] != "not_ntm" and not level["sourced"]:
                words += f" ({self.text('inferred')})"
            signs = map(Sign, states.loc[unit], unread.loc[unit])
            rows.append([name, *signs, count_words(self.ntm.counts.loc[unit]), words])
        columns = f"tt unit:name {' '.join(f'{n}:state' for n in states.columns)} met:num level"
        table = self.table(
            "matrix", columns, rows, style="matrix", note=f" ({self.decision(self.set_id)})"
        )
        named = criteria[f"name_{self.lang}"].dropna()
        legend = self.text("legend", parts="; ".join(f"{n}: {name}" for n, name in named.items()))
        return self.section(
            "ma-tran",
            self.text("judged_by", set=self.set_title(self.set_id)),
            table,
            key_of_signs(set(states.to_numpy().ravel()), self.lang, unread.to_numpy().any()),
            self.paragraph(legend if len(named) else self.text("counts_only"), "key"),
            wide=True,
        )

    def holding_back(self) -> Part:
        """Which criteria hold the district back, and which department owns each."""
        worst, states, unread = self.worst, self.ntm.matrix(), self.ntm.unread().any()
        if worst[f"name_{self.lang}"].isna().all():
            return self.section("giu-chan", self.text("counts_only"))
        rows = []
        for number, row in worst.iterrows():
            lacking = states.index[states[number].isin(["not_met", "basic"])]
            name = row[f"name_{self.lang}"] + (" (†)" if unread[number] else "")
            cells = [
                number,
                name,
                *(row[column] or "-" for column in ("not_met", "basic", "unknown")),
            ]
            rows.append(
                [*cells, self.names(lacking) or "-", *([self.owner(row)] if self.internal else [])]
            )
        columns = "criterion name:name not_met:num basic:num no_data:num communes_lacking"
        counts = (
            states.apply(lambda column: column.value_counts())
            .T.reindex(worst.index)
            .fillna(0)
            .astype(int)
        )
        labels = [
            shorten(f"{n}. {name}", 32, placeholder=" ...")
            for n, name in worst[f"name_{self.lang}"].items()
        ]
        chart = picture(
            state_bars(counts.set_axis(labels), self.lang),
            self.leading() or self.text("no_leading"),
        )
        unknown = int(self.ntm.counts["met"].isna().sum())
        return self.section(
            "giu-chan",
            self.text("holding_caveat", n=unknown) if unknown else "",
            chart,
            self.table("holding_back", columns + (" owner" if self.internal else ""), rows),
            self.key("owner_note") if self.internal else "",
        )

    def targets(self) -> Part:
        """Targets and pledges with where each commune stands now, owners, tasks, yearly rules."""
        owners = self.owners_sentence() if self.internal else ""
        return self.section(
            "muc-tieu", self.targets_table(), owners, self.tasks_table(), self.goals_table()
        )

    def district_conditions(self) -> Part:
        """The conditions for an NTM district that depend on its communes; units after a merger,
        where there was one.
        """
        table = district_conditions(self.workbook)
        merged = self._merged()
        if table.empty:
            return (
                self.section("huyen", self.text("merged_lead"), merged, heading="units_merged")
                if merged
                else Part("")
            )
        rows = []
        for _, row in table.iterrows():
            level = "..."
            if pd.notna(row["value"]):
                level = level_words(row["value"], row["op"], row["unit"], self.lang) + (
                    "" if row["checked"] else " (†)"
                )
            numbers = (self.number(row[column]) for column in ("need", "have"))
            state = pick(STATE_WORDS[row["state"]], self.lang)
            rows.append([row["number"], row[f"name_{self.lang}"], dagger(level), *numbers, state])
        lead = self.text("district_lead", decision=self.workbook.law.district[0]["decision"])
        shown = self.table(
            "district", "tt condition:name level_needed needed:num have:num result", rows
        )
        return self.section(
            "huyen", lead, shown, self.text("merged_lead") if merged else "", merged
        )

    def _merged(self):
        """Which new units stand and which are judged anew: the old ones they were made of, and
        which of those were recognised.
        """
        rows, groups = [], {}
        for unit, parts in formed(self.workbook).groupby("unit", sort=False):
            found = verdict(parts["held"].sum(), len(parts))
            groups.setdefault(found, []).append(unit)
            held = parts["name"] + parts["inferred"].map(
                {True: f" ({self.text('inferred')})", False: ""}
            )
            cells = (self.listed(held[kind]) or "-" for kind in (parts["held"], ~parts["held"]))
            rows.append([self.workbook.units.at[unit, "name"], len(parts), *cells])
        told = [
            self.text(f"rebase_group_{v}", n=len(groups[v]), names=self.names(groups[v], None))
            for v in VERDICTS
            if v in groups
        ]
        return self.bullets(told) + self.table(
            "merged", "tt unit:name old_units:num old_levels old_open", rows
        )

    def set_in_force(self) -> Part:
        """What if the set in force applied today: what can be judged, what is unknown (for the
        office only).
        """
        found = self.applied_today() if self.internal else None
        if found is None:
            return Part("")
        standing, table = found
        judged = int((standing.states["state"] != "unknown").sum())
        failing = int((standing.counts["missing"].map(len) > 0).sum())
        title = self.set_title(standing.set_id)
        numbers = ["indicators", "read", "unread", "missing", "met", "not_met", "unknown"]
        rows = [
            [n, row[f"name_{self.lang}"], *(int(row[c]) or "-" for c in numbers)]
            for n, row in table.iterrows()
        ]
        columns = "criterion name:name indicators:num read:num unread:num unknown_level:num "
        columns += "communes_met:num communes_not_met:num communes_open:num"
        size = {"communes": len(standing.counts), "criteria": int(standing.counts["of"].max())}
        text = self.text(
            "new_set", set=title, judged=judged, of=len(standing.states), failing=failing, **size
        )
        return self.section("bo-moi", text, self.table("new_set", columns, rows))

    def recognition(self) -> Part:
        """The rules on recognition and revocation known on the as-of date, and what they say (for
        the office only).
        """
        if not self.internal:
            return Part("")
        rules = self.workbook.rules_in_force(self.workbook.law.recognition)
        points = []
        for condition in (c for rule in rules for c in rule["conditions"]):
            value = condition.get("value")
            shown = "" if value is None else f": {self.number(value)}{condition.get('unit') or ''}"
            points.append(
                condition["name"][self.lang]
                + shown
                + ("" if condition["mark"] == "read" else " (†)")
            )
        decisions = ", ".join(f"QĐ {rule['decision']['number']}" for rule in rules)
        found = self.revocations()
        if (found["outcome"] == "rule_unknown").all():
            text = self.text("revocation_unknown", day=self.day)
        else:
            risk = found.index[found["outcome"].isin(["any", "with_key"])]
            open_ = int((found["outcome"] == "open").sum())
            unread = "" if found.loc[risk, "checked"].all() else " (†)"
            rule, names = found["rule"].iloc[0], self.names(risk) + unread
            key = "revocation_district" if len(risk) else "revocation_nobody"
            text = self.text(key, rule=rule, n=len(risk), names=names, open=open_)
        lead = self.text("rules_lead", decisions=decisions) if points else ""
        return self.section("cong-nhan", lead, self.bullets(points), text)

    def knowledge(self) -> Part:
        """How much is reported, assumed, unknown; whom to ask first; what was left out; warnings;
        sources.
        """
        unread = int((to_check(self.workbook.law)["set"] == self.set_id).sum())
        unread_key = "unread" if self.internal else "unread_public"
        shares = shares_words(knowledge(self.ntm), self.lang)
        lines = [
            self.text("footer_shares", set=self.decision(self.set_id), shares=shares),
            self.text(unread_key, n=unread) if unread else "",
            self.left_out(),
        ]
        if self.internal:
            ask = ask_first(self.workbook, self.ntm)
            names = self.listed(self.workbook.units.loc[ask[:MANY], "name"])
            if len(ask) > MANY:
                names = self.text("and_more", names=names, n=len(ask) - MANY)
            lines.append(self.text("ask_first", names=names) if ask else "")
            lines += report(
                [*self.workbook.warnings, *self.ntm.contradictions], self.lang
            ).splitlines()[1:]
        used = {
            *self.ntm.states["source"],
            *self.ntm.counts["source"],
            *self.level["source"],
            *self.workbook.units["source"],
        }
        for name in ("targets", "tasks", "goals", "criterion_counts"):
            used |= set(self.workbook.tables[name]["source"])
        return self.section("biet-den-dau", self.bullets(lines), self.sources(used))


class AnnexPage(PlanPage):
    """The parts of ``notebooks/registrations.ipynb``, in order; ``year`` 0: the nearest one with
    registrations.

    >>> "Thanh Hương" in AnnexPage("data/thanh-chuong").communes()
    True
    """

    subject = "annex"

    def __init__(self, dataset: str, *, year: int = 0, **options: str) -> None:
        super().__init__(dataset, **options)
        if faults := check({"year": year}):
            raise ValueError("; ".join(faults))
        self.year = year or registration_year(self.workbook)
        self.parameters = {"year": f"{self.year}", **self.parameters}
        self.word = (self.workbook.meta.get("hamlet_word") or {}).get(self.lang) or self.text(
            "annex_hamlet"
        )

    @property
    def heading(self) -> str:
        """The title of the annex."""
        return self.text("heading_annex", word=self.word, year=self.year)

    def title(self) -> Part:
        """The head of the annex: number and date of the plan it belongs to are left blank."""
        district = (self.workbook.meta.get("district") or {}).get("name")
        place = (
            self.text("annex_district", name=district)
            if district
            else self.workbook.meta["title"][self.lang]
        )
        lines = (
            self.paragraph(self.text("annex"), "annex"),
            super().title(),
            self.paragraph(self.text("annex_of", place=place), "annex-of"),
        )
        return Part(Markup("").join(lines))

    def communes(self) -> Part:
        """The communes registered, by level: where each stands, what it lacks, who is
        responsible.
        """
        rows = communes_registered(self.workbook, self.year)
        cells = []
        for row in rows.to_dict("records"):
            set_id = self.workbook.default_set(row["level"])
            counts = self.standing(set_id).counts.loc[row["unit"]]
            tasks = self._tasks(set_id)
            named = (
                self.department(task) for _, task in tasks[tasks["unit"] == row["unit"]].iterrows()
            )
            owner = "; ".join(dict.fromkeys(named)) or "..."
            cells.append(
                [
                    self.workbook.units.loc[row["unit"], "name"],
                    self.level_words(row["level"]),
                    count_words(counts),
                    self.missing_words(set_id, row["unit"]),
                    *([owner] if self.internal else []),
                    self.source(row["source"]),
                ]
            )
        if not cells:
            return self.section(
                "xa-dang-ky",
                self.text("annex_no_communes", year=self.year, sheet=sheet_name("targets")),
            )
        total = [
            "",
            self.text("total_row"),
            self.text("annex_communes", n=rows["unit"].nunique()),
            *[""] * (len(cells[0]) - 2),
        ]
        columns = f"tt unit:name aim count:num missing {'owner ' if self.internal else ''}note"
        return self.section(
            "xa-dang-ky",
            self.table("annex_communes", columns, [total, *cells]),
            self.text("annex_pledges"),
            self.key("owner_note") if self.internal else "",
        )

    @cache  # noqa: B019 - a page lives as long as its notebook
    def _tasks(self, set_id):
        """Who owes which criterion of a set, as on the page of the meeting."""
        sets = pd.Series(set_id, index=self.workbook.communes.index)
        return owed(self.workbook, {set_id: self.standing(set_id)}, sets)

    def hamlets(self) -> Part:
        """The hamlets registered, by commune, with the criteria of the hamlet set."""
        rows = hamlets_registered(self.workbook, self.year)
        if rows.empty:
            sheets = {
                table: sheet_name(table)
                for table in ("hamlets", "hamlet_targets", "hamlet_criteria", "hamlet_states")
            }
            return self.section(
                "xom-dang-ky",
                self.text("annex_no_hamlets", year=self.year, word=self.word, **sheets),
                title=self._hamlet_title(),
            )
        cells = []
        for row in rows.to_dict("records"):
            count = f"{row['met']}/{row['of']}" if row["of"] > row["unknown"] else "..."
            cells.append(
                [
                    row["hamlet"],
                    self.workbook.units.loc[row["unit"], "name"],
                    self.number(row["households"]),
                    self.level_words(row["level"]),
                    count,
                    self._lacks(row),
                    self.source(row["source"]),
                ]
            )
        total = [
            "",
            self.text("total_row"),
            self.text("annex_hamlets", n=len(cells), word=self.word),
            *[""] * 5,
        ]
        table = self.table(
            "annex_hamlets",
            "tt hamlet:name unit households:num aim count:num missing note",
            [total, *cells],
        )
        return self.section("xom-dang-ky", table, self._hamlet_set(), title=self._hamlet_title())

    def _hamlet_title(self):
        return self.text("section_xom-dang-ky", word=self.word.capitalize())

    def _lacks(self, row):
        """What a hamlet lacks by name, and how many criteria have no data; three dots where nothing
        is known.
        """
        if not row["of"] or row["unknown"] == row["of"]:
            return "..."
        criteria = self.workbook.tables["hamlet_criteria"]
        names = criteria[criteria["level"] == row["level"]].set_index("number")[f"name_{self.lang}"]
        told = [self.text("criterion_name", number=n, name=names[n]) for n in row["missing"]]
        if row["unknown"]:
            told.append(self.text("annex_unknown", n=row["unknown"]))
        return self.listed(told) or "-"

    def _hamlet_set(self):
        """Which decisions issued the hamlet criteria."""
        decisions = dict.fromkeys(self.workbook.tables["hamlet_criteria"]["decision"])
        return (
            self.text("annex_set", decisions="; ".join(decisions))
            if decisions
            else self.text("annex_no_set", sheet=sheet_name("hamlet_criteria"))
        )

    def signing(self) -> Part:
        """The row of signatures, left blank."""
        return self.section("ky", self.signatures())

    def knowledge(self) -> Part:
        """The sources of the annex."""
        names = ("targets", "hamlet_targets", "hamlet_states", "hamlet_criteria")
        return self.section("biet-den-dau", self.left_out(), self.sources_of(names))
