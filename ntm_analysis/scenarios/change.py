"""Why a forecast differs from an earlier one: files revised, time passing, new data, new assumptions - in the same worlds.

Earlier forecast -> the present files as known on its as-of date (revised) -> the as-of date moved on, nothing new known (time,
with the law that came into force) -> reported rows known since (data) -> assumed rows known since (assumptions). Random numbers
belong to their names, so that steps are compared draw by draw; they add up to the whole difference.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..forecast.forecast import Forecast, forecast
from ..problems import DataProblems
from ..workbook import Workbook
from .scenario import scenario

ASSUMED = ("assumptions", "durations", "carry_over", "count_priors", "criterion_shares", "prices", "unit_costs",
           "typical_works", "parts", "profiles")  # fmt: skip
STEPS = ("revised", "time", "data", "assumptions")
NOISE = 3  # standard errors: what is less is told as no change


@dataclass(frozen=True)
class Step:
    """One reason: ``names`` of :data:`STEPS` (several where they cannot be told apart), ``change`` of the mean number
    finishing, its standard error ``se``, ``basically``: change of P(basically all), ``p``: change of P by unit."""

    names: tuple[str, ...]
    change: float
    se: float
    basically: float
    p: pd.Series

    @property
    def felt(self) -> bool:
        """Whether the change stands out of the draws."""
        return abs(self.change) > NOISE * self.se + 1e-12


@dataclass
class ForecastChange:
    """The way from one forecast to another. ``since``: the as-of date of the earlier one, ``registered``: whether it stands in
    the register, ``before``, ``now``: mean numbers finishing, ``rows``: rows known since, by kind and table."""

    since: dt.date
    registered: bool
    before: float
    now: float
    steps: list[Step] = field(default_factory=list)
    rows: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)


def last_entry(entries: list[dict], workbook: Workbook, asked: dict[str, str]) -> dict | None:
    """The newest registered forecast of the data set up to its as-of date, asked in the same way (deadline, finish, policy,
    scenario); None where there is none."""
    fits = [
        entry for entry in entries
        if entry["dataset"] == workbook.id and entry["parameters"]["as_of"] <= f"{workbook.as_of}"
        and all(entry["parameters"][name] == value for name, value in asked.items())
    ]  # fmt: skip
    return max(fits, key=lambda entry: (entry["parameters"]["as_of"], entry["registered_on"]), default=None)


def is_this(entry: dict, workbook: Workbook) -> bool:
    """Whether an entry is the forecast of these very files on this day."""
    return entry["content_hash"] == workbook.content_hash and entry["parameters"]["as_of"] == f"{workbook.as_of}"


def change_since(
    workbook: Workbook, since: dt.date, now: Forecast, entry: dict | None, scenario_id: str = "baseline"
) -> ForecastChange | None:
    """The change from the forecast as of ``since`` (``entry``: as registered; None: recomputed) to ``now``, the forecast of
    ``workbook``. None where no forecast can be made of what was known then.

    Asks everything as ``now`` was asked; with an entry ``now`` must have its seed and draws.
    """
    tables = workbook.written
    late = {name: _known_since(table, since, workbook.as_of) for name, table in tables.items()}
    ask = _asker(workbook, now, scenario_id)
    start = ask(since, _rows(tables, late, ()))
    if start is None:  # assumptions replaced since: their old values are no more, the new ones stand in
        early = lambda table: table.assign(known_from=table["known_from"].clip(upper=pd.Timestamp(since)))  # noqa: E731
        tables = tables | {name: early(tables[name]) for name in ASSUMED}
        late = late | {name: late[name] & False for name in ASSUMED}
        start = ask(since, _rows(tables, late, ()))
    if start is None:
        return None
    made = ForecastChange(since, entry is not None, entry["finishing"]["mean"] if entry else float(start.finishing.mean()),
                  float(now.finishing.mean()))  # fmt: skip
    if entry is not None:
        made.steps.append(_revised(entry, start, workbook))
    if since == workbook.as_of:  # no time has passed, and no row can have become known
        return made
    passed = ask(workbook.as_of, _rows(tables, late, ()))
    kinds = {kind: {name: rows & _is(tables, name, kind) for name, rows in late.items()} for kind in ("data", "assumptions")}
    made.rows = {kind: {name: tables[name][rows] for name, rows in told.items() if rows.any()} for kind, told in kinds.items()}
    informed = ask(workbook.as_of, _rows(tables, late, ("data",))) if made.rows["data"] else passed
    before, waiting = start, []
    for name, after in (("time", passed), ("data", informed), ("assumptions", now)):
        waiting.append(name)
        if after is None:
            continue
        made.steps.append(_step(tuple(waiting), before, after))
        before, waiting = after, []
    return made


def _known_since(table: pd.DataFrame, since: dt.date, until: dt.date) -> pd.Series:
    """Which rows became known after ``since`` (those after ``until`` are not known yet and never used)."""
    if "known_from" not in table:
        return pd.Series(False, index=table.index)
    return (table["known_from"] > pd.Timestamp(since)) & (table["known_from"] <= pd.Timestamp(until))


def _is(tables: dict[str, pd.DataFrame], name: str, kind: str) -> pd.Series:
    """Which rows of a table are data, or assumptions."""
    table = tables[name]
    assumed = pd.Series(name in ASSUMED, index=table.index)
    if "mark" in table:
        assumed |= table["mark"] == "assumed"
    return assumed if kind == "assumptions" else ~assumed


def _rows(tables: dict[str, pd.DataFrame], late: dict[str, pd.Series], kinds: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """All tables without the rows known since, but with those of ``kinds``."""
    made = {}
    for name, table in tables.items():
        kept = ~late[name]
        for kind in kinds:
            kept |= _is(tables, name, kind)
        made[name] = table[kept]
    return made


def _asker(workbook: Workbook, now: Forecast, scenario_id: str) -> Callable[[dt.date, dict], Forecast | None]:
    """Asks the same question of other rows on another day; None where they do not suffice."""

    def ask(day: dt.date, tables: dict[str, pd.DataFrame]) -> Forecast | None:
        try:
            chosen = scenario(workbook.again(day, tables), scenario_id)
            run = now.run
            return forecast(
                chosen.workbook, policy=run.plan.policy, deadline=now.day, finish=run.finish, draws=run.draws, seed=run.seed
            )
        except DataProblems:
            return None

    return ask


def _step(names: tuple[str, ...], before: Forecast, after: Forecast) -> Step:
    each = after.finishing - before.finishing
    shares = [(f.finishing >= f.basically).mean() for f in (before, after)]
    p = after.p.sub(before.p, fill_value=0.0)
    return Step(names, float(each.mean()), float(each.std() / np.sqrt(len(each))), float(shares[1] - shares[0]), p)


def _revised(entry: dict, start: Forecast, workbook: Workbook) -> Step:
    """From the register to the present files as of the same day; only distributions can be compared, unless nothing changed."""
    chances = {int(n): p for n, p in entry["finishing"]["distribution"].items()}
    mean = sum(n * p for n, p in chances.items())
    variance = sum(p * (n - mean) ** 2 for n, p in chances.items())
    change = float(start.finishing.mean()) - entry["finishing"]["mean"]
    same = entry["content_hash"] == workbook.content_hash
    se = 0.0 if same else float(np.sqrt((variance + start.finishing.var()) / start.run.draws))
    units = start.workbook.units.reset_index().set_index("code")["index"]  # of that day: codes are used again
    old = pd.Series({units[c["code"]]: c["p"] for c in entry["communes"] if c["code"] in units.index}, dtype=float)
    basically = float((start.finishing >= start.basically).mean()) - entry["p_basically_all"]
    return Step(("revised",), change, se, basically, start.p.sub(old, fill_value=0.0))


def by_commune(made: ForecastChange, most: int = 5) -> pd.Series:
    """The largest changes of P over all steps, by unit, the largest first; differences below one in a hundred are none."""
    total = pd.concat([step.p for step in made.steps]).groupby(level=0).sum()
    total = total[total.abs() >= 0.01]
    return total.reindex(total.abs().sort_values(ascending=False, kind="stable").index)[:most]
