"""Who may stand on which year's list and in which order: what is the same in every world.

A goal is a commune and a level: NTM for every commune that is not NTM yet, and each higher level
that the district has registered. A reported list is the whole list of its year. A policy sees
reported and expected values alone and orders those who are on no reported list.
"""

from collections import namedtuple
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from ..data import (
    ASSUMPTION_BOUNDS,
    LAST_MONTH_OF_LATE_LIST,
    MONEY_TABLES,
    lacking_assumptions,
)
from ..language import POLICIES
from ..needs import (
    DEBT,
    MEANS,
    THOUSAND,
    KnownStates,
    PriceList,
    Prices,
    communes_in_need,
    demand,
    expected_lacks,
    facts_ntm,
    missing_higher,
    must_be_known,
    newest_debts,
    pert_mean,
    usual_missing,
    works_not_needed,
    works_of,
)
from ..standing import assess, fall_warnings
from ..tables import DataProblemsError, Problem

# What tells anything of communes; where all are silent, an area runs as counts.
DESCRIBING = ("criterion_states", "criterion_counts", "indicator_values", "works", "targets")
COMMITTED = ("debt", "plan", "carried_over")  # works that are paid before all others

# What each policy puts first among those who are on no reported list; the commune's own count of
# missing criteria decides between equals, then a draw of commune and world.
ORDERS = {
    "own": lambda goals: goals["missing"] * 0.0,
    "closest": lambda goals: goals["missing"],
    "cheapest": lambda goals: goals["cost"],
}


class Span(namedtuple("Span", "year first last fraction")):
    """A year of the cycle, or the part of one that still counts.

    Parameters
    ----------
    year : int
        The calendar year whose list it is.
    first, last : int
        In months after the as-of month: money from ``first`` on, finishing counts in ``last``.
    fraction : float
        The part of a whole year of listing, 0..1: its months, of 12. Of the reported list of the
        as-of year 1, however late in the year, unless a deadline inside the year divides it; of
        the late list of the year before 1.
    """


class Schedule(
    namedtuple(
        "Schedule",
        "workbook policy goals works facts expected missing spans deadline deadline_month "
        "rules described",
    )
):
    """Goals, reported lists and works of a data set under a policy.

    Attributes
    ----------
    workbook : Workbook
    policy : str
    goals : DataFrame
        A row a goal: unit, code, level, year (of its reported list, else NaN), pledge (year
        pledged, else NaN), missing (expected number of criteria), cost (expected, million dong),
        order (what the policy puts first is lowest).
    works : dict of str to DataFrame
        By level, as :func:`ntm_analysis.needs.works.works_of` gives them.
    facts, expected : KnownStates, ndarray
        What is known of the NTM level, and the expected lacks (NTM goals x criteria).
    missing : dict of str to MissingDraws
        By level, one world: of NTM everything that may be lacking (each run draws its own), of a
        higher level what stands for all worlds.
    spans : list of Span
        The years of the cycle up to the horizon, in order.
    deadline, deadline_month : date, int
        The deadline, and the same in months after the as-of month.
    rules : dict of str to float
        Assumptions by key.
    described : bool
        Whether anything is known of the communes but who is NTM; if not, they run as counts.
    """

    @property
    def ntm(self):
        """Which goals are the NTM level: bool, goals."""
        return (self.goals["level"] == "ntm").to_numpy()

    @property
    def as_of_month(self):
        """Month number of the as-of month, as the evidence has it: 12 * year + month."""
        return 12 * self.workbook.as_of.year + self.workbook.as_of.month

    def end_of(self, month):
        """The last day of a month of the run.

        Parameters
        ----------
        month : int
            After the as-of month.

        Returns
        -------
        Timestamp
            At midnight.
        """
        return (pd.Period(self.workbook.as_of, "M") + int(month)).end_time.normalize()


def month_of(as_of, day):
    """Months from the as-of month to a day; one less where the day does not close its month.

    Parameters
    ----------
    as_of, day : date

    Returns
    -------
    int

    Examples
    --------
    >>> from datetime import date
    >>> month_of(date(2022, 3, 31), date(2025, 12, 31))
    45
    """
    closes = pd.Timestamp(day).is_month_end
    return (day.year - as_of.year) * 12 + day.month - as_of.month - (not closes)


def spans(as_of_month, ends, reported=()):
    """The years of the cycle from a month on; each of ``ends`` closes a span, as Decembers do.

    Parts of years count by months; a reported list of the as-of year is a whole one where no end
    divides the rest of the year. Before July a reported list of the year before is judged first;
    its span overlaps the next one, which begins in the as-of month too.

    Parameters
    ----------
    as_of_month : int
        Month number: 12 * year + month.
    ends : list of int
        In months after the as-of month.
    reported : collection of int
        Years with a reported list.

    Returns
    -------
    list of Span

    Examples
    --------
    >>> [(s.year, s.last, s.fraction) for s in spans(12 * 2022 + 3, [15], {2022})]
    [(2022, 9, 1.0), (2023, 15, 0.5)]
    """
    this = (as_of_month - 1) // 12
    begun = as_of_month - 12 * this
    years = []
    if this - 1 in reported and begun <= LAST_MONTH_OF_LATE_LIST:
        years.append(Span(this - 1, 0, LAST_MONTH_OF_LATE_LIST - begun, 1.0))
    first = 0
    for last in sorted({*ends, *range(12 - begun, max(ends), 12)}):
        whole = last == 12 - begun and this in reported
        if last > first or whole:
            fraction = 1.0 if whole and not first else (last - first) / 12
            years.append(Span((as_of_month + last - 1) // 12, first, last, fraction))
            first = last
    return years


def schedule(workbook, policy="own", deadline=None):
    """The goals, lists and works of a data set, in the order of ``policy``.

    Parameters
    ----------
    workbook : Workbook
        The data set, or a scenario of it.
    policy : str
        One of :data:`ntm_analysis.language.parameters.POLICIES`.
    deadline : date, optional
        Default: the scenario's own, or the end of the term.

    Returns
    -------
    Schedule

    Raises
    ------
    ValueError
        For a policy that is none.
    DataProblemsError
        With everything that a forecast needs and that was not known, all at once.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> one = schedule(Workbook.open("data/thanh-chuong"))
    >>> one.goals["level"].value_counts().to_dict(), [span.year for span in one.spans]
    ({'ntm': 15, 'advanced': 3, 'model': 1}, [2022, 2023, 2024, 2025])
    """
    if policy not in POLICIES:
        raise ValueError(f"policy={policy!r}: {', '.join(POLICIES)}")
    deadline, as_of = deadline_of(workbook, deadline), workbook.as_of
    units = communes_in_need(workbook, "ntm")["ntm"]
    higher = {k: v for k, v in communes_in_need(workbook, "registered").items() if k != "ntm"}
    described = any(higher.values()) or any(
        workbook.tables[name]["unit"].isin(units).any() for name in DESCRIBING
    )
    try:
        facts = facts_ntm(workbook, units) if described else _no_facts(workbook, units)
    except (
        DataProblemsError
    ) as error:  # which works there are cannot be told: all listed ones lack it
        items = {*workbook.tables["works"]["item"], *workbook.tables["typical_works"]["item"]}
        raise DataProblemsError([*error.problems, *_lacking(workbook, items)]) from None
    if any(f"{name}.csv" in workbook.left_out for name in MONEY_TABLES):
        must_be_known(workbook)
    expected = expected_lacks(facts)
    missing = {"ntm": usual_missing(facts)._replace(lacks=(expected > 0)[:, :, None])}
    missing |= {
        level: missing_higher(workbook, level, them) for level, them in higher.items() if them
    }
    works = {level: works_of(workbook, lacks, level) for level, lacks in missing.items()}
    if problems := _lacking(workbook, {i for table in works.values() for i in table["item"]}):
        raise DataProblemsError(problems)
    goals = _goals(workbook, missing, works, expected)
    reported = goals.loc[goals["level"] == "ntm", "year"].dropna().astype(int)
    deadline_month, term_month = (
        month_of(as_of, each) for each in (deadline, workbook.meta["term_end"]["date"])
    )
    years = spans(
        12 * as_of.year + as_of.month,
        [deadline_month, max(deadline_month, term_month)],
        set(reported),
    )
    rules = workbook.tables["assumptions"].set_index("key")["value"].to_dict()
    unordered = Schedule(
        workbook,
        policy,
        goals,
        works,
        facts,
        expected,
        missing,
        years,
        deadline,
        deadline_month,
        rules,
        described,
    )
    return by_policy(unordered, policy)


def _no_facts(workbook, units):
    """What is known of communes that nobody has described: no criterion is looked at."""
    set_id = workbook.judging_set
    numbers = workbook.law.criteria_of(set_id).index.to_numpy()
    none = np.zeros((len(units), len(numbers)), dtype=bool)
    return KnownStates(
        set_id,
        set_id,
        [*units],
        workbook.units.loc[units, "code"].tolist(),
        numbers,
        none,
        none,
        np.full(len(units), -1),
        [None] * len(units),
        np.ones(len(numbers)),
        np.zeros(len(numbers)),
        np.full(none.shape, -1, dtype=np.int8),
    )


def by_policy(schedule, policy, order=None):
    """The same goals in the order of another policy.

    Parameters
    ----------
    schedule : Schedule
    policy : str
    order : Series, optional
        By goal, of a policy that is not a rule: the lowest comes first.

    Returns
    -------
    Schedule
    """
    if order is None:
        order = ORDERS.get(policy, ORDERS["own"])(schedule.goals)
    return schedule._replace(policy=policy, goals=schedule.goals.assign(order=order.astype(float)))


def deadline_of(workbook, deadline=None):
    """The deadline: as given, else the workbook's.

    Parameters
    ----------
    workbook : Workbook
    deadline : date, optional

    Returns
    -------
    date

    Raises
    ------
    DataProblemsError
        Where no whole month lies between the deadline and the as-of date.
    """
    day = deadline or workbook.last_day
    if month_of(workbook.as_of, day) < 1:
        details = {"day": f"{day:%d/%m/%Y}", "as_of": f"{workbook.as_of:%d/%m/%Y}"}
        own = f"{workbook.scenario_id}.yaml" if workbook.deadline else "dataset.yaml"
        place = "--deadline" if deadline else own
        raise DataProblemsError([Problem("deadline_past", place, details=details)])
    return day


def weights(schedule):
    """What each unit weighs, against those that draw on the same money, in pots that are split.

    Parameters
    ----------
    schedule : Schedule

    Returns
    -------
    Series
        By unit.
    """
    if schedule.policy != "decree":
        return Series(1.0, schedule.goals["unit"].unique())
    facts, rules = schedule.facts, schedule.rules
    counted = (facts.number >= 0) | ~facts.open_.any(axis=1)
    # As reported, whatever the new set took.
    reported = (~facts.lacking & ~facts.open_).sum(axis=1) + np.maximum(facts.number, 0)
    met = np.where(counted, reported, len(facts.numbers) - schedule.expected.sum(axis=1))
    coefficient = Series(rules["coefficient_ntm"], schedule.workbook.communes.index)
    under, over = rules["coefficient_under_15"], rules["coefficient_15_18"]
    coefficient[facts.units] = np.where(met < 15, under, over)
    return coefficient


def split_pots(workbook, policy):
    """The ids of the pots that a policy splits among communes; none where it is an order.

    Parameters
    ----------
    workbook : Workbook
    policy : str

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> sorted(split_pots(Workbook.open("data/thanh-chuong"), "decree"))
    ['nstw-dt', 'nstw-sn']
    """
    pots = workbook.tables["pots"]
    money = pots[pots["measure"] == "money"]
    split = {"equal": money, "decree": money[money["fund"] == "nstw"]}.get(policy, money[:0])
    return frozenset(split["pot"])


def _lacking(workbook, items):
    """Everything that a forecast of works of these items needs and that was not known."""
    tables, rules = workbook.tables, workbook.tables["assumptions"]
    problems = lacking_assumptions(rules)
    if len(tables["debts"]):
        items = items | {DEBT}
        if DEBT not in set(tables["parts"]["item"]):
            problems.append(Problem("no_debt_parts", "parts.csv", details={"item": DEBT}))
    for item in sorted(items - set(tables["durations"]["item"])):
        problems.append(Problem("no_duration", "durations.csv", details={"item": item}))
    if workbook.as_of.year > tables["prices"]["year"].max():
        details = {"years": f"{workbook.as_of.year}"}
        problems.append(Problem("no_price", "prices.csv", details=details))
    last = workbook.as_of.year - 1  # which may be earlier than the data set's own
    late = rules.query("key == 'programme_start' and value > @last")
    for row, year in zip(late["row"], late["value"], strict=True):
        details = {
            "value": f"{year:g}",
            "low": ASSUMPTION_BOUNDS["programme_start"][0],
            "high": last,
        }
        problems.append(Problem("out_of_range", "assumptions.csv", int(row), "value", details))
    return problems


def _goals(workbook, missing, works, expected):
    """One row a goal, by level, then in administrative order."""
    usual, tables = _usual_costs(workbook), []
    for level, lacks in missing.items():
        chances = expected if level == "ntm" else lacks.lacks[:, :, 0]
        # By criterion of works: first those claimed in any case.
        chances = np.column_stack([np.ones(len(lacks.units)), chances])
        table, criteria = works[level], [-1, *lacks.numbers]
        chance = chances[table["at"], np.searchsorted(criteria, table["criterion"])]
        size = pert_mean(table.rename(columns={"quantity": "mode"})) * table["left"]
        money = (size * table["item"].map(usual) * chance).astype(float)
        of_level = {
            "unit": lacks.units,
            "code": workbook.units.loc[lacks.units, "code"],
            "level": level,
            "missing": chances[:, 1:].sum(axis=1),
            "cost": np.bincount(table["at"], money, minlength=len(lacks.units)),
        }
        tables.append(DataFrame(of_level))
    goals = pd.concat(tables, ignore_index=True)
    debts = newest_debts(workbook).groupby("unit")["amount"].sum()
    goals["cost"] += goals["unit"].map(debts).where(goals["level"] == "ntm").fillna(0.0)
    keys, targets = ["unit", "level"], workbook.tables["targets"]
    years = targets.groupby([*keys, "kind"])["year"].min().unstack()
    years = years.reindex(pd.MultiIndex.from_frame(goals[keys]), columns=["plan", "pledge"])
    goals[["year", "pledge"]] = years.to_numpy(dtype=float)
    # The same cost summed in another order shall not come first.
    return goals.round({"missing": 6, "cost": 6})


def _usual_costs(workbook):
    """The mean unit cost of each item in prices of the as-of year, million dong."""
    prices = Prices(PriceList(workbook), workbook.as_of.year, 1, MEANS)
    return {item: prices.cost(item)[0] / THOUSAND for item in prices.tables.costs}


# --- what is to be looked at in a data set --------------------------------------------------------


def contradictions(workbook):
    """What a data set says against itself.

    Lists against counts, states against indicators, cumulative progress that falls.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    list of Problem
    """
    names = ("indicator_values", "criterion_states", "criterion_counts")
    sets = sorted({set_id for name in names for set_id in workbook.tables[name]["set"]})
    against = [problem for each in sets for problem in assess(workbook, each).contradictions]
    return against + fall_warnings(workbook)


def check_warnings(workbook):
    """Every warning of the check.

    What the need or forecast lacks is reported here as a warning, not first as an error when an
    answer is asked for.

    Parameters
    ----------
    workbook : Workbook

    Returns
    -------
    list of Problem
    """
    if workbook.communes.empty:
        return [*workbook.warnings]
    warnings = [*workbook.warnings, *contradictions(workbook)]
    for answer in (partial(demand, draws=1), schedule):
        try:
            answer(workbook)
        except DataProblemsError as error:
            warnings += [replace(problem, warning=True) for problem in error.problems]
    warnings += works_not_needed(workbook, assess(workbook, workbook.default_set("ntm")))
    return list(dict.fromkeys(warnings))
