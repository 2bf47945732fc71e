"""Planned money against the need: what it costs, who pays, where money is short (the gap).

The gap of a world is the least extra money, in whatever pots, with which every work up to the year
asked about could be paid (:mod:`~ntm_analysis.needs.pot_sets`), in prices of the base year. Beside
it stands the gap of each pot at usual shares: what it is asked for less what it holds. Those are
never added up, because one pot can stand in for another.
"""

from collections import Counter, defaultdict, namedtuple
from dataclasses import replace

import numpy as np
import pandas as pd

from ..data import check_money
from ..language import write_date
from ..standing import assess
from ..tables import DataProblemsError, Problem
from .missing import missing_higher, missing_ntm, one_more_met
from .need import Need, communes_in_need, draw_need, spread
from .pot_money import envelopes_from, instances_of
from .pot_sets import pot_sets
from .random_numbers import BLOCK, pert, pert_mean
from .works import THOUSAND, PriceList, Prices, price_path, unit_costs

DRAWS, SEED = 10_000, 2022
ENDS = ["low", "high"]


class Funding(namedtuple("Funding", "pots gap late_gap by_pot blocking")):
    """Money against need up to a year.

    Pots that communes hold for themselves are counted in common: which commune has what is for the
    forecast to say.

    Attributes
    ----------
    pots : DataFrame
        The table of pots, by pot, with planned (million VND of the day, or tonnes) and allotted
        (the part already allotted; NaN where no row says so).
    gap, late_gap : ndarray of float64
        The least extra money with which all could be paid from what is planned, and from what is
        disbursed; whole thousand đồng of the base year, by world.
    by_pot : dict of str to ndarray
        What each pot lacks at usual shares, thousand đồng of the base year; of a cement pot tonnes.
    blocking : list of str
        The smallest set of pots that lacks the gap when all costs and money stand at their means;
        empty where that is no gap.
    """


def still_to_come(workbook, until):
    """The envelopes from the as-of year to ``until`` that a commune may draw on.

    Of the as-of year's ``amount`` only what is still to come.

    By the monthly profile, evenly over the months where a pot has none: what came before went into
    what is done. Money that serves a township alone, or a unit of another time, is money of no
    commune.

    Parameters
    ----------
    workbook : Workbook
    until : int

    Returns
    -------
    DataFrame
    """
    tables = workbook.tables
    rows, every = envelopes_from(tables, workbook.as_of), tables["envelopes"]
    names = [instances_of(pot, every, workbook.communes) for pot in rows["pot"].unique()]
    rows = rows[(rows["year"] <= until) & rows["name"].isin(set().union(*names))]
    left = (rows["amount"] * rows["profile"].map(sum)).round(9)
    return rows.assign(amount=rows["amount"].where(rows["year"] > workbook.as_of.year, left))


def funding(workbook, need, until, seed):
    """Planned money from the as-of date to the end of ``until`` against ``need`` up to it.

    What is planned for a later year is not claimed yet; what has no year is. Credit is listed and
    pays for no work; a pot without envelopes holds nothing.

    Parameters
    ----------
    workbook : Workbook
    need : Need
    until, seed : int

    Returns
    -------
    Funding
    """
    pots = workbook.tables["pots"].set_index("pot")
    rows, in_kind = still_to_come(workbook, until), pots["measure"] == "cement"
    prices = Prices(PriceList(workbook), need.price_year, need.draws, seed)
    held = {pot: np.zeros((2, need.draws)) for pot in pots.index}
    for row in rows.itertuples():
        u = prices.uniforms("disbursed", [f"{row.pot}|{row.year}"])[0]
        share = pert(u, row.disbursed_low, row.disbursed, row.disbursed_high) / 100
        whole = row.amount * (1 if in_kind[row.pot] else THOUSAND / prices.index[row.year])
        held[row.pot] += np.rint(whole * np.array([np.ones_like(share), share]))

    def due(grouping):
        sums = Counter()
        for (key, year), amount in need.by[grouping].items():
            sums[key] += amount * (year <= until)
        return sums

    sets = pot_sets(workbook.tables, every=True)
    claimed, costs = due("pot_year"), due("kind_year")
    # Of a data set without parts there are no kinds and no pots, and still worlds.
    cost = [np.broadcast_to(costs[kind], need.draws) for kind in sets.kinds]
    cost = np.reshape(cost, (-1, need.draws)).astype(float)
    worth = [held[p] * (prices.cement if in_kind[p] else 1) for p in sets.pots]
    planned, disbursed = np.floor(np.reshape(worth, (-1, 2, need.draws))).swapaxes(0, 1)
    allotted = rows["amount"].where(rows["kind"] == "allotted")
    sums = rows.assign(planned=rows["amount"], allotted=allotted).groupby("pot")
    sums = sums[["planned", "allotted"]].sum(min_count=1).reindex(pots.index)
    return Funding(
        pots.join(sums.fillna({"planned": 0.0})),
        sets.excess(cost, planned),
        sets.excess(cost, disbursed),
        {pot: np.maximum(claimed[pot] - held[pot][0], 0) for pot in pots.index},
        sets.blocking(*(np.rint(amounts.mean(axis=1)) for amounts in (cost, planned))),
    )


class Demand(namedtuple("Demand", "target until needs together money assumed_quantities unpriced")):
    """The need for a target, and the money against it.

    Attributes
    ----------
    target : str
        ``ntm`` or ``registered``.
    until : int
        The year up to which money is counted.
    needs : dict of str to Need
        By level (ntm, advanced, model), different things.
    together : Need
        All levels added up.
    money : Funding or None
        The pots against it; None for part of a data set, whose pots serve others too.
    assumed_quantities : bool
        Whether no work needed rests on a reported quantity.
    unpriced : list of int
        NTM criteria that communes lack or may lack and for which no work is known: they take no
        works, or their cost is not known; either way they cost nothing here.
    """


def must_be_known(workbook):
    """Raise DataProblemsError where what was known of works and money does not hold together.

    The tables are sound; what was known by the as-of date need not be.

    Parameters
    ----------
    workbook : Workbook
    """
    own, problems = workbook.meta["as_of"]["date"].year, []
    begin = min(own, workbook.as_of.year)  # on a later day past years are no fault
    term_end = workbook.meta["term_end"]["date"].year
    check_money(workbook.tables, begin, term_end, problems, workbook.horizon)
    if problems:
        files = ", ".join(sorted({p.file for p in problems}))
        details = {"day": write_date(workbook.as_of), "files": files}
        raise DataProblemsError([Problem("not_known_then", "dataset.yaml", details=details)])


def demand(
    workbook, target="ntm", *, units=None, until=None, draws=DRAWS, seed=SEED, standing=None
):
    """Need and money for ``target``.

    Parameters
    ----------
    workbook : Workbook
    target : str
        ``ntm`` (all communes not NTM yet) or ``registered`` (the list of planned targets).
    units : list of int, optional
        Only these communes.
    until : int, optional
        The year of the deadline. Default: the end of the term, or a scenario's own; for
        ``registered`` the last year planned.
    draws, seed : int
    standing : Standing, optional
        That of the set NTM is reported in, where it is known already.

    Returns
    -------
    Demand

    Raises
    ------
    DataProblemsError
        Where an assumption that is needed was not known on the as-of date, or that day is after the
        term.

    Examples
    --------
    >>> from ntm_analysis.data import Workbook
    >>> found = demand(Workbook.open("data/thanh-chuong"), draws=200)
    >>> list(found.needs), found.together.assumed_share, found.assumed_quantities
    (['ntm'], 1.0, True)
    """
    plans = workbook.tables["targets"].query("kind == 'plan'")["year"]
    last = plans.max() if target == "registered" and len(plans) else workbook.last_day.year
    if workbook.as_of.year > workbook.meta["term_end"]["date"].year:
        details = {"day": write_date(workbook.as_of)}
        raise DataProblemsError([Problem("after_term", "dataset.yaml", details=details)])
    must_be_known(workbook)
    base, needs = workbook.as_of.year, {}
    for level, communes in communes_in_need(workbook, target).items():
        chosen = [unit for unit in communes if units is None or unit in units]
        if level == "ntm":
            missing = missing_ntm(workbook, draws, seed, chosen, standing)
            lacked = missing.numbers[missing.lacks.any(axis=(0, 2))]
        else:
            missing = missing_higher(workbook, level, chosen)
        needs[level] = draw_need(workbook, missing, level, draws, seed, base)
    unpriced = np.setdiff1d(lacked, needs["ntm"].works["criterion"]).tolist()
    by = defaultdict(Counter)
    for need in needs.values():
        for name, sums in need.by.items():
            by[name].update(sums)
    works = pd.concat([need.works for need in needs.values()], ignore_index=True)
    together, until = Need(base, draws, by, works), until or int(last)
    money = funding(workbook, together, until, seed) if units is None else None
    assumed = bool((works.loc[works["needed"] > 0, "mark"] == "assumed").all())
    return Demand(target, until, needs, together, money, assumed, unpriced)


def movers(workbook, need, seed=SEED):
    """Which assumptions move the need of NTM most: its mean were one at its low or its high end.

    An assumption is moved for all works at once, by its end over the mean of its range; of the
    price path all years stand at their low or high rise. Unreported statuses are moved by drawing
    anew: communes without a count meet one criterion more (low) or fewer (high) on average; no
    criterion met under the old set is lost (low), or twice as many as assumed (high).

    Parameters
    ----------
    workbook : Workbook
    need : Need
        Of the NTM level.
    seed : int

    Returns
    -------
    DataFrame
        kind (cost, quantity, price, count, lost), item (blank but for cost, quantity), low, high
        (million VND), swing (high - low); the largest first.
    """
    tables, rows = workbook.tables, []
    means = pd.Series(need.by["item"], dtype=object).map(np.mean).astype(float) / THOUSAND
    costs = unit_costs(workbook).loc[means.index]
    sizes = need.works.groupby("item")[["low", "quantity_mode", "high"]].sum()
    sizes = sizes.rename(columns={"quantity_mode": "mode"})
    for kind, table in (("cost", costs), ("quantity", sizes)):
        usual = pert_mean(table)
        moved = means.sum() + (table[ENDS].div(usual, axis=0) - 1).mul(means, axis=0)
        rows += [(kind, *row) for row in moved[usual > 0].itertuples()]
    rise = tables["prices"].set_index("year")[["low", "mode", "high"]]
    path = price_path(1 + rise.assign(mode=pert_mean(rise)) / 100, need.price_year)
    path = path.loc[costs["price_year"]].set_axis(costs.index)
    rows.append(("price", "", *(means @ (path["mode"] / path[end]) for end in ENDS)))
    units = communes_in_need(workbook, "ntm")["ntm"]
    standing = assess(workbook, workbook.default_set("ntm"))

    def anew(name, table):
        changed = replace(workbook, tables=tables | {name: table})
        missing = missing_ntm(changed, BLOCK, seed, units, standing)
        drawn = draw_need(changed, missing, "ntm", BLOCK, seed, need.price_year)
        return drawn.total.mean() / THOUSAND

    counts, lost = tables["count_priors"], tables["carry_over"]
    more = [lost.assign(lost=(lost["lost"] * by).clip(upper=100)) for by in (0, 2)]
    met = (anew("count_priors", one_more_met(counts, way)) for way in (1, -1))
    rows += [("count", "", *met), ("lost", "", *(anew("carry_over", table) for table in more))]
    table = pd.DataFrame(rows, columns=["kind", "item", "low", "high"])
    table["swing"] = table["high"] - table["low"]
    return table.sort_values("swing", ascending=False, kind="stable", ignore_index=True)


def in_millions(values):
    """mean, p10, p50, p90 in million đồng, of thousand đồng by world.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    dict of str to float
    """
    return {name: round(value / THOUSAND, 1) for name, value in spread(values).items()}
