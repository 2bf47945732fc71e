"""The parts of the district's page and of the annex of registrations."""

from functools import cache, cached_property
from textwrap import shorten

import pandas as pd

from ..language import STATE_WORDS, check_parameters, pick
from ..law import to_check
from ..results import count_words, mark_shares_words, recognition_sentence, threshold_text
from ..standing import (
    MOST_MISSING_WHEN_NEAR,
    PART_VERDICTS,
    Overview,
    Standing,
    ask_first,
    communes_registered,
    criteria_holding_back,
    district_conditions,
    former_units,
    hamlets_registered,
    knowledge_shares,
    overview,
    recognition_of_merged,
    registration_year,
)
from ..tables import report, sheet_name
from .charts import picture, standing_bar, state_bars
from .funding import FundingParts
from .page import MANY, Part, TargetsPage, reject
from .tables import Sign, dagger, key_of_signs

# of groups of communes
LOOKS = {"ready": "not_applicable", "near": "basic", "far": "not_met", "no_data": "unknown"}


class DistrictPage(FundingParts):
    """The parts of ``notebooks/status.ipynb``, in order.

    >>> summary = DistrictPage("data/thanh-chuong").summary()
    >>> "22/37 xã đã công nhận (5 có nguồn, 17 suy ra)" in summary
    True
    """

    subject = "district"
    based_on = "targets tasks goals criterion_counts"

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
        return criteria_holding_back(self.workbook, self.ntm)

    def summary(self) -> Part:
        """The answer in a few sentences, and one bar of all communes."""
        o = self.overview
        verdict = recognition_sentence(o, self.workbook.unlisted, self.lang)
        lines = []
        if o.higher:
            lines.append(self.text("higher", n=len(o.higher), names=self.names(o.higher)))
        lines.append(self.text("waiting", n=o.communes - len(o.recognised)))
        bar = {
            self.text("bar_sourced"): (o.sourced, "met"),
            self.text("bar_inferred"): (o.inferred, "recognition"),
        }
        for name, look in LOOKS.items():
            units = getattr(o, name)
            figures = {"n": len(units), "most": MOST_MISSING_WHEN_NEAR}
            bar[self.text(f"bar_{name}", **figures)] = (len(units), look)
            if units:
                lines.append(self.text(f"group_{name}", names=self.names(units), **figures))
        lines += [
            self.leading(),
            self.planned_sentence(),
            *self.pledge_sentences(),
            self.term_goal(),
            self.township(),
        ]
        alt = " ".join([verdict, *(f"{label}: {n}." for label, (n, _) in bar.items() if n)])
        chart = picture(standing_bar(bar, self.lang), alt)
        lead = self.paragraph(verdict, "verdict")
        return self.section("tong-quan", lead, self.bullets(lines), chart)

    def leading(self) -> str:
        """Which criteria hold most communes back, in one sentence."""
        most = int(self.worst["missing"].max())
        if not most:
            return ""
        top = self.worst.index[self.worst["missing"] == most]
        names = self.listed(self.criterion(self.set_id, n) for n in top)
        return self.text("leading", n=most, names=names)

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
            for (year, level), rows in self.targets_of("plan").groupby(
                ["year", "level"], sort=False
            )
        ]
        return self.text("planned", parts="; ".join(parts)) if parts else ""

    def pledge_sentences(self) -> list[str]:
        """One sentence a pledge."""
        return [
            self.text("pledged", name=self.name_of(row["unit"]), **self.aim(row))
            for _, row in self.targets_of("pledge").iterrows()
        ]

    def term_goal(self) -> str:
        goals = self.workbook.tables["goals"]
        return " ".join(goals.loc[goals["kind"] == "term_goal", f"text_{self.lang}"])

    def township(self) -> str:
        units = self.workbook.units
        names = self.listed(units.loc[units["kind"] == "township", "label"])
        return self.text("township", names=names, of=self.overview.communes) if names else ""

    def matrix(self) -> Part:
        """Every commune by every criterion."""
        states, unread = self.ntm.matrix(), self.ntm.unread()
        criteria = self.workbook.law.criteria_of(self.set_id)
        rows = []
        for unit, name in self.workbook.communes["name"].items():
            level, words = self.level.loc[unit], "-"
            if level["level"] != "not_ntm":
                words = self.level_words(level["level"])
                words += "" if level["sourced"] else f" ({self.text('inferred')})"
            signs = map(Sign, states.loc[unit], unread.loc[unit])
            rows.append([name, *signs, count_words(self.ntm.counts.loc[unit]), words])
        columns = f"tt unit:name {' '.join(f'{n}:state' for n in states.columns)} met:num level"
        note = f" ({self.decision(self.set_id)})"
        named = criteria[f"name_{self.lang}"].dropna()
        legend = "; ".join(f"{n}: {name}" for n, name in named.items())
        return self.section(
            "ma-tran",
            self.text("judged_by", set=self.set_title(self.set_id)),
            self.table("matrix", columns, rows, style="matrix", note=note),
            key_of_signs(set(states.to_numpy().ravel()), self.lang, unread.to_numpy().any()),
            self.key("legend", parts=legend) if len(named) else self.key("counts_only"),
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
            rows.append(
                [
                    number,
                    row[f"name_{self.lang}"] + (" (†)" if unread[number] else ""),
                    *(row[column] or "-" for column in ("not_met", "basic", "unknown")),
                    self.names(lacking) or "-",
                    *([self.owner(row)] if self.internal else []),
                ]
            )
        columns = "criterion name:name not_met:num basic:num no_data:num communes_lacking"
        counts = states.apply(lambda column: column.value_counts()).T
        counts = counts.reindex(worst.index).fillna(0).astype(int)
        labels = [
            shorten(f"{n}. {name}", 32, placeholder=" ...")
            for n, name in worst[f"name_{self.lang}"].items()
        ]
        chart = state_bars(counts.set_axis(labels), self.lang)
        unknown = int(self.ntm.counts["met"].isna().sum())
        return self.section(
            "giu-chan",
            self.text("holding_caveat", n=unknown) if unknown else "",
            picture(chart, self.leading() or self.text("no_leading")),
            self.table("holding_back", columns + " owner" * self.internal, rows),
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
        parts = [self.text("merged_lead"), merged] if merged else []
        if table.empty:
            return self.section("huyen", *parts, heading="units_merged") if merged else Part("")
        rows = []
        for _, row in table.iterrows():
            level = "..."
            if pd.notna(row["value"]):
                level = threshold_text(row["value"], row["op"], row["unit"], self.lang)
                level += "" if row["checked"] else " (†)"
            rows.append(
                [
                    row["number"],
                    row[f"name_{self.lang}"],
                    dagger(level),
                    self.number(row["need"]),
                    self.number(row["have"]),
                    pick(STATE_WORDS[row["state"]], self.lang),
                ]
            )
        lead = self.text("district_lead", decision=self.workbook.law.district[0]["decision"])
        columns = "tt condition:name level_needed needed:num have:num result"
        return self.section("huyen", lead, self.table("district", columns, rows), *parts)

    def _merged(self):
        """Which new units stand and which are judged anew: the old ones they were made of, and
        which of those were recognised.
        """
        rows, groups = [], {}
        inferred = {True: f" ({self.text('inferred')})", False: ""}
        for unit, parts in former_units(self.workbook).groupby("unit", sort=False):
            verdict = recognition_of_merged(parts["held"].sum(), len(parts))
            groups.setdefault(verdict, []).append(unit)
            names = parts["name"] + parts["inferred"].map(inferred)
            cells = (self.listed(names[kind]) or "-" for kind in (parts["held"], ~parts["held"]))
            rows.append([self.name_of(unit), len(parts), *cells])
        lines = [
            self.text(f"rebase_group_{v}", n=len(groups[v]), names=self.names(groups[v], None))
            for v in PART_VERDICTS
            if v in groups
        ]
        columns = "tt unit:name old_units:num old_levels old_open"
        return self.bullets(lines) + self.table("merged", columns, rows)

    def set_in_force(self) -> Part:
        """What if the set in force applied today: what can be judged, what is unknown (for the
        office only).
        """
        applied = self.applied_today() if self.internal else None
        if applied is None:
            return Part("")
        standing, table = applied
        numbers = ["indicators", "read", "unread", "missing", "met", "not_met", "unknown"]
        rows = [
            [n, row[f"name_{self.lang}"], *(int(row[c]) or "-" for c in numbers)]
            for n, row in table.iterrows()
        ]
        columns = "criterion name:name indicators:num read:num unread:num unknown_level:num "
        columns += "communes_met:num communes_not_met:num communes_open:num"
        lead = self.text(
            "new_set",
            set=self.set_title(standing.set_id),
            judged=int((standing.states["state"] != "unknown").sum()),
            of=len(standing.states),
            failing=int((standing.counts["missing"].map(len) > 0).sum()),
            communes=len(standing.counts),
            criteria=int(standing.counts["of"].max()),
        )
        return self.section("bo-moi", lead, self.table("new_set", columns, rows))

    def recognition(self) -> Part:
        """The rules on recognition and revocation known on the as-of date, and what they say (for
        the office only).
        """
        if not self.internal:
            return Part("")
        rules = self.workbook.rules_in_force(self.workbook.law.recognition)
        points = []
        for condition in (c for rule in rules for c in rule["conditions"]):
            point = condition["name"][self.lang]
            if (value := condition.get("value")) is not None:
                point += f": {self.number(value)}{condition.get('unit') or ''}"
            points.append(point + ("" if condition["mark"] == "read" else " (†)"))
        decisions = ", ".join(f"QĐ {rule['decision']['number']}" for rule in rules)
        lead = self.text("rules_lead", decisions=decisions) if points else ""
        return self.section("cong-nhan", lead, self.bullets(points), self._at_risk())

    def _at_risk(self):
        """Which communes the rule on revocation puts at risk."""
        cases = self.revocations()
        if (cases["outcome"] == "rule_unknown").all():
            return self.text("revocation_unknown", day=self.day)
        risk = cases.index[cases["outcome"].isin(["any", "with_key"])]
        unread = "" if cases.loc[risk, "checked"].all() else " (†)"
        return self.text(
            "revocation_district" if len(risk) else "revocation_nobody",
            rule=cases["rule"].iloc[0],
            n=len(risk),
            names=self.names(risk) + unread,
            open=int((cases["outcome"] == "open").sum()),
        )

    def knowledge(self) -> Part:
        """How much is reported, assumed, unknown; whom to ask first; what was left out; warnings;
        sources.
        """
        unread = int((to_check(self.workbook.law)["set"] == self.set_id).sum())
        unread_key = "unread" if self.internal else "unread_public"
        shares = mark_shares_words(knowledge_shares(self.ntm), self.lang)
        lines = [
            self.text("footer_shares", set=self.decision(self.set_id), shares=shares),
            self.text(unread_key, n=unread) if unread else "",
            self.left_out(),
        ]
        if self.internal:
            if ask := ask_first(self.workbook, self.ntm):
                names = self.listed(self.workbook.units.loc[ask[:MANY], "name"])
                if len(ask) > MANY:
                    names = self.text("and_more", names=names, n=len(ask) - MANY)
                lines.append(self.text("ask_first", names=names))
            problems = [*self.workbook.warnings, *self.ntm.contradictions]
            lines += report(problems, self.lang).splitlines()[1:]
        tables = [self.ntm.states, self.ntm.counts, self.level, self.workbook.units]
        tables += [self.workbook.tables[name] for name in self.based_on.split()]
        used = [source for table in tables for source in table["source"]]
        return self.section("biet-den-dau", self.bullets(lines), self.sources(used))


class AnnexPage(TargetsPage):
    """The parts of ``notebooks/registrations.ipynb``, in order; ``year`` 0: the nearest one with
    registrations.

    >>> "Thanh Hương" in AnnexPage("data/thanh-chuong").communes()
    True
    """

    subject = "annex"
    based_on = "targets hamlet_targets hamlet_states hamlet_criteria"

    def __init__(self, dataset: str, *, year: int = 0, **options: str) -> None:
        super().__init__(dataset, **options)
        reject(check_parameters({"year": year}))
        self.year = year or registration_year(self.workbook)
        self.add_parameters(year=self.year)
        self.word = self.hamlet_word or self.text("annex_hamlet")

    @property
    def heading(self) -> str:
        """The title of the annex."""
        return self.text("heading_annex", word=self.word, year=self.year)

    def title(self) -> Part:
        """The head of the annex: number and date of the plan it belongs to are left blank."""
        place = self.workbook.meta["title"][self.lang]
        if district := (self.workbook.meta.get("district") or {}).get("name"):
            place = self.text("annex_district", name=district)
        lead = self.paragraph(self.text("annex"), "annex")
        of = self.paragraph(self.text("annex_of", place=place), "annex-of")
        return Part(lead + super().title() + of)

    def communes(self) -> Part:
        """The communes registered, by level: where each stands, what it lacks, who is
        responsible.
        """
        targets, rows = communes_registered(self.workbook, self.year), []
        if targets.empty:
            line = self.text("annex_no_communes", year=self.year, sheet=sheet_name("targets"))
            return self.section("xa-dang-ky", line)
        for row in targets.to_dict("records"):
            set_id, unit = self.workbook.default_set(row["level"]), row["unit"]
            rows.append(
                [
                    self.name_of(unit),
                    self.level_words(row["level"]),
                    count_words(self.standing(set_id).counts.loc[unit]),
                    self.missing_words(set_id, unit),
                    *([self._owners(set_id, unit)] if self.internal else []),
                    self.source(row["source"]),
                ]
            )
        total = self.text("annex_communes", n=targets["unit"].nunique())
        total = ["", self.text("total_row"), total, *[""] * (len(rows[0]) - 2)]
        owner = "owner " * self.internal
        columns = f"tt unit:name aim count:num missing {owner}note"
        return self.section(
            "xa-dang-ky",
            self.table("annex_communes", columns, [total, *rows]),
            self.text("annex_pledges"),
            self.key("owner_note") if self.internal else "",
        )

    def _owners(self, set_id, unit):
        """Who owes what a commune lacks of a set, as on the page of the meeting."""
        duties = self._duties(set_id)
        named = map(self.department, duties[duties["unit"] == unit].to_dict("records"))
        return "; ".join(dict.fromkeys(named)) or "..."

    @cache  # noqa: B019 - a page lives as long as its notebook
    def _duties(self, set_id):
        return self.duties(pd.Series(set_id, self.workbook.communes.index))

    def hamlets(self) -> Part:
        """The hamlets registered, by commune, with the criteria of the hamlet set."""
        targets = hamlets_registered(self.workbook, self.year)
        sheets = {name: sheet_name(name) for name in ("hamlets", *self.based_on.split())}
        line = self.text("annex_no_hamlets", year=self.year, word=self.word, **sheets)
        parts = [line] if targets.empty else [self._hamlet_table(targets), self._hamlet_set()]
        title = self.text("section_xom-dang-ky", word=self.word.capitalize())
        return self.section("xom-dang-ky", *parts, title=title)

    def _hamlet_table(self, targets):
        total = self.text("annex_hamlets", n=len(targets), word=self.word)
        rows = [["", self.text("total_row"), total, *[""] * 5]]
        for row in targets.to_dict("records"):
            rows.append(
                [
                    row["hamlet"],
                    self.name_of(row["unit"]),
                    self.number(row["households"]),
                    self.level_words(row["level"]),
                    f"{row['met']}/{row['of']}" if row["of"] > row["unknown"] else "...",
                    self._lacks(row),
                    self.source(row["source"]),
                ]
            )
        columns = "tt hamlet:name unit households:num aim count:num missing note"
        return self.table("annex_hamlets", columns, rows)

    def _lacks(self, row):
        """What a hamlet lacks by name, and how many criteria have no data; three dots where nothing
        is known.
        """
        if not row["of"] or row["unknown"] == row["of"]:
            return "..."
        criteria = self.workbook.tables["hamlet_criteria"]
        names = criteria[criteria["level"] == row["level"]].set_index("number")[f"name_{self.lang}"]
        lacks = [self.text("criterion_name", number=n, name=names[n]) for n in row["missing"]]
        if row["unknown"]:
            lacks.append(self.text("annex_unknown", n=row["unknown"]))
        return self.listed(lacks) or "-"

    def _hamlet_set(self):
        """Which decisions issued the hamlet criteria."""
        decisions = "; ".join(dict.fromkeys(self.workbook.tables["hamlet_criteria"]["decision"]))
        if decisions:
            return self.text("annex_set", decisions=decisions)
        return self.text("annex_no_set", sheet=sheet_name("hamlet_criteria"))

    def signing(self) -> Part:
        """The row of signatures, left blank."""
        return self.section("ky", self.signatures())
