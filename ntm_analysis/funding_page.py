"""The page of the funding need: the district's need and money, one commune's works, the form to collect what is assumed."""

from .funding_parts import FundingParts
from .need_words import assumed_sentence
from .page import Part
from .parameters import check


class FundingPage(FundingParts):
    """The parts of ``notebooks/funding_needs.ipynb``, in order; ``commune`` is the one whose works are shown.

    ``target``: ntm (all communes) or registered; ``deadline``: money up to its year counts (default: the end of the term).
    Raises ValueError for a scenario that is none, :class:`~ntm_analysis.workbook.UnknownCommune` for a commune that is none.

    >>> "520 tỷ đồng" in FundingPage("data/thanh-chuong").need_summary()
    True
    """

    subject = "funding"

    def __init__(
        self,
        dataset: str,
        commune: str = "Thanh Hương",
        *,
        target: str = "ntm",
        scenario: str = "baseline",
        deadline: str = "",
        draws: int = FundingParts.draws,
        seed: int = FundingParts.seed,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        typed = {"target": target, "deadline": deadline, "draws": draws, "seed": seed}
        faults = check(typed) + ([f"scenario={scenario!r}: must be one of baseline"] if scenario != "baseline" else [])
        first, last = self.workbook.as_of, self.workbook.meta["term_end"]["date"]
        if deadline and not faults and not f"{first}" <= deadline <= f"{last}":
            faults.append(f"deadline={deadline!r}: must lie between {first} and {last}")
        if faults:
            raise ValueError("; ".join(faults))
        self.draws, self.seed, self.target = draws, seed, target
        self.until = int(deadline[:4]) if deadline else 0
        self.unit = self.workbook.find(commune)
        given = {"commune": self.workbook.units.loc[self.unit, "name"], "target": target, "deadline": deadline}
        self.parameters = {**given, "draws": f"{draws}", "seed": f"{seed}", **self.parameters}

    def need_tables(self) -> Part:
        """The need by criterion, year and commune, with a row for signatures."""
        made = super().need_tables()
        return Part(made + self.section("ky", self.signatures())) if made else made

    def commune(self) -> Part:
        """The need of the one commune."""
        return self.commune_need(self.unit, self.text("need_of", label=self.workbook.units.loc[self.unit, "label"]))

    def form(self) -> Part:
        """The blank form for one commune: every item that was assumed for it, to be filled in by hand."""
        if not self.known():
            return Part("")
        made, _ = self.found("ntm", self.unit)
        items = self.workbook.tables["unit_costs"].set_index("item")
        works = made.needs["ntm"].works
        assumed = dict.fromkeys(works.loc[works["mark"] == "assumed", "item"])
        rows = [
            [place, items.loc[item, f"name_{self.lang}"], items.loc[item, f"measure_{self.lang}"], "", "", "", ""]
            for place, item in enumerate(assumed, start=1)
        ]
        columns = "tt works:name measure missing_quantity done money note"
        table = self.table("form", columns, rows)
        return self.section("bieu-trong", self.text("form_lead"), table, self.signatures()) if rows else Part("")

    def export(self) -> Part:
        """Write every table made so far as one Excel workbook and as CSV files; say where."""
        edition = f"_{self.workbook.units.loc[self.unit, 'slug']}" + ("_dang-ky" if self.target == "registered" else "")
        lead = [self.heading, self.text("draft")]
        if self.workbook.illustrative:
            lead.append(self.text("illustrative_long"))
        if self.known() and self.found()[1]["total"]["mean"]:
            lead.append(assumed_sentence(self.found()[1], self.found()[0].assumed_quantities, self.lang))
        return self.exported(f"nhu-cau-von_{self.workbook.as_of}", edition, lead)

    def knowledge(self) -> Part:
        """The sources of works, prices and money, and what was left out."""
        names = ("unit_costs", "works", "typical_works", "parts", "pots", "envelopes", "prices", "count_priors", "carry_over",
                 "criterion_shares", "cement", "debts")  # fmt: skip
        used = {source for name in names for source in self.workbook.tables[name]["source"]}
        return self.section("biet-den-dau", self.left_out(), self.sources(used))
