"""The allocation: its tables, its sentences.

The plan, rules beside it, one commune more, what to relax.
"""

import math
from functools import cached_property

import numpy as np
import pandas as pd

from ..allocation import (
    NONE,
    SAFE,
    conflicts,
    extra_communes,
    near_plans,
    plan_table,
    prices,
    requirements_for_all,
    unlisted_communes,
)
from ..language import OPTIMAL, text, write_date, write_number, write_percent
from ..needs import THOUSAND, spread
from ..scenarios import NOISE
from .chance_words import whole_percent
from .forecast import blocking_sentence
from .frames import Result, answer_table, plain_types
from .need import MONEY, TONNES
from .plan_limits import conflict_lines

UNITS = {"money": MONEY, "cement": TONNES}
PARTS = ["code", "name", "level", "work", "item", "pot", "amount", "unit", "committed"]
PARTS += ["criterion", "year"]
EXTRA = ["code", "name", "year", "planned_year", "money", "cement", "places", "cost"]
EXTRA += ["alike", "p_if_money"]
COMMUNES = ["code", "name", "year", "registered", "late", "cost", "funded", "p", "p_if_money"]
COMMUNES += ["reason"]
STEP = ["pot", "unit", "percent", "added", "communes", "value"]
NO_REASON = {"reason": None}
LEAST_LOSS = 0.05  # communes: a smaller loss is not told


class AllocationResult(Result):
    """Which works to fund in which year, and what one commune more would take.

    Money in million dong, cement in tonnes.

    Attributes
    ----------
    workbook : Workbook
    draws : Allocation
        The plans: arrays on the central case.
    policy : str
        Whose plan is told.
    trial : Trial, optional
        The plans in the forecast's worlds.
    """

    tables = (
        "works",
        "communes",
        "policies",
        "pots",
        "extra_communes",
        "prices",
        "relaxed_prices",
        "limits",
    )

    about = "allocate"
    console = (
        ("policies", "policy finishing broken"),
        ("communes", "name year registered cost funded p"),
        ("pots", "pot unit available funded"),
        ("extra_communes", "year name planned_year money cement places"),
        ("limits", "what amount unit"),
    )

    def __init__(self, draws, policy=OPTIMAL, trial=None, lang="vi"):
        self.workbook, self.draws, self.lang = draws.workbook, draws, lang
        self.policy, self.trial = policy, trial
        self.case = draws.case
        pots, goals = self.workbook.tables["pots"], draws.goals
        self._units = pots.set_index("pot")["measure"].map(UNITS).to_dict()
        self._price = (draws.layout.cement_price or 1.0) * THOUSAND  # of a tonne, thousand dong
        names = goals["unit"].map(self.workbook.all_units["name"])
        self._names = goals.assign(name=names)[["code", "name"]].to_dict("records")

    @property
    def status(self):
        """How the plan was found: proved, cut short, not at all, or by a rule.

        ``optimal``, ``limit`` (the search ended there: see gap), ``infeasible`` or ``rule``.
        """
        if self._conflict:
            return "infeasible"
        return self.draws.best.status if self.policy == OPTIMAL else "rule"

    @property
    def gap(self):
        """How far the plan may be from the best there is, as a part of its value; None: unknown."""
        if self._conflict:
            return None
        best, value = self.draws.best, self.draws.value(self.policy)
        gap = best.gap if self.policy == OPTIMAL else value and (best.bound - value) / value
        return gap and round(gap, 6)

    @cached_property
    def _conflict(self):
        return conflicts(self.draws)

    @cached_property
    def _table(self):
        return plan_table(self.draws, self.policy)

    @answer_table
    def works(self):
        """What the plan pays of each work from each pot, in million dong or tonnes, and when."""
        table = self._table.rename(columns={"commune": "name"})
        number = table["criterion"].where(table["criterion"] > 0)
        table = table.assign(criterion=number, unit=table["pot"].map(self._units))
        return table.iloc[: 0 if self._conflict else None][PARTS]

    @answer_table
    def communes(self):
        """Every commune that is to finish: year, cost and money paid (million dong), why not."""
        return pd.DataFrame(self._communes, columns=COMMUNES)

    @cached_property
    def _communes(self):
        draws, policy = self.draws, self.policy
        money, goals = self._table[~self._table["cement"]], draws.goals
        cost, funded = (
            goals["unit"].map(rows.groupby("unit")["amount"].sum()).fillna(0.0)
            for rows in (money, money[money["year"].notna()])
        )
        slot = draws.plans[policy].slot
        years = {"year": draws.years(policy), "registered": goals["year"]}
        table = pd.DataFrame(years).astype("Int64")
        if self._conflict:
            table["year"] = pd.NA
        late = (slot != NONE) & (slot % 2 == 1)
        table = table.assign(late=late, cost=cost, funded=funded)[draws.ntm]
        reasons = unlisted_communes(draws) if policy == OPTIMAL else {}
        return [
            self._names[goal] | row | self._chances.get(goal, {}) | reasons.get(goal, NO_REASON)
            for goal, row in table.to_dict("index").items()
        ]

    @cached_property
    def _chances(self):
        """By goal the chance in the forecast's worlds, and were all works paid in time."""
        if not self.trial:
            return {}
        will = self.trial.forecasts[OPTIMAL]
        chances = {
            "p": will.of_group(will.in_time),
            "p_if_money": will.of_group(will.in_time_if_all_paid),
        }
        return pd.DataFrame(chances).set_index(will.ntm_goals).to_dict("index")

    @answer_table
    def policies(self):
        """Communes that each rule and the best plan bring, and how many conditions each breaks."""
        draws = self.draws
        return pd.DataFrame(
            {
                "policy": name,
                "finishing": draws.finishing(name),
                "value": draws.value(name),
                "broken": len(plan.broken),
            }
            for name, plan in draws.plans.items()
        )

    @answer_table
    def pots(self):
        """What each pot has by the deadline and the plan pays of it, in million dong or tonnes."""
        paid = self._table[self._table["year"].notna()].groupby("pot")["amount"].sum()
        pots = self.case.sets.pots
        return pd.DataFrame(
            {
                "pot": pots,
                "unit": [self._units[pot] for pot in pots],
                "available": [*map(self._amount, pots, self.draws.available)],
                "funded": [float(paid.get(pot, 0.0)) for pot in pots],
            }
        )

    @answer_table
    def extra_communes(self):
        """What each commune needs beside the plan, by year, the cheapest first.

        Million dong, tonnes of cement, places on the list.
        """
        return pd.DataFrame(self._extra, columns=EXTRA)

    @cached_property
    def _extra(self):
        rows = [] if self._conflict else extra_communes(self.draws).to_dict("records")
        table = []
        for row in rows:
            money, tonnes, by_pot = self._sums(row["more"])
            table.append(
                self._names[row["goal"]]
                | {
                    "year": row["year"],
                    "planned_year": row["planned"],
                    "money": money,
                    "cement": tonnes,
                    "places": row["places"],
                    "cost": row["cost"],
                    "by_pot": by_pot,
                    "alike": row["alike"],
                    "p_if_money": self._chances.get(row["goal"], {}).get("p_if_money"),
                }
            )
        return table

    @answer_table
    def prices(self):
        """Communes that a step more of each short pot buys; the step in million dong or tonnes."""
        steps = [row | row["step"] for row in self._prices if row["step"]]
        return pd.DataFrame(steps, columns=STEP)

    @answer_table
    def relaxed_prices(self):
        """Communes that more of each pot, and a place on a list (no pot), are worth from a year on.

        A billion dong, or a place, is the unit.
        """
        rows = [
            {"pot": row["pot"], "unit": row["unit"], "year": int(year), "worth": worth}
            for row in self._prices
            for year, worth in row["relaxed"].items()
        ]
        return pd.DataFrame(rows, columns=["pot", "unit", "year", "worth"])

    @cached_property
    def _prices(self):
        rows = [] if self._conflict else prices(self.draws)
        for row in rows:
            if step := row["step"]:
                step["added"] = self._amount(row["pot"], step["added"])
        return [row | {"unit": self._units.get(row["pot"], "xã")} for row in rows]

    @answer_table
    def limits(self):
        """What would have to give for all communes to finish.

        By pot in million dong or tonnes; places on lists, months, communes.
        """
        relaxed = self._for_all
        rows = [{"what": row["pot"], **row} for row in relaxed["money"]["by_pot"]]
        rows += [
            {"what": key, "amount": relaxed[key], "unit": unit}
            for key, unit in (("places", "xã"), ("months", "tháng"), ("communes", "xã"))
        ]
        return pd.DataFrame(rows, columns=["what", "amount", "unit"])

    @cached_property
    def _for_all(self):
        what = requirements_for_all(self.draws)
        money, tonnes, by_pot = self._sums(what.pop("more"))
        what["money"] = {"added": money, "tonnes": tonnes, "by_pot": by_pot}
        return what | {"never": [self._names[goal] for goal in what["never"]]}

    def _amount(self, pot, thousand):
        """Thousand dong of a pot in million dong, or in whole tonnes."""
        cement = self._units[pot] == TONNES
        return float(np.ceil(thousand / self._price) if cement else thousand / THOUSAND)

    def _sums(self, more):
        """Money (million dong), tonnes and the pots of what is to be added."""
        by_pot = [
            {"pot": pot, "amount": self._amount(pot, extra), "unit": self._units[pot]}
            for pot, extra in zip(self.case.sets.pots, more, strict=True)
            if extra > 0
        ]
        money, tonnes = (
            sum(row["amount"] for row in by_pot if row["unit"] == unit) for unit in (MONEY, TONNES)
        )
        return money, int(tonnes), by_pot

    def sentence(self, lang=""):
        """How many finish under the plan, whether more could, and what the forecast says of it.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        str
        """
        return allocation_sentence(self.to_dict(), lang or self.lang)

    def notes(self, lang=""):
        """What the plan gains in the forecast, weights, assumptions, what blocks or contradicts.

        Parameters
        ----------
        lang : str, optional
            ``"vi"`` or ``"en"``; default: that of the answer.

        Returns
        -------
        list of str
        """
        lang, record, workbook = lang or self.lang, self.to_dict(), self.workbook
        lines = [*plan_gain_sentences(record, lang), weights_sentence(record, lang)]
        lines += [plan_assumed_sentence(record, lang), blocking_sentence(workbook, record, lang)]
        lines += conflict_lines(workbook, record, lang)
        return [line for line in lines if line]

    def to_dict(self):
        """The allocation in plain Python types, as ``ntm allocate --json`` prints it.

        Returns
        -------
        dict
            ``plan`` is that of the policy, ``year`` null for what it does not list by the deadline;
            the ``gap`` of a rule is to the bound of the best plan.
        """
        return self._record

    @cached_property
    def _record(self):
        draws, case, conflict = self.draws, self.case, self._conflict
        finishing = dict(zip(self.policies["policy"], self.policies["finishing"], strict=True))
        slot = draws.plans[self.policy].slot
        figures = {
            "value": draws.value(self.policy),
            "bound": draws.best.bound,
            "finishing": finishing[self.policy],
            "listed": int((slot != NONE).sum()),
        }
        if conflict:
            figures = dict.fromkeys(figures)
            finishing |= {OPTIMAL: None}
        rules = self.workbook.tables["priorities"]
        names = rules["unit"].map(self.workbook.all_units["name"])
        weights = dict(zip(names, rules["weight"].astype(float), strict=True))
        extra = {}
        for row in self._extra:
            year = extra.setdefault(row["year"], [])
            year.append({key: each for key, each in row.items() if key != "year"})
        return plain_types(
            {
                **self.workbook.heading(),
                "deadline": draws.deadline,
                "policy": self.policy,
                "status": self.status,
                "gap": self.gap,
                "value": figures["value"],
                "bound": figures["bound"],
                "settled": draws.best.settled,
                "n_communes": len(self.workbook.communes),
                "n_finished_now": draws.now,
                "finishing": figures["finishing"],
                "finishing_by_policy": finishing,
                "listed": figures["listed"],
                "places": dict(zip(map(str, case.years), case.places, strict=True)),
                "weights": weights,
                "broken": {name: plan.broken for name, plan in draws.plans.items()},
                "blocking_sources": self._blocking(),
                "pots": self.pots,
                "plan": self.works.rename(columns={"name": "commune"}),
                "communes": self._communes,
                "prices": self._prices,
                "extra_commune": [
                    {"year": year, "cheapest": cheapest, "next": others}
                    for year, (cheapest, *others) in extra.items()
                ],
                "near_plans": [] if conflict else self._near(),
                "relaxations": {
                    "for_all": self._for_all,
                    "conflict": conflict and self._told(conflict),
                },
                "assumed_share": self._assumed(),
                **({"under_uncertainty": _under_uncertainty(self.trial)} if self.trial else {}),
            }
        )

    def _blocking(self):
        """The pots that keep the communes of no list from being paid together."""
        case, plan = self.case, self.draws.plans[OPTIMAL]
        rest = case.demand[case.free, -1].sum(axis=0) - case.room[-1]
        done = not (case.free & (plan.slot == NONE)).any()
        return [] if done or rest.max() <= 0 else case.sets.names(rest.argmax())

    def _near(self):
        goal = self.draws.works["goal"]
        return [
            {key: [self._names[goal] for goal in row[key]] for key in ("without", "instead")}
            | {"communes": row["communes"], "works": int(goal.isin(row["changed"]).sum())}
            for row in near_plans(self.draws)
        ]

    def _told(self, conflict):
        money = {
            pot: None if more is None else self._amount(pot, more)
            for pot, more in conflict["money"].items()
        }
        return conflict | {"money": money}

    def _assumed(self):
        """How much rests on assumptions: of the value of works, of the money that pots bring."""
        rows = self.workbook.tables["envelopes"]
        still = rows["year"] >= self.workbook.as_of.year
        rows = rows[still & (rows["pot"].map(self._units) == MONEY)]
        money = self._table[~self._table["cement"]]
        return {"claims": _assumed_share(money), "money": _assumed_share(rows)}


def _assumed_share(rows):
    whole, assumed = (part["amount"].sum() for part in (rows, rows[rows["mark"] != "reported"]))
    return float(assumed / whole) if whole else None


def _under_uncertainty(trial):
    """The plans in the forecast's worlds."""
    from scipy.stats import sem  # slow to load, and only a plan needs it

    own, plans = trial.forecasts["own"].finishing, {}
    for name, will in trial.forecasts.items():
        more = will.finishing - own
        plans[name] = {
            "finishing": spread(will.finishing),
            "p_basically_all": float((will.finishing >= will.n_basically_all).mean()),
            "beyond_own": float(more.mean()),
            "se": float(sem(more)) if len(more) > 1 else None,
        }
    best = trial.forecasts[OPTIMAL]
    unlimited = best.in_time_if_all_paid
    mean = len(best.now) + float(unlimited.sum(axis=0).mean())
    return {
        "draws": best.simulation.draws,
        "seed": best.simulation.seed,
        "chosen": {"plan": SAFE, "margin": trial.chosen, "by_chance": False},
        "tried": [
            {"margin": margin, "by_chance": False, "mean": mean}
            for margin, mean in trial.means.items()
        ],
        "plans": plans,
        "unlimited": {"mean": mean, "p_all": float(unlimited.all(axis=0).mean())},
    }


def allocation_sentence(record, lang):
    """How many communes finish under the plan, in a sentence or a few.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    day = write_date(record["deadline"], lang)
    if record["status"] == "infeasible":
        return text("allocation_infeasible", lang, day=day)
    details = {
        "n": write_number(record["finishing"], lang, 1),
        "total": record["n_communes"],
        "now": record["n_finished_now"],
        "day": day,
    }
    if record["status"] == "rule":
        best = write_number(record["finishing_by_policy"]["optimal"], lang, 1)
        return text(
            "allocation_verdict_rule",
            lang,
            policy=text(f"policy_{record['policy']}", lang),
            best=best,
            **details,
        )
    proof = text("allocation_proved_weighted" if record["weights"] else "allocation_proved", lang)
    if record["status"] != "optimal":
        more = write_number(record["bound"] - record["value"], lang, 2)
        proof = text("allocation_open", lang, more=more, gap=write_percent(record["gap"], lang))
    beyond = round(record["finishing"] - record["finishing_by_policy"]["own"], 1)
    compared = text(
        "allocation_beyond" if beyond > 0 else "allocation_same",
        lang,
        beyond=write_number(beyond, lang, 1),
    )
    sentence = text(
        "allocation_verdict", lang, proof=proof, beyond=compared, listed=record["listed"], **details
    )
    if not (tried := record.get("under_uncertainty")):
        return sentence
    best, own = (tried["plans"][name] for name in ("optimal", "own"))
    mean, other = (write_number(plan["finishing"]["mean"], lang, 1) for plan in (best, own))
    sentence += " " + text(
        "allocation_verdict_forecast",
        lang,
        mean=mean,
        own=other,
        range=finishing_range(best["finishing"]),
    )
    if not record["settled"]:
        sentence += " " + text("allocation_unsettled", lang)
    return sentence + (
        " " + text("allocation_worse", lang)
        if best["beyond_own"] < -max(LEAST_LOSS, NOISE * (best["se"] or 0.0))
        else ""
    )


def finishing_range(figures):
    """The usual range P10-P90 of the number of communes finishing, in whole communes.

    Parameters
    ----------
    figures : dict of str to float
        With p10 and p90, communes.

    Returns
    -------
    str
        One number where both ends round to it.

    Examples
    --------
    >>> finishing_range({"p10": 24.0, "p90": 32.6}), finishing_range({"p10": 29.8, "p90": 30.2})
    ('24-33', '30')
    """
    return "-".join(dict.fromkeys(str(round(figures[q])) for q in ("p10", "p90")))


def plan_gain_sentences(record, lang):
    """What the optimal plan gains in the forecast, and what the plan with a margin does.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
        Empty where the plans were not tried in the forecast's worlds.
    """
    tried = record.get("under_uncertainty")
    if not tried:
        return []
    best = tried["plans"]["optimal"]
    beyond, error = best["beyond_own"], best["se"] or 0.0
    digits = max(2, -math.floor(math.log10(error))) if error else 2
    details = {
        "beyond": write_number(beyond, lang, digits),
        "se": write_number(error, lang, digits),
    }
    margins = [row["margin"] for row in tried["tried"]]
    chosen = tried["chosen"]
    safe = {
        "n": len(margins),
        "least": whole_percent(1 - max(margins)),
        "margin": text("allocation_no_margin", lang),
    }
    if chosen["margin"]:
        safe["margin"] = text("allocation_margin", lang, share=whole_percent(chosen["margin"]))
    safe["mean"] = write_number(tried["plans"][chosen["plan"]]["finishing"]["mean"], lang, 1)
    return [
        text(
            "allocation_tested" if beyond > NOISE * error else "allocation_tested_less",
            lang,
            draws=write_number(tried["draws"], lang),
            **details,
        ),
        text("allocation_safe", lang, **safe),
    ]


def weights_sentence(record, lang):
    """Which communes count for how much, and the plan's weighted value.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" where all communes count the same.
    """
    if not record["weights"] or record["value"] is None:
        return ""
    names = ", ".join(
        f"{name}: {write_number(weight, lang)}" for name, weight in record["weights"].items()
    )
    return text(
        "allocation_weights", lang, names=names, value=write_number(record["value"], lang, 2)
    )


def plan_assumed_sentence(record, lang):
    """How much of the plan rests on assumptions.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    if record["illustrative"]:
        return text("forecast_invented", lang)
    shares = {
        k: "..." if v is None else whole_percent(v) for k, v in record["assumed_share"].items()
    }
    return text("allocation_assumed", lang, **shares)


def broken_rules_words(record, policy, lang):
    """Which conditions the plan of a policy breaks.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    policy : str
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        Where there are none, that the plan keeps all conditions.
    """
    rules = list(dict.fromkeys(row["rule"] for row in record["broken"].get(policy, [])))
    if not rules:
        return text("conditions_kept", lang)
    return text(
        "allocation_breaks", lang, rules=", ".join(text(f"rule_{rule}", lang) for rule in rules)
    )
