"""Money of the pots, month by month.

What the envelopes say, times what is disbursed, as late as it comes, in prices of the base year.
"""

import numpy as np

from .random_numbers import pert, together
from .works import THOUSAND


def pot_instance(pot, served):
    """The name of one pot: a source that serves all, or one district or commune (``pot@17731``).

    Parameters
    ----------
    pot, served : str

    Returns
    -------
    str
    """
    return f"{pot}@{served}" if served else pot


def instances_of(pot, envelopes, communes):
    """Which instance of ``pot`` each commune draws on.

    Its own, else its district's, else the one that serves all.

    Parameters
    ----------
    pot : str
    envelopes : DataFrame
    communes : DataFrame
        By unit, with code and district.

    Returns
    -------
    list of str
    """
    served = set(envelopes.loc[envelopes["pot"] == pot, "served"]) - {""}
    pairs = communes[["code", "district"]].to_numpy()
    return [pot_instance(pot, next((s for s in pair if s in served), "")) for pair in pairs]


def envelopes_from(tables, as_of):
    """The envelopes from the as-of year on, with name and measure of the pot instance.

    Its ``profile`` has the shares of the months of its year that are still to come.

    Parameters
    ----------
    tables : dict of str to DataFrame
        envelopes, pots, profiles.
    as_of : date

    Returns
    -------
    DataFrame
    """
    rows = tables["envelopes"]
    rows = rows[rows["year"] >= as_of.year].astype({"year": int})
    names = list(map(pot_instance, rows["pot"], rows["served"]))
    measure = rows["pot"].map(tables["pots"].set_index("pot")["measure"])
    profiles = tables["profiles"].pivot(index="pot", columns="month", values="share")
    # A month that a profile does not name brings nothing; without a profile money comes evenly.
    profiles = profiles.reindex(columns=range(1, 13)).fillna(0.0)
    shares = (profiles.reindex(rows["pot"]).fillna(100 / 12) / 100).to_numpy(copy=True)
    shares[np.outer(rows["year"] == as_of.year, np.arange(1, 13) <= as_of.month)] = 0
    return rows.assign(name=names, measure=measure, profile=list(shares))


def monthly_money(rows, as_of, prices, correlation):
    """Cumulative money of each pot instance by month: float64, draws x months.

    Whole thousand đồng of the base year, or tonnes.

    A share of each envelope (``rows``, of :func:`envelopes_from`) is paid out, whole months late;
    pots are low, and late, together in a year, by ``correlation`` (0..1). Column t - 1 holds what
    has come by the end of month t after the as-of month. Of the as-of year only the months after
    it. Prices of a year beyond the last are those of the last.

    Parameters
    ----------
    rows : DataFrame
    as_of : date
    prices : Prices
        Of the worlds asked about.
    correlation : float

    Returns
    -------
    dict of str to ndarray
    """
    if rows.empty:
        return {}
    years = rows["year"].astype(str)

    def drawn(quantity):
        own = prices.uniforms(quantity, rows["name"] + "|" + years)
        shared = prices.uniforms(f"{quantity} together", years)
        ends = rows[[f"{quantity}_low", quantity, f"{quantity}_high"]].fillna(0.0)
        return pert(together(own, shared, correlation), *ends.to_numpy().T)

    share, delay = drawn("disbursed") / 100, np.rint(drawn("delay")).astype(np.int64)
    # By month from the January of the as-of year, whose first months are gone.
    months = 12 * (rows["year"].max() - as_of.year + 2) + delay.max()
    calendar = (as_of.year + np.arange(months) // 12).clip(max=max(prices.index))
    lift = THOUSAND / np.array([prices.index[year] for year in calendar])
    money = {name: np.zeros((prices.draws, months)) for name in rows["name"]}
    for row, part, late in zip(rows.itertuples(), share, delay, strict=True):
        month = np.arange(12 + late.max()) - late[:, None]
        shares = np.pad(row.profile, 1).take(month + 1, mode="clip")
        for later, paid in ((0, part), (12, 1 - part))[: 1 + (row.carried == "yes")]:
            first = 12 * (row.year - as_of.year) + later
            span = slice(first, first + shares.shape[1])
            come = shares * (row.amount * paid)[:, None]
            if row.measure != "cement":
                come *= lift[span].T
            money[row.name][:, span] += np.rint(come)
    return {name: np.cumsum(pot[:, as_of.month :], axis=1) for name, pot in money.items()}
