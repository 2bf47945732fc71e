"""Will every commune finish by the deadline: what the worlds of a run say, and how sure that is.

In this order: how many finish with the usual range, P(basically all), P(all); then each commune with its dates and last
criterion, registrations and pledges, what dependence does, the weakest links, what money alone does not mend.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..finishing import Run, simulate
from ..need.need import spread
from ..pace import Naive, naive
from ..recognition import RANKS, levels
from ..scenarios.scenario import heading
from ..schedule import deadline_of
from ..workbook import Workbook
from .scoring import wilson


@dataclass(frozen=True)
class Forecast:
    """A run and what follows from it. ``communes``: unit numbers in administrative order; ``now``: the finished ones,
    recognised NTM or higher."""

    workbook: Workbook
    run: Run
    day: dt.date
    level: pd.DataFrame

    @property
    def communes(self) -> list[int]:
        return self.level.index.tolist()

    @cached_property
    def now(self) -> list[int]:
        return self.level.index[self.level["level"] != "not_ntm"].tolist()

    @cached_property
    def open_(self) -> np.ndarray:
        """The NTM goals: communes that are not NTM yet."""
        return np.flatnonzero(self.run.goals["level"] == "ntm")

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

    @cached_property
    def p(self) -> pd.Series:
        """The chance of each commune by the deadline, by unit; 1 for one finished now."""
        made = pd.Series(1.0, index=self.communes)
        made[self.run.goals.loc[self.open_, "unit"]] = self.in_time.mean(axis=1)
        return made

    @cached_property
    def bands(self) -> pd.Series:
        """The band of each commune that is not finished: communes of which the same is known share one; 1 is the likeliest."""
        plan, facts = self.run.plan, self.run.plan.facts
        works, targets, debts = plan.by_level["ntm"], self.workbook.tables["targets"], self.workbook.tables["debts"]
        columns = ["criterion", "item", "low", "quantity", "high", "left", "committed", "year"]
        own = {unit: part[columns].to_csv(index=False) for unit, part in works.groupby("unit")}
        served = set(self.workbook.tables["envelopes"]["served"]) - {""}
        trends, keys = plan.trends.drop(columns="at"), []
        trend = {at: part.to_csv(index=False) for at, part in trends.groupby(plan.trends["at"])}
        none = trends.iloc[:0].to_csv(index=False)
        told = [
            {unit: tuple(sorted(zip(*(part[c] for c in columns), strict=True))) for unit, part in table.groupby("unit")}
            for table, columns in ((targets, ("level", "kind", "year")), (debts, ("criterion", "amount")))
        ]
        for i, unit in enumerate(facts.units):
            prior = facts.prior[i]
            known = [facts.lacking[i].tobytes(), facts.open_[i].tobytes(), int(facts.number[i]), facts.now[i].tobytes()]
            known += [b"" if prior is None else prior.tobytes(), own.get(unit, "")]
            known += [rows.get(unit, ()) for rows in told]
            known.append(trend.get(i, none))
            known += [facts.codes[i] if facts.codes[i] in served else "", self.workbook.units.loc[unit, "district"]]
            keys.append(repr(known))
        mean = self.p[facts.units].groupby(keys).mean() if keys else pd.Series(dtype=float)
        order = {key: place for place, key in enumerate(mean.sort_values(ascending=False, kind="stable").index, start=1)}
        return pd.Series([order[key] for key in keys], index=facts.units, dtype=int)

    @cached_property
    def last(self) -> pd.DataFrame:
        """In what share of worlds a criterion is (one of) the last to be met: communes x criteria."""
        facts = self.run.plan.facts
        return pd.DataFrame(self.run.counts["last"] / self.run.draws, index=facts.units, columns=facts.numbers)

    def dates(self, goal: int) -> dict[str, str | None]:
        """The days by which 10, 50, 90 % of worlds have reached a goal; null beyond the end of the term (or the deadline, if
        later), because nothing is known of the money after it."""
        binding = self.run.signed if self.run.finish == "signed" else self.run.months
        plan = self.run.plan
        last = max(self.run.deadline, plan.month_of(self.workbook.meta["term_end"]["date"]))
        found = spread(binding[goal].astype(np.int64))
        return {f"{q}_date": f"{plan.end_of(found[q]):%Y-%m-%d}" if found[q] <= last else None for q in ("p10", "p50", "p90")}

    def over_time(self) -> pd.DataFrame:
        """How many communes have finished by the end of each quarter: day, p10, p50, p90, mean."""
        binding = self.run.signed if self.run.finish == "signed" else self.run.months
        first = 3 - (self.workbook.as_of.month - 1) % 3 - 1
        rows = []
        for month in sorted({0, *range(first, self.run.deadline, 3), self.run.deadline}):
            found = spread(len(self.now) + (binding[self.open_] <= month).sum(axis=0))
            rows.append({"day": self.run.plan.end_of(month), **found})
        return pd.DataFrame(rows)

    def closing_day(self, year: int) -> pd.Timestamp:
        """The last day on which a commune registered for a year may meet its criteria and still count for it."""
        return pd.Timestamp(year=year, month=12, day=31) + pd.offsets.MonthEnd(int(self.run.plan.rules["dossier_closes"]))

    def registrations(self) -> pd.DataFrame:
        """Every planned target and pledge: unit, level, year, kind, closes, p (by that day), p_by_year_end, p_unlimited (by
        that day, with money without limit), goal; p is 1 for a level that is recognised already; NaN, and goal -1, where
        none stands in the queue."""
        goals = {(u, level): g for g, (u, level) in enumerate(zip(self.run.goals["unit"], self.run.goals["level"], strict=True))}
        rows, plan = [], self.run.plan
        targets = self.workbook.tables["targets"]
        for _, row in targets[targets["unit"].isin(self.communes)].iterrows():
            closes, goal = self.closing_day(int(row["year"])), goals.get((row["unit"], row["level"]))
            reached = RANKS.index(self.level.loc[row["unit"], "level"]) >= RANKS.index(row["level"])
            p = [1.0 if reached else np.nan] * 2 + [np.nan]
            if goal is not None:
                days = (closes, pd.Timestamp(year=int(row["year"]), month=12, day=31))
                p = [float((self.run.months[goal] <= plan.month_of(day)).mean()) for day in days]
                p.append(float((self.run.unlimited[goal] <= plan.month_of(closes)).mean()))
            cells = (row["unit"], row["level"], int(row["year"]), row["kind"], closes, *p)
            rows.append((*cells, self._under_way(row["unit"], row["level"]), -1 if goal is None else goal))
        columns = ["unit", "level", "year", "kind", "closes", "p", "p_by_year_end", "p_unlimited", "under_way", "goal"]
        return pd.DataFrame(rows, columns=columns)

    def _under_way(self, unit: int, level: str) -> bool:
        works = self.workbook.tables["works"]
        mine = works[(works["unit"] == unit) & (works["level"] == level) & (works["state"] != "done")]
        return bool((mine["percent_done"].fillna(0) > 0).any())

    def weakest(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The weakest links: communes, criteria. Of the worlds in which not all finish: the share in which it is unfinished,
        and in which it alone is."""
        fails = ~self.in_time.all(axis=0)
        n = max(1, int(fails.sum()))
        late = ~self.in_time[:, fails]
        alone = late & (late.sum(axis=0) == 1)
        units = self.run.goals.loc[self.open_, "unit"]
        communes = pd.DataFrame({"unfinished": late.sum(axis=1) / n, "alone": alone.sum(axis=1) / n}, index=units)
        counts = {name: self.run.counts[key] / n for name, key in (("unfinished", "late"), ("alone", "alone"))}
        criteria = pd.DataFrame(counts, index=self.run.plan.facts.numbers)
        return tuple(t.sort_values(["unfinished", "alone"], ascending=False, kind="stable") for t in (communes, criteria))

    def ask_first(self) -> pd.DataFrame:
        """The unknown states whose answer moves the number finishing most: band, criterion, effect (communes more on
        average where the communes of the band meet it), size = how far an answer moves the expected number (standard
        deviation); only what stands out of the draws."""
        counts, facts, draws = self.run.counts, self.run.plan.facts, self.run.draws
        lacking, total = counts["lacking"], float((self.finishing - len(self.now)).sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            effect = (total - counts["finishing"]) / (draws - lacking) - counts["finishing"] / lacking
            size = effect * np.sqrt(lacking * (draws - lacking)) / draws
        table = pd.DataFrame({
            "band": np.repeat(self.bands.to_numpy(), len(facts.numbers)), "criterion": np.tile(facts.numbers, len(facts.units)),
            "effect": effect.ravel(), "size": size.ravel(),
        })  # fmt: skip
        found = (
            table.dropna()
            .groupby(["band", "criterion"], as_index=False)
            .agg(effect=("effect", "mean"), size=("size", "mean"), communes=("size", "size"))
        )
        noise = 3 * self.finishing.std() / np.sqrt(draws * found["communes"])
        return found[found["size"] > noise].sort_values("size", ascending=False, kind="stable").reset_index(drop=True)

    def pots_without_money(self) -> list[str]:
        """Pot instances that works draw on and that bring nothing after the as-of date: whoever needs them never finishes."""
        envelopes = self.run.layout.envelopes
        rows = zip(envelopes.names, envelopes.amounts, envelopes.profiles, strict=True)
        held = {name for name, amount, shares in rows if amount * shares.sum() > 0}
        return [line.instance for line in self.run.layout.lines if line.instance not in held]

    def naive(self) -> Naive:
        """The rule of today: the average pace since the programme began, as a date and as a Poisson number."""
        start = dt.date(int(self.run.plan.rules["programme_start"]) - 1, 12, 31)
        return naive(len(self.now), len(self.communes), start, self.workbook.as_of, self.day)

    def fails_set_in_force(self) -> float:
        """The chance that a recognised commune fails the set in force, all its criteria being lost or kept apart; NaN where
        none changed."""
        facts = self.run.plan.facts
        return float(1 - np.prod(1 - facts.lost)) if facts.set_id != facts.reported_in else float("nan")


def forecast(
    workbook: Workbook, *, policy: str = "own", deadline: dt.date | None = None, finish: str = "met", draws: int = 10_000,
    seed: int = 2022,
) -> Forecast:  # fmt: skip
    """The forecast of a data set. ``deadline``: default the end of the term, or a scenario's own; ``finish``: whether it
    binds the criteria met (``met``) or the decision (``signed``). Raises ValueError for a policy, finish or number of
    draws that is none, :class:`DataProblems` for a deadline not after the as-of date and for what a forecast
    needs and was not known.

    >>> found = forecast(Workbook.open("data/thanh-chuong"), draws=200)
    >>> len(found.now), len(found.communes), found.basically
    (22, 37, 36)
    """
    if finish not in ("met", "signed") or draws < 1:
        raise ValueError(f"finish={finish!r}, draws={draws}: met or signed; at least 1")
    day = deadline_of(workbook, deadline)
    return Forecast(workbook, simulate(workbook, draws, seed, policy=policy, deadline=day, finish=finish), day, levels(workbook))


def record(found: Forecast, scenario: str = "baseline", title: dict[str, str] | None = None) -> dict:
    """The forecast in plain Python types, as ``ntm forecast --json`` prints it. Probabilities are 0..1, days ISO, null where
    fewer worlds get there. ``scenario``, ``title``: of the scenario that the workbook is."""
    run, workbook, n = found.run, found.workbook, found.run.draws
    p, units = found.p, workbook.units
    everyone, enough = (int((found.finishing >= k).sum()) for k in (len(found.communes), found.basically))
    signed_each = run.signed[found.open_] <= run.deadline
    met, signed = ((months[found.open_] <= run.deadline).all(axis=0) for months in (run.months, run.signed))
    goal_of = {unit: g for g, unit in zip(found.open_, run.goals.loc[found.open_, "unit"], strict=True)}
    names = workbook.law.criteria_of(run.plan.facts.set_id)
    share = p.to_numpy()
    communes = []
    for unit in found.communes:
        row = {"name": units.loc[unit, "name"], "code": units.loc[unit, "code"], "p": float(p[unit])}
        if (goal := goal_of.get(unit)) is None:
            row |= {
                "p_met": 1.0,
                "p_signed": 1.0,
                "p10_date": None,
                "p50_date": None,
                "p90_date": None,
                "last_criterion": None,
                "band": None,
            }
            communes.append(row | {"finished": True, "p_unlimited": 1.0})
            continue
        last = found.last.loc[unit]
        both = {f"p_{k}": float((m[goal] <= run.deadline).mean()) for k, m in (("met", run.months), ("signed", run.signed))}
        row |= both | found.dates(goal)
        row |= {
            "last_criterion": int(last.idxmax()) if last.max() > 0 else None,
            "band": int(found.bands[unit]),
            "finished": False,
        }
        communes.append(row | {"p_unlimited": float((run.unlimited[goal] <= run.latest[goal]).mean())})
    figures = spread(found.finishing)
    links, criteria = found.weakest()
    gained, missing = run.counts["gained"].tolist()
    line = found.naive()
    return {
        **heading(workbook, scenario, title),
        "set": run.plan.facts.set_id,
        "policy": run.plan.policy,
        "deadline": f"{found.day}",
        "finish": run.finish,
        "draws": n,
        "seed": run.seed,
        "n_communes": len(found.communes),
        "n_finished_now": len(found.now),
        "finishing": figures | {"distribution": {
            str(k): int(c) / n for k, c in enumerate(np.bincount(found.finishing, minlength=1)) if c
        }},
        "finishing_signed": spread(len(found.now) + signed_each.sum(axis=0)),
        "basically_all": found.basically,
        "basically_share": run.plan.rules["basically"] / 100,
        "p_basically_all": enough / n,
        "p_basically_all_ci": list(wilson(enough, n)),
        "p_all": everyone / n,
        "p_all_se": float(np.sqrt(everyone / n * (1 - everyone / n) / n)),
        "p_all_ci": list(wilson(everyone, n)),
        "p_all_met": float(met.mean()),
        "p_all_signed": float(signed.mean()),
        "p_basically_all_signed": float((len(found.now) + signed_each.sum(axis=0) >= found.basically).mean()),
        "p_all_if_independent": float(np.prod(share)),
        "sd": float(found.finishing.std()),
        "sd_if_independent": float(np.sqrt((share * (1 - share)).sum())),
        "communes": communes,
        "registrations": [
            {"name": units.loc[r["unit"], "name"], "code": units.loc[r["unit"], "code"], "level": r["level"], "year": r["year"],
             "kind": r["kind"], "closes": f"{r['closes']:%Y-%m-%d}", "p": _number(r["p"]),
             "p_by_year_end": _number(r["p_by_year_end"]),
             "under_way": r["under_way"]}
            for r in found.registrations().to_dict("records")
        ],
        "weakest": {
            "communes": [
                {"name": units.loc[u, "name"], "code": units.loc[u, "code"], **row} for u, row in links.to_dict("index").items()
            ],
            "criteria": [
                {"criterion": int(c), "name": names.loc[c, "name_vi"], "name_en": names.loc[c, "name_en"], **row}
                for c, row in criteria.to_dict("index").items() if row["unfinished"] > 0
            ],
        },
        "ask_first": [
            {"band": int(r["band"]), "criterion": int(r["criterion"]), "effect": float(r["effect"]), "size": float(r["size"])}
            for r in found.ask_first().head(10).to_dict("records")
        ],
        "first_year": {
            "criteria_met_share": gained / missing if missing else None,
            "published_share": float(1 - np.exp(-run.plan.pace.hazard)),
            "published_low": float(1 - np.exp(-run.plan.pace.low)),
            "published_high": float(1 - np.exp(-run.plan.pace.high)),
        },
        "naive": {"yearly": line.yearly, "date": line.date and f"{line.date}", "expected": line.expected, "p_all": line.p_all},
        "recognised_fail_set_in_force": _number(found.fails_set_in_force()),
        "pots_without_money": found.pots_without_money(),
        "price_of_promise": None,
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
