"""Every rule of a plan checked again on its tables: nothing of the solver's rows, no pot sets.

Payment is tried as a flow: each work is paid by its day by pots within their bounds, and no pot
has paid by any day more than had come.
"""

from itertools import zip_longest

import numpy as np

THOUSANDTHS = 1_000


def payment(claims, bounds, money):
    """How the pots pay claims by their days, as near to the usual shares as they can.

    Parameters
    ----------
    claims : DataFrame
        By any index: due (a column of ``money``), cost.
    bounds : DataFrame
        claim (its index), pot (a row of ``money``), least, usual, most (thousandths of its cost).
    money : DataFrame
        Pots x days in order, what has come by each day.

    Returns
    -------
    tuple
        The payment: ``bounds`` with the amount, empty where there is none. Then None, or the row
        that every payable set of claims keeps and these do not: the claims with what a unit of
        their cost asks (asked), and the most that the row allows.

    Examples
    --------
    >>> import pandas as pd
    >>> claims = pd.DataFrame({"due": [2023, 2024], "cost": [6.0, 6.0]}, index=["road", "canal"])
    >>> rows = [("road", "a", 0, 500, 1000), ("canal", "a", 0, 500, 1000)]
    >>> rows += [("road", "b", 0, 500, 500), ("canal", "b", 0, 500, 500)]
    >>> bounds = pd.DataFrame(rows, columns=["claim", "pot", "least", "usual", "most"])
    >>> money = pd.DataFrame({2023: [4.0, 2.0], 2024: [9.0, 3.0]}, index=["a", "b"])
    >>> payment(claims, bounds, money)[0]["amount"].round(6).tolist()
    [4.0, 5.0, 2.0, 1.0]
    >>> payment(claims, bounds, money / 2)[0].empty
    True
    """
    from scipy import sparse  # slow to load, and only a plan needs it
    from scipy.optimize import linprog

    row = claims.index.get_indexer(bounds["claim"])
    pot = money.index.get_indexer(bounds["pot"])
    due = money.columns.get_indexer(claims["due"])[row]
    cost, come = claims["cost"].to_numpy(dtype=float), money.to_numpy(dtype=float).T.ravel()
    shares = bounds[["least", "usual", "most"]].to_numpy(dtype=float).T / THOUSANDTHS
    least, usual, most = shares * cost[row]
    options, (pots, days) = len(bounds), money.shape
    each, ones = sparse.eye_array(options), np.ones(options)
    paid = sparse.coo_array((ones, (row, np.arange(options))), (len(cost), options))
    # A pot has paid by a day all that is due by then.
    what, day = np.nonzero(due[:, None] <= np.arange(days))
    at = (day * pots + pot[what], what)
    spent = sparse.coo_array((np.ones(len(what)), at), (days * pots, options))

    def cheapest(rows, high, upper):
        """The least sum of more variables beside the amounts, each up to ``upper``."""
        beside = len(upper)
        return linprog(
            np.repeat([0.0, 1.0], [options, beside]),
            A_ub=sparse.block_array(rows),
            b_ub=high,
            A_eq=sparse.hstack([paid, sparse.coo_array((len(cost), beside))]),
            b_eq=cost,
            bounds=np.column_stack([np.append(least, np.zeros(beside)), np.append(most, upper)]),
        )

    # Amount and distance from the usual share; the least distance is the payment.
    high = np.concatenate([come, usual, -usual])
    near = cheapest([[spent, None], [each, -each], [-each, -each]], high, cost[row])
    if near.status == 0:
        return bounds.assign(amount=near.x[:options]), None
    # The least money that would have to come more says by its prices which row is broken.
    more = -sparse.coo_array(np.tile(np.eye(pots), (days, 1)))
    lacking = cheapest([[spent, more]], come, np.full(pots, np.inf))
    ends = lacking.lower.marginals[:options] * shares[0]
    ends = ends + lacking.upper.marginals[:options] * shares[2]
    price = lacking.eqlin.marginals + np.bincount(row, ends, minlength=len(cost))
    row = claims.assign(asked=price), float(-lacking.ineqlin.marginals @ come)
    return bounds.iloc[:0].assign(amount=0.0), row


def audit(communes, places, paid, reserve):
    """What a plan breaks.

    Parameters
    ----------
    communes : DataFrame
        By code: year (listed), month (paid by), months (of works after it), closes (the month in
        which its year counts), late (the plan says that it ends too late), placed (on no reported
        list), due (the last year in which one on a reported list is to be paid, else NaN). One on
        a reported list stands here whether it is listed or not (year NaN).
    places : dict of int to int
        By year the places on its list.
    paid, reserve : bool
        Whether :func:`payment` pays all works; and beside them the minimum of every other commune.

    Returns
    -------
    list of dict
        rule (pot, list, lead_time, reported, minimum), where (commune), year, needs, has; empty
        for a plan that keeps every rule.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"year": 2023, "month": 6, "months": 5, "closes": 9, "late": False, "placed": True}
    >>> rows["due"] = float("nan")
    >>> broken = audit(pd.DataFrame([rows], index=["17731"]), {2023: 1}, True, True)
    >>> [(row["rule"], row["where"], row["needs"], row["has"]) for row in broken]
    [('lead_time', '17731', 5, 3)]
    """
    rows = [("pot",)] * (not paid) + [("minimum",)] * (not reserve)
    listed = communes.loc[communes["placed"], "year"].value_counts()
    rows += [
        ("list", None, int(year), int(number), places[year])
        for year, number in listed.items()
        if number > places[year]
    ]
    overdue = communes[communes["due"].notna() & ~(communes["year"] <= communes["due"])]
    rows += [("reported", code, int(due)) for code, due in overdue["due"].items()]
    communes = communes.assign(left=communes["closes"] - communes["month"])
    slow = communes[~communes["late"] & (communes["months"] > communes["left"])]
    rows += [
        ("lead_time", row.Index, int(row.year), row.months, row.left) for row in slow.itertuples()
    ]
    return [dict(zip_longest(("rule", "where", "year", "needs", "has"), row)) for row in rows]
