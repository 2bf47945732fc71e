"""Will every commune finish by the deadline: what the worlds of a run say, and how sure that is.

In this order: how many finish with the usual range, P(basically all), P(all); then each commune,
registrations and pledges, what dependence does, the weakest links. Beside every forecast stand the
straight line and the plain share of the remaining communes.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..need.draws import uniforms
from ..need.need import spread
from ..parameters import OPTIMAL
from ..recognition import RANKS, levels
from ..workbook import Workbook
from .back_test import hazards, pairs, plain_share, straight_line
from .scoring import wilson
from .simulation import (
    CALIBRATING,
    Baseline,
    Simulation,
    area_run_of,
    baseline_of,
    knowledge,
    merged_since,
    simulation,
    usual_years,
)
from .worlds import Layout
from .year import FAILED, MONEY, TIME, UNLISTED
from .yearly_list import Schedule, by_policy, deadline_of, schedule

HELD = {"not_listed": UNLISTED, "list_failed": FAILED, "money": MONEY, "time": TIME}
OPINIONS = ("share", "line")


@dataclass(frozen=True)
class Forecast:
    """A run and what follows from it.

    Attributes
    ----------
    workbook : Workbook
    run : Simulation
    day : date
        The deadline.
    level : DataFrame
        The recognised level of every commune, by unit in administrative order.
    """

    workbook: Workbook
    run: Simulation
    day: dt.date
    level: pd.DataFrame

    @property
    def communes(self) -> list[int]:
        """Unit numbers in administrative order."""
        return self.level.index.tolist()

    @cached_property
    def now(self) -> list[int]:
        """The finished communes: recognised NTM or higher."""
        return self.level.index[self.level["level"] != "not_ntm"].tolist()

    @cached_property
    def open_(self) -> np.ndarray:
        """The NTM goals: communes that are not NTM yet."""
        return np.flatnonzero(self.run.plan.ntm)

    @cached_property
    def in_time(self) -> np.ndarray:
        """Which of them finish by the deadline: bool, goals x draws."""
        return (self.run.months <= self.run.latest)[self.open_]

    @cached_property
    def finishing(self) -> np.ndarray:
        """How many communes finish by the deadline, those finished now among them: int, draws."""
        return len(self.now) + self.in_time.sum(axis=0)

    @cached_property
    def basically(self) -> int:
        """How many communes are basically all."""
        return int(-(-len(self.communes) * self.run.plan.rules["basically"] // 100))

    def of_band(self, values: np.ndarray) -> pd.Series:
        """The mean over the worlds of each NTM goal, by unit; of a band of communes its mean."""
        each = pd.Series(values.mean(axis=1), index=self.run.goals.loc[self.open_, "unit"])
        return each.groupby(self.bands.reindex(each.index)).transform("mean")

    @cached_property
    def p(self) -> pd.Series:
        """The chance of each commune by the deadline, by unit; 1 for one finished now."""
        chances = pd.Series(1.0, index=self.communes)
        chances.update(self.of_band(self.in_time))
        return chances

    @cached_property
    def bands(self) -> pd.Series:
        """The band of each commune that is not finished; 1 is the likeliest.

        Communes of which the same is known share one.
        """
        plan, facts = self.run.plan, self.run.plan.facts
        works, targets = plan.works["ntm"], self.workbook.tables["targets"]
        columns = ["criterion", "item", "low", "quantity", "high", "left", "committed", "year"]
        own = {unit: part[columns].to_csv(index=False) for unit, part in works.groupby("unit")}
        served = set(self.workbook.tables["envelopes"]["served"]) - {""}
        known = [
            {u: sorted(zip(*(part[c] for c in names), strict=True)) for u, part in rows}
            for rows, names in (
                (targets.groupby("unit"), ("level", "kind", "year")),
                (self.workbook.tables["debts"].groupby("unit"), ("criterion", "amount")),
            )
        ]
        order = plan.goals[plan.ntm].set_index("unit")["order"]
        keys = []
        for i, unit in enumerate(facts.units):
            prior = facts.prior[i]
            states = (facts.lacking[i], facts.open_[i], facts.now[i])
            same = [rows.tobytes() for rows in states]
            same += [int(facts.number[i]), b"" if prior is None else prior.tobytes()]
            same += [own.get(unit, ""), *(rows.get(unit, ()) for rows in known), order[unit]]
            same += [facts.codes[i] if facts.codes[i] in served else ""]
            keys.append(repr([*same, self.workbook.units.loc[unit, "district"]]))
        each = pd.Series(self.in_time.mean(axis=1), index=facts.units)
        mean = each.groupby(keys).mean() if keys else pd.Series(dtype=float)
        ranked = mean.sort_values(ascending=False, kind="stable").index
        place = {key: at for at, key in enumerate(ranked, start=1)}
        return pd.Series([place[key] for key in keys], index=facts.units, dtype=int)

    @cached_property
    def held(self) -> pd.DataFrame:
        """What holds each commune back: the share of all worlds, by unit; columns of HELD."""
        late = ~self.in_time
        shares = {
            name: self.of_band(late & (self.run.held[self.open_] == kind))
            for name, kind in HELD.items()
        }
        return pd.DataFrame(shares)

    @cached_property
    def list_chance(self) -> pd.DataFrame:
        """The chance of each open commune to be on each year's list: units x years."""
        spans, units = self.run.plan.spans, self.run.goals.loc[self.open_, "unit"]
        table = pd.DataFrame(self.run.listed[self.open_], units, [span.year for span in spans])
        table = table.loc[:, ~table.columns.duplicated()]
        return table.groupby(self.bands.reindex(table.index)).transform("mean")

    @cached_property
    def coarse(self) -> bool:
        """Whether no single commune gets a figure finer than a word.

        So where the evidence is over a year old on the as-of date, or units were merged since.
        """
        known, as_of = knowledge(self.workbook.as_of), self.workbook.as_of
        age = 12 * as_of.year + as_of.month - known.posterior.last
        return age > 12 or merged_since(self.workbook, known.posterior.last)

    def dates(self, goal: int) -> dict[str, str | None]:
        """The days by which 10, 50, 90 % of worlds have reached a goal; null beyond the horizon.

        Of a band of communes its days.
        """
        binding = self.run.signed if self.run.finish == "signed" else self.run.months
        plan, alike = self.run.plan, [goal]
        if self.run.plan.ntm[goal]:
            units = self.run.goals.loc[self.open_, "unit"]
            mine = self.bands.reindex(units) == self.bands[self.run.goals.loc[goal, "unit"]]
            alike = self.open_[mine.to_numpy()]
        last = max(self.run.deadline, plan.month_of(self.workbook.meta["term_end"]["date"]))
        figures = spread(binding[alike].ravel().astype(np.int64))
        return {
            f"{q}_date": f"{plan.end_of(figures[q]):%Y-%m-%d}" if figures[q] <= last else None
            for q in ("p10", "p50", "p90")
        }

    def over_time(self) -> pd.DataFrame:
        """How many communes have finished by the end of each year: day, p10, p50, p90, mean."""
        binding = self.run.signed if self.run.finish == "signed" else self.run.months
        ends = {span.last for span in self.run.plan.spans if span.last < self.run.deadline}
        rows = []
        for month in sorted({0, *ends, self.run.deadline}):
            finished = len(self.now) + (binding[self.open_] <= month).sum(axis=0)
            rows.append({"day": self.run.plan.end_of(month), **spread(finished)})
        return pd.DataFrame(rows)

    def closing_day(self, year: int) -> pd.Timestamp:
        """The last day of the appraisal of a year's list."""
        months = pd.offsets.MonthEnd(int(self.run.plan.rules["dossier_closes"]))
        return pd.Timestamp(year=year, month=12, day=31) + months

    def registrations(self) -> pd.DataFrame:
        """Every planned target and pledge.

        Returns
        -------
        DataFrame
            unit, level, year, kind, closes, p (that it counts for its year), p_by_year_end (the
            same), p_unlimited (were all works paid in time), under_way, goal. p is 1 for a level
            that is recognised already; NaN, and goal -1, where none stands in the schedule.
        """
        plan, rows = self.run.plan, []
        pairs_of = zip(plan.goals["unit"], plan.goals["level"], strict=True)
        goals = {pair: goal for goal, pair in enumerate(pairs_of)}
        targets = self.workbook.tables["targets"]
        for row in targets[targets["unit"].isin(self.communes)].to_dict("records"):
            unit, level, year = row["unit"], row["level"], int(row["year"])
            goal = goals.get((unit, level))
            reached = RANKS.index(self.level.loc[unit, "level"]) >= RANKS.index(level)
            p = [1.0 if reached else np.nan] * 2 + [np.nan]
            if goal is not None:
                # A list counts for its year, whenever the appraisal is over.
                last = max([s.last for s in plan.spans if s.year <= year], default=-1)
                months = (self.run.months, self.run.months, self.run.unlimited)
                p = [float((month[goal] <= last).mean()) for month in months]
            place = (unit, level, year, row["kind"], self.closing_day(year))
            rows.append((*place, *p, self._under_way(unit, level), -1 if goal is None else goal))
        columns = ["unit", "level", "year", "kind", "closes", "p", "p_by_year_end", "p_unlimited"]
        table = pd.DataFrame(rows, columns=[*columns, "under_way", "goal"])
        band = table["unit"].map(self.bands).where(table["level"] == "ntm", -1 - table.index)
        alike = table.groupby([band.fillna(0), "level", "year", "kind"])
        chances = ["p", "p_by_year_end", "p_unlimited"]
        return table.assign(**alike[chances].transform("mean"))

    def _under_way(self, unit: int, level: str) -> bool:
        works = self.workbook.tables["works"]
        own = (works["unit"] == unit) & (works["level"] == level) & (works["state"] != "done")
        return bool((works.loc[own, "percent_done"].fillna(0) > 0).any())

    def weakest(self) -> pd.DataFrame:
        """Of the worlds in which not all finish: the share in which a commune is unfinished, and
        in which it alone is; by unit, the weakest first."""
        fails = ~self.in_time.all(axis=0)
        n = max(1, int(fails.sum()))
        late = ~self.in_time[:, fails]
        alone = late & (late.sum(axis=0) == 1)
        table = pd.DataFrame(
            {"unfinished": late.sum(axis=1) / n, "alone": alone.sum(axis=1) / n},
            index=self.run.goals.loc[self.open_, "unit"],
        )
        table = table.groupby(self.bands.reindex(table.index)).transform("mean")
        return table.sort_values(["unfinished", "alone"], ascending=False, kind="stable")

    def ask_first(self) -> pd.DataFrame:
        """The unknown states whose answer moves the number finishing most.

        Returns
        -------
        DataFrame
            band, criterion, effect (communes more on average where the communes of the band meet
            it), size (how far an answer moves the expected number); only what stands out of the
            draws.
        """
        counts, facts, draws = self.run.counts, self.run.plan.facts, self.run.draws
        lacking, total = counts["lacking"], float(self.in_time.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            effect = (total - counts["finishing"]) / (draws - lacking)
            effect = effect - counts["finishing"] / lacking
            size = effect * np.sqrt(lacking * (draws - lacking)) / draws
        table = pd.DataFrame(
            {
                "band": np.repeat(self.bands.to_numpy(), len(facts.numbers)),
                "criterion": np.tile(facts.numbers, len(facts.units)),
                "effect": effect.ravel(),
                "size": size.ravel(),
            }
        )
        means = (
            table.dropna()
            .groupby(["band", "criterion"], as_index=False)
            .agg(effect=("effect", "mean"), size=("size", "mean"), communes=("size", "size"))
        )
        noise = 3 * self.finishing.std() / np.sqrt(draws * means["communes"])
        means = means[means["size"] > noise]
        return means.sort_values("size", ascending=False, kind="stable").reset_index(drop=True)

    def pots_without_money(self) -> list[str]:
        """Pots that works may draw on and that bring nothing after the as-of date."""
        envelopes = self.run.layout.envelopes
        rows = envelopes[["name", "amount", "profile"]].to_numpy()
        full = {name.split("@")[0] for name, amount, shares in rows if amount * shares.sum() > 0}
        return [pot for pot in self.run.layout.sets.pots if pot not in full]

    def blocking_sources(self) -> list[str]:
        """The pots that most often keep a listed commune from being paid; none where money is."""
        blocked = self.run.blocked
        return self.run.layout.sets.names(int(blocked.argmax())) if blocked.any() else []

    @cached_property
    def second_opinions(self) -> dict[str, np.ndarray]:
        """The number finishing by the plain share and by the straight line: int, draws."""
        now = len(self.now)
        as_of = self.workbook.as_of
        years = self.run.deadline / 12
        pair = pd.Series(
            {
                "start": now,
                "communes": len(self.communes),
                "first": 12 * as_of.year + as_of.month,
                "years": years,
            }
        )
        train = hazards(pairs(knowledge(as_of).evidence.panel)[0]).to_numpy()
        keys = ["line", "rate", "share"]
        line, rate, count = uniforms(self.run.seed, "second opinion", keys, self.run.draws)
        left = len(self.communes) - now
        share = now + plain_share(left, years, train, rate, count)
        return {"share": share, "line": straight_line(pair, line).astype(int)}

    @cached_property
    def basis(self) -> dict[str, dict[str, float]]:
        """What of the number is evidence.

        Returns
        -------
        dict
            ``pace``: the part of the remaining communes that finishes in a year (p10, p50, p90 over
            worlds and years); ``success``: the chance of a listed commune (the same); ``years``:
            the ``factor`` of a year one standard deviation off; ``panel``: how many ``figures``,
            ``areas`` and ``lists`` were known, and the ``last`` month (12 * year + month).
        """
        run, known = self.run, knowledge(self.workbook.as_of)
        draws = min(run.draws, CALIBRATING)
        area_run = area_run_of(run.plan, known, draws, run.seed)
        years, _ = usual_years(run.layout, run.baseline, known, area_run)
        quantiles = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
        found = {"pace": years.share, "success": years.success}
        shares = {
            name: {key: float(np.quantile(values, q)) for key, q in quantiles.items()}
            for name, values in found.items()
        }
        panel = known.evidence
        return shares | {
            "years": {"factor": float(np.exp(known.posterior.draws["year"].mean()))},
            "panel": {
                "figures": len(panel.figures),
                "areas": panel.figures["area"].nunique(),
                "lists": len(panel.lists),
                "last": known.posterior.last,
            },
        }

    @property
    def yearly(self) -> float:
        """Communes a year since the programme began."""
        as_of, begin = self.workbook.as_of, self.run.plan.rules["programme_start"]
        return float(len(self.now) / max(as_of.year + as_of.month / 12 - begin, 1))

    def line_date(self) -> dt.date | None:
        """The day on which the straight line of the pace so far reaches the last commune."""
        as_of, left = self.workbook.as_of, len(self.communes) - len(self.now)
        if not left:
            return as_of
        if not self.yearly or as_of.year + left / self.yearly > dt.MAXYEAR - 1:
            return None
        return as_of + dt.timedelta(days=round(365.25 * left / self.yearly))

    def fails_set_in_force(self) -> float:
        """The chance that a recognised commune fails the set in force; NaN where none changed."""
        facts = self.run.plan.facts
        changed = facts.set_id != facts.reported_in
        return float(1 - np.prod(1 - facts.lost)) if changed else float("nan")


def forecast(
    workbook: Workbook,
    *,
    policy: str = "own",
    deadline: dt.date | None = None,
    finish: str = "met",
    draws: int = 10_000,
    seed: int = 2022,
    baseline: Baseline | None = None,
) -> Forecast:
    """The forecast of a data set.

    Parameters
    ----------
    workbook : Workbook
        The data set, or a scenario of it.
    policy : str
        Who comes first among those on no reported list; ``optimal``: the best plan.
    deadline : date, optional
        Default: the end of the term, or a scenario's own.
    finish : str
        Whether the deadline binds the criteria met (``met``) or the decision (``signed``).
    draws, seed : int
    baseline : Baseline, optional
        Of the data set, where it is known already (:func:`baseline_of`).

    Returns
    -------
    Forecast

    Raises
    ------
    ValueError
        For a policy, finish or number of draws that is none.
    DataProblems
        For a deadline not after the as-of date, and for what a forecast needs and was not known.

    Examples
    --------
    >>> will = forecast(Workbook.open("data/thanh-chuong"), draws=200)
    >>> len(will.now), len(will.communes), will.basically
    (22, 37, 36)
    """
    if finish not in ("met", "signed") or draws < 1:
        raise ValueError(f"finish={finish!r}, draws={draws}: met or signed; at least 1")
    day = deadline_of(workbook, deadline)
    layout = Layout(plan_of(workbook, policy, day))
    return forecast_of(layout, draws, seed, finish=finish, baseline=baseline)


def plan_of(workbook: Workbook, policy: str, day: dt.date) -> Schedule:
    """The schedule of a policy, that of the best plan among them."""
    if policy != OPTIMAL:
        return schedule(workbook, policy, day)
    from ..allocation.plans import order_of  # the solver is loaded only for this one

    return by_policy(schedule(workbook, "own", day), OPTIMAL, order_of(workbook, day))


def forecast_of(
    layout: Layout, draws: int, seed: int, *, finish: str = "met", baseline: Baseline | None = None
) -> Forecast:
    """The forecast of a schedule laid out already."""
    workbook = layout.plan.workbook
    baseline = baseline or baseline_of(workbook, seed)
    run = simulation(layout, draws, seed, baseline, finish=finish)
    return Forecast(workbook, run, layout.plan.day, levels(workbook))


def record(will: Forecast, scenario: str = "baseline", title: dict[str, str] | None = None) -> dict:
    """The forecast in plain Python types, as ``ntm forecast --json`` prints it.

    Probabilities are 0..1, days ISO, null where fewer worlds get there or where the quantity is
    none of the yearly cycle. ``scenario``, ``title``: of the scenario that the workbook is.
    """
    run, workbook, n = will.run, will.workbook, will.run.draws
    signed_each = run.signed[will.open_] <= run.deadline
    met, signed = ((m[will.open_] <= run.deadline).all(axis=0) for m in (run.months, run.signed))
    everyone, enough = (
        int((will.finishing >= k).sum()) for k in (len(will.communes), will.basically)
    )
    share, opinions = will.p.to_numpy(), will.second_opinions
    line = opinions["line"]
    counts = np.bincount(will.finishing, minlength=1)
    return {
        **workbook.heading(scenario, title),
        "set": run.plan.facts.set_id,
        "policy": run.plan.policy,
        "deadline": f"{will.day}",
        "finish": run.finish,
        "draws": n,
        "seed": run.seed,
        "n_communes": len(will.communes),
        "n_finished_now": len(will.now),
        "finishing": spread(will.finishing)
        | {"distribution": {str(k): int(c) / n for k, c in enumerate(counts) if c}},
        "finishing_signed": spread(len(will.now) + signed_each.sum(axis=0)),
        "basically_all": will.basically,
        "basically_share": run.plan.rules["basically"] / 100,
        "p_basically_all": enough / n,
        "p_basically_all_ci": list(wilson(enough, n)),
        "p_all": everyone / n,
        "p_all_se": float(np.sqrt(everyone / n * (1 - everyone / n) / n)),
        "p_all_ci": list(wilson(everyone, n)),
        "p_all_met": float(met.mean()),
        "p_all_signed": float(signed.mean()),
        "p_basically_all_signed": float(
            (len(will.now) + signed_each.sum(axis=0) >= will.basically).mean()
        ),
        "p_all_if_independent": float(np.prod(share)),
        "sd": float(will.finishing.std()),
        "sd_if_independent": float(np.sqrt((share * (1 - share)).sum())),
        "communes": _communes(will),
        "registrations": [
            _registration(will, row) for row in will.registrations().to_dict("records")
        ],
        "weakest": {
            "communes": [
                _named(will, unit) | row for unit, row in will.weakest().to_dict("index").items()
            ],
            "criteria": None,
        },
        "ask_first": [
            {"band": int(r["band"]), "criterion": int(r["criterion"])}
            | {"effect": float(r["effect"]), "size": float(r["size"])}
            for r in will.ask_first().head(10).to_dict("records")
        ],
        "first_year": None,
        "second_opinions": {name: spread(opinions[name]) for name in OPINIONS},
        "naive": {
            "yearly": will.yearly,
            "date": _day(will.line_date()),
            "expected": float(line.mean()),
            "p_all": float((line >= len(will.communes)).mean()),
        },
        "paid_in_time": run.in_time if run.baseline.usual_money else None,
        "blocking_sources": will.blocking_sources(),
        "recognised_fail_set_in_force": _number(will.fails_set_in_force()),
        "pots_without_money": will.pots_without_money(),
        "price_of_promise": None,
    }


def _named(will: Forecast, unit: int) -> dict:
    return {key: will.workbook.units.loc[unit, key] for key in ("name", "code")}


def _communes(will: Forecast) -> list[dict]:
    """A row a commune, in administrative order; of a band the band's mean."""
    run = will.run
    units = run.goals.loc[will.open_, "unit"].tolist()
    goal_of = dict(zip(units, will.open_.tolist(), strict=True))
    open_ = will.open_
    chances = {
        "p_met": will.of_band(run.months[open_] <= run.deadline),
        "p_signed": will.of_band(run.signed[open_] <= run.deadline),
        "p_unlimited": will.of_band(run.unlimited[open_] <= run.latest[open_]),
    }
    rows = []
    for unit in will.communes:
        row = _named(will, unit) | {"p": float(will.p[unit])}
        goal = goal_of.get(unit)
        row |= {name: 1.0 if goal is None else float(p[unit]) for name, p in chances.items()}
        empty = dict.fromkeys(("p10_date", "p50_date", "p90_date"))
        row |= empty if goal is None else will.dates(goal)
        row |= {"last_criterion": None, "band": None if goal is None else int(will.bands[unit])}
        row |= {"finished": goal is None, "list_chance": {}, "held_back": None}
        if goal is not None:
            row["list_chance"] = {str(y): float(c) for y, c in will.list_chance.loc[unit].items()}
            row["held_back"] = will.held.loc[unit].astype(float).to_dict()
        rows.append(row)
    return rows


def _registration(will: Forecast, row: dict) -> dict:
    return _named(will, row["unit"]) | {
        "level": row["level"],
        "year": row["year"],
        "kind": row["kind"],
        "closes": f"{row['closes']:%Y-%m-%d}",
        "p": _number(row["p"]),
        "p_by_year_end": _number(row["p_by_year_end"]),
        "under_way": row["under_way"],
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _day(day: dt.date | None) -> str | None:
    return None if day is None else f"{day}"
