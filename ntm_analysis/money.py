"""Money of the pots, month by month: what the envelopes say, times what is disbursed, as late as it comes, in prices of the base year."""

import numpy as np
import pandas as pd

from .works import THOUSAND
from .worlds import pert, together, uniforms


def instance(pot: str, served: str) -> str:
    """The name of one pot: a source that serves all, or one district or commune (``pot@17731``)."""
    return f"{pot}@{served}" if served else pot


def instances_of(pot: str, envelopes: pd.DataFrame, codes: list[str], districts: list[str]) -> list[str]:
    """Which instance of ``pot`` each commune draws on: its own, else its district's, else the one that serves all."""
    served = set(envelopes.loc[envelopes["pot"] == pot, "served"])
    own = [
        next((s for s in (code, district) if s and s in served), "")
        for code, district in zip(codes, districts, strict=True)
    ]
    return [instance(pot, s) for s in own]


def disbursed(rows: pd.DataFrame, correlation: float, draws: int, seed: int, block: int = 0) -> np.ndarray:
    """The share of each envelope that is paid out, 0..1: rows x draws. Pots are low together in a year, by ``correlation`` (0..1)."""
    return (
        _correlated(
            "disbursed", rows, correlation, draws, seed, block, ("disbursed_low", "disbursed", "disbursed_high")
        )
        / 100
    )


def delays(rows: pd.DataFrame, correlation: float, draws: int, seed: int, block: int = 0) -> np.ndarray:
    """The whole months by which each envelope comes later than its profile: int64, rows x draws."""
    filled = rows.assign(**{c: rows[c].fillna(0.0) for c in ("delay_low", "delay", "delay_high")})
    ends = ("delay_low", "delay", "delay_high")
    return np.rint(_correlated("delay", filled, correlation, draws, seed, block, ends)).astype(np.int64)


def _correlated(quantity, rows, correlation, draws, seed, block, ends) -> np.ndarray:
    made = np.empty((len(rows), draws))
    for i, row in enumerate(rows.to_dict("records")):
        year = f"{row['year']:g}"
        own = uniforms(seed, quantity, [f"{instance(row['pot'], row['served'])}|{year}"], draws, block)[0]
        shared = uniforms(seed, f"{quantity} together", [year], draws, block)[0]
        made[i] = pert(together(own, shared, correlation), *(row[end] for end in ends))
    return made


def monthly_money(
    tables: dict[str, pd.DataFrame], as_of, months: int, index: dict[int, np.ndarray], correlation: float, draws: int, seed: int,
    block: int = 0,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Cumulative money of each pot instance by month: int64, draws x months; thousand đồng of the base year, or tonnes.

    Column t - 1 holds what has come by the end of month t after the as-of month. Of the as-of year only the months after it.
    ``index``: prices by year over those of the base year; a year beyond the last takes the last.
    """
    rows = tables["envelopes"]
    rows = rows[rows["year"] >= as_of.year].reset_index(drop=True)
    measure = tables["pots"].set_index("pot")["measure"]
    profiles = {pot: p.set_index("month")["share"].to_dict() for pot, p in tables["profiles"].groupby("pot")}
    even = dict.fromkeys(range(1, 13), 100 / 12)
    share, late = disbursed(rows, correlation, draws, seed, block), delays(rows, correlation, draws, seed, block)
    last = max(index)
    made: dict[str, np.ndarray] = {}
    for i, row in enumerate(rows.to_dict("records")):
        name, year, cement = instance(row["pot"], row["served"]), int(row["year"]), measure[row["pot"]] == "cement"
        pot = made.setdefault(name, np.zeros((draws, months), dtype=np.int64))
        profile = profiles.get(row["pot"], even)
        still = [
            (int(k), s / 100) for k, s in sorted(profile.items()) if s > 0 and (year > as_of.year or k > as_of.month)
        ]
        arrivals = [(0, row["amount"] * share[i])]
        if row["carried"] == "yes":
            arrivals.append((12, row["amount"] * (1 - share[i])))
        for wait in np.unique(late[i]) if still else ():
            worlds = np.flatnonzero(late[i] == wait)
            for extra, amount in arrivals:
                at = np.array([(year - as_of.year) * 12 + k - as_of.month - 1 + int(wait) + extra for k, _ in still])
                fits = at < months
                if not fits.any():
                    continue
                part = amount[worlds][:, None] * np.array([s for _, s in still])[fits]
                if not cement:
                    years = as_of.year + (at[fits] + as_of.month) // 12
                    part *= THOUSAND / np.stack([index[min(int(y), last)][worlds] for y in years], axis=1)
                pot[np.ix_(worlds, at[fits])] += np.rint(part).astype(np.int64)
    return {name: np.cumsum(pot, axis=1) for name, pot in made.items()}
