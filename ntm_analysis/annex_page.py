"""The annex to a yearly plan: communes and hamlets registered to finish, on A4 with number, date and signatures left blank."""

from functools import cache

import pandas as pd
from markupsafe import Markup

from .dictionary import sheet_name
from .owed import owed
from .page import Part
from .parameters import check
from .plan_parts import PlanPage
from .registrations import communes_registered, hamlets_registered, registration_year
from .standing_words import count_words


class AnnexPage(PlanPage):
    """The parts of ``notebooks/registrations.ipynb``, in order; ``year`` 0: the nearest one with registrations.

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
        self.word = (self.workbook.meta.get("hamlet_word") or {}).get(self.lang) or self.text("annex_hamlet")

    @property
    def heading(self) -> str:
        """The title of the annex."""
        return self.text("heading_annex", word=self.word, year=self.year)

    def title(self) -> Part:
        """The head of the annex: number and date of the plan it belongs to are left blank."""
        district = (self.workbook.meta.get("district") or {}).get("name")
        place = self.text("annex_district", name=district) if district else self.workbook.meta["title"][self.lang]
        lines = (
            self.paragraph(self.text("annex"), "annex"),
            super().title(),
            self.paragraph(self.text("annex_of", place=place), "annex-of"),
        )
        return Part(Markup("").join(lines))

    def communes(self) -> Part:
        """The communes registered, by level: where each stands, what it lacks, who is responsible."""
        rows = communes_registered(self.workbook, self.year)
        cells = []
        for row in rows.to_dict("records"):
            set_id = self.workbook.default_set(row["level"])
            counts = self.standing(set_id).counts.loc[row["unit"]]
            tasks = self._tasks(set_id)
            named = (self.department(task) for _, task in tasks[tasks["unit"] == row["unit"]].iterrows())
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
            return self.section("xa-dang-ky", self.text("annex_no_communes", year=self.year, sheet=sheet_name("targets")))
        total = ["", self.text("total_row"), self.text("annex_communes", n=rows["unit"].nunique()), *[""] * (len(cells[0]) - 2)]
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
            sheets = {table: sheet_name(table) for table in ("hamlets", "hamlet_targets", "hamlet_criteria", "hamlet_states")}
            return self.section(
                "xom-dang-ky", self.text("annex_no_hamlets", year=self.year, word=self.word, **sheets), title=self._hamlet_title()
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
        total = ["", self.text("total_row"), self.text("annex_hamlets", n=len(cells), word=self.word), *[""] * 5]
        table = self.table("annex_hamlets", "tt hamlet:name unit households:num aim count:num missing note", [total, *cells])
        return self.section("xom-dang-ky", table, self._hamlet_set(), title=self._hamlet_title())

    def _hamlet_title(self):
        return self.text("section_xom-dang-ky", word=self.word.capitalize())

    def _lacks(self, row):
        """What a hamlet lacks by name, and how many criteria have no data; three dots where nothing is known."""
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
