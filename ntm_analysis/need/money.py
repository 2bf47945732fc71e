"""Money of the pots, month by month: what the envelopes say, times what is disbursed, as late as it
comes, in prices of the base year.
"""

import datetime as dt

import numpy as np
import pandas as pd

from .draws import pert, together, uniforms
from .works import THOUSAND


def instance(pot: str, served: str) -> str:
    """The name of one pot: a source that serves all, or one district or commune (``pot@17731``)."""
    return f"{pot}@{served}" if served else pot


def instances_of(
    pot: str, envelopes: pd.DataFrame, codes: list[str], districts: list[str]
) -> list[str]:
    """Which instance of ``pot`` each commune draws on: its own, else its district's, else the one
    that serves all.
    """
    served = set(envelopes.loc[envelopes["pot"] == pot, "served"])
    own = [
        next((s for s in (code, district) if s and s in served), "")
        for code, district in zip(codes, districts, strict=True)
    ]
    return [instance(pot, s) for s in own]


class Envelopes:
    """The envelopes from the as-of year on, as arrays: what is the same in every world.

    ``profiles``: by envelope, shares of the months of its year that are still to come; ``months``:
    how long money can come in.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], as_of: dt.date) -> None:
        rows = tables["envelopes"]
        self.rows = rows = rows[rows["year"] >= as_of.year]
        self.as_of, self.years = as_of, rows["year"].to_numpy(dtype=int)
        self.names = [instance(*pair) for pair in zip(rows["pot"], rows["served"], strict=True)]
        self.amounts = rows["amount"].to_numpy()
        measure = tables["pots"].set_index("pot")["measure"]
        self.cement = (rows["pot"].map(measure) == "cement").to_numpy()
        shares = monthly_shares(tables["profiles"], rows["pot"])
        self.profiles = np.array(shares.fillna(100 / 12) / 100)
        past = np.arange(1, 13) <= as_of.month
        self.profiles[(self.years == as_of.year)[:, None] & past] = 0
        self.carried = (rows["carried"] == "yes").to_numpy()
        last = max(self.years, default=as_of.year - 1) + self.carried.any()
        late = int(rows["delay_high"].fillna(0).max()) if len(rows) else 0
        self.months = max(0, (last - as_of.year + 1) * 12 - as_of.month + late)

    def drawn(self, quantity, columns, correlation, draws, seed, block):
        """Numbers of each envelope, rows x draws, high or low together in a year by
        ``correlation``.
        """
        keys = [f"{name}|{year}" for name, year in zip(self.names, self.years, strict=True)]
        own = uniforms(seed, quantity, keys, draws, block)
        years, of = np.unique(self.years, return_inverse=True)
        shared = uniforms(seed, f"{quantity} together", years.astype(str), draws, block)[of]
        ends = (self.rows[column].fillna(0.0) for column in columns)
        return pert(together(own, shared, correlation), *ends)


def monthly_shares(profiles: pd.DataFrame, pots: pd.Series) -> pd.DataFrame:
    """The part (%) of a year's money that comes in each month, 1 to 12, for each of ``pots``; NaN
    where a pot has no profile, which is to say evenly.
    """
    known = profiles.pivot(index="pot", columns="month", values="share")
    return known.reindex(columns=range(1, 13)).fillna(0.0).reindex(pots)


def monthly_money(
    envelopes: Envelopes,
    index: dict[int, np.ndarray],
    correlation: float,
    draws: int,
    seed: int,
    block: int = 0,
) -> dict[str, np.ndarray]:
    """Cumulative money of each pot instance by month: int64, draws x months; thousand đồng of the
    base year, or tonnes.

    A share of each envelope is paid out, whole months late; pots are low, and late, together in a
    year, by ``correlation`` (0..1). Column t - 1 holds what has come by the end of month t after
    the as-of month. Of the as-of year only the months after it. ``index``: prices by year over
    those of the base year; a year beyond the last takes the last.
    """
    as_of, world = envelopes.as_of, (correlation, draws, seed, block)
    paid = ("disbursed_low", "disbursed", "disbursed_high")
    share = envelopes.drawn("disbursed", paid, *world) / 100
    delay = envelopes.drawn("delay", ("delay_low", "delay", "delay_high"), *world)
    delay = np.rint(delay).astype(np.int64)
    # By month from the January of the as-of year, whose first months are gone.
    months = as_of.month + envelopes.months
    years = [min(as_of.year + month // 12, max(index)) for month in range(months)]
    lift = np.array([THOUSAND / index[year] for year in years])
    money = {name: np.zeros((draws, months)) for name in envelopes.names}
    for i, (name, amount) in enumerate(zip(envelopes.names, envelopes.amounts, strict=True)):
        month = np.arange(12 + delay[i].max()) - delay[i][:, None]
        shares = np.append(envelopes.profiles[i], 0.0)[np.where(month // 12 == 0, month, 12)]
        for later, part in ((0, share[i]), (12, 1 - share[i]))[: 1 + envelopes.carried[i]]:
            first = 12 * (envelopes.years[i] - as_of.year) + later
            span = slice(first, first + shares.shape[1])
            come = shares * (amount * part)[:, None]
            if not envelopes.cement[i]:
                come *= lift[span].T
            money[name][:, span] += np.rint(come)
    return {
        name: np.cumsum(pot[:, as_of.month :].astype(np.int64), axis=1)
        for name, pot in money.items()
    }
