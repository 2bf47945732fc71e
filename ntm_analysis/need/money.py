"""Money of the pots, month by month: what the envelopes say, times what is disbursed, as late as it
comes, in prices of the base year.
"""

import datetime as dt

import numpy as np
import pandas as pd

from .draws import perts, together, uniforms
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
    """The envelopes from the as-of year on, as arrays: what is the same in every world. ``months``:
    how long money can come in.
    """

    def __init__(self, tables: dict[str, pd.DataFrame], as_of: dt.date) -> None:
        rows = tables["envelopes"]
        rows = rows[rows["year"] >= as_of.year].reset_index(drop=True)
        self.as_of, self.years = as_of, rows["year"].astype(int).tolist()
        self.names = [instance(*pair) for pair in zip(rows["pot"], rows["served"], strict=True)]
        self.keys = [f"{name}|{year}" for name, year in zip(self.names, self.years, strict=True)]
        measure = tables["pots"].set_index("pot")["measure"]
        self.cement = (rows["pot"].map(measure) == "cement").tolist()
        self.amounts, self.carried = rows["amount"].to_numpy(), (rows["carried"] == "yes").tolist()
        self.disbursed = [
            rows[c].to_numpy() for c in ("disbursed_low", "disbursed", "disbursed_high")
        ]
        self.delay = [rows[c].fillna(0.0).to_numpy() for c in ("delay_low", "delay", "delay_high")]
        profiles = {pot: p.sort_values("month") for pot, p in tables["profiles"].groupby("pot")}
        even = pd.DataFrame({"month": range(1, 13), "share": 100 / 12})
        self.profiles = np.zeros(
            (len(rows), 12)
        )  # shares of the months of the calendar year that are still to come
        for i, (pot, year) in enumerate(zip(rows["pot"], self.years, strict=True)):
            told = profiles.get(pot, even)
            told = told[(year > as_of.year) | (told["month"] > as_of.month)]
            self.profiles[i, told["month"].astype(int) - 1] = told["share"] / 100
        last = max(self.years, default=as_of.year - 1) + any(self.carried)
        late = int(self.delay[2].max(initial=0))
        self.months = max(0, (last - as_of.year + 1) * 12 - as_of.month + late) if self.years else 0

    def drawn(
        self, correlation: float, draws: int, seed: int, block: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The share of each envelope that is paid out (0..1) and by how many whole months it comes
        late: rows x draws each. Pots are low, and late, together in a year, by ``correlation``
        (0..1).
        """
        made = []
        for quantity, ends in (("disbursed", self.disbursed), ("delay", self.delay)):
            own = uniforms(seed, quantity, self.keys, draws, block)
            years = list(dict.fromkeys(self.years))
            shared = uniforms(
                seed, f"{quantity} together", [str(year) for year in years], draws, block
            )
            u = together(own, shared[[years.index(year) for year in self.years]], correlation)
            made.append(perts(u, *ends))
        return made[0] / 100, np.rint(made[1]).astype(np.int64)


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

    Column t - 1 holds what has come by the end of month t after the as-of month. Of the as-of year
    only the months after it. ``index``: prices by year over those of the base year; a year beyond
    the last takes the last.
    """
    if not envelopes.years:
        return {}
    as_of, last = envelopes.as_of, max(index)
    share, late = envelopes.drawn(correlation, draws, seed, block)
    lifts = [THOUSAND / index[min(as_of.year + y, last)] for y in range(envelopes.months // 12 + 3)]
    made: dict[str, np.ndarray] = {}
    for i, (name, year, amount) in enumerate(
        zip(envelopes.names, envelopes.years, envelopes.amounts, strict=True)
    ):
        pot = made.setdefault(name, np.zeros((draws, envelopes.months)))
        if not envelopes.profiles[i].any():
            continue
        # The profile as it comes on time, a month late, two months late ...; each world takes its
        # row.
        delays = int(late[i].max()) + 1
        shifted = np.zeros((delays, 12 + delays - 1))
        for months in range(delays):
            shifted[months, months : months + 12] = envelopes.profiles[i]
        begin = int(shifted.any(axis=0).argmax())
        shares = shifted[:, begin:][
            late[i]
        ]  # draws x months from ``begin``, counted from the January of its year
        for later, part in ((0, share[i]), (1, 1 - share[i]))[: 1 + envelopes.carried[i]]:
            first = year - as_of.year + later
            money = shares * (amount * part)[:, None]
            if not envelopes.cement[i]:
                money[:, : 12 - begin] *= lifts[first][:, None]
                for more in range(
                    1, (delays + 10) // 12 + 1
                ):  # what comes in the next year has that year's prices
                    money[:, 12 * more - begin : 12 * more + 12 - begin] *= lifts[first + more][
                        :, None
                    ]
            at = 12 * first - as_of.month + begin
            pot[:, at : at + money.shape[1]] += np.rint(money, out=money)
    return {name: np.cumsum(pot.astype(np.int64), axis=1) for name, pot in made.items()}
