"""The page of the forecast: whether every commune finishes by the end of the term, and how far to trust the answer."""

from .forecast_parts import ForecastParts
from .page import Part
from .parameters import check
from .scenarios import UnknownScenario, scenario


class ForecastPage(ForecastParts):
    """The parts of ``notebooks/feasibility.ipynb``, in order; ``commune`` is the one whose own answer is shown.

    ``deadline``: default the end of the term; ``finish``: met or signed; ``policy``: who is paid first (default: as the
    scenario has it). Raises ValueError for a parameter that is none, :class:`~ntm_analysis.workbook.UnknownCommune` for a
    commune that is none.

    >>> "22 xã đã được công nhận" in ForecastPage("data/thanh-chuong", draws=200).forecast_summary()
    True
    """

    def __init__(
        self,
        dataset: str,
        commune: str = "Thanh Hương",
        *,
        scenario: str = "baseline",
        policy: str = "own",
        deadline: str = "",
        finish: str = "met",
        draws: int = ForecastParts.draws,
        seed: int = ForecastParts.seed,
        **options: str,
    ) -> None:
        super().__init__(dataset, **options)
        typed = {"policy": policy, "deadline": deadline, "finish": finish, "draws": draws, "seed": seed}
        faults = check(typed)
        if deadline and not faults and deadline <= f"{self.workbook.as_of}":
            faults.append(f"deadline={deadline!r}: must lie after {self.workbook.as_of}")
        faults += self._scenario_faults(scenario)
        if faults:
            raise ValueError("; ".join(faults))
        self.scenario, self.policy, self.deadline, self.finish = scenario, policy, deadline, finish
        self.draws, self.seed = draws, seed
        self.unit = self.workbook.find(commune)
        given = {"commune": self.workbook.units.loc[self.unit, "name"], "scenario": scenario, "policy": policy}
        given |= {"deadline": deadline, "finish": finish, "draws": f"{draws}", "seed": f"{seed}"}
        self.parameters = {**given, **self.parameters}

    def _scenario_faults(self, name: str) -> list[str]:
        try:
            scenario(self.workbook, name)
        except UnknownScenario as error:
            return [f"scenario={name!r}: must be one of {', '.join(error.known)}"]
        return []

    @property
    def heading(self) -> str:
        return self.text("heading_forecast", place=self.workbook.meta["title"][self.lang], day=self.day)

    def commune(self) -> Part:
        """The answer for the one commune."""
        return self.commune_forecast(self.unit)

    def knowledge(self) -> Part:
        """The sources of what the forecast rests on, and what was left out."""
        names = ("assumptions", "durations", "pace_factors", "envelopes", "parts", "carry_over", "count_priors",
            "criterion_shares",
                 "criterion_states", "criterion_counts", "targets", "works", "typical_works", "unit_costs")  # fmt: skip
        used = {source for name in names for source in self.workbook.tables[name]["source"]}
        told = self.foreseen()[0].run.plan.pace.sources if self.foreseeable() else ()
        published = self.text("pace_sources", sources="; ".join(dict.fromkeys(told))) if told else ""
        return self.section("biet-den-dau", self.left_out(), published, self.sources(used))
