"""When every goal is reached, over all worlds of a run, chunk by chunk: the months of its goals, and counts over its worlds."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .layout import Layout
from .need.draws import BLOCK
from .parameters import OPTIMAL
from .possible_worlds import Worlds, draw_worlds
from .schedule import Schedule, schedule
from .workbook import Workbook

LARGEST_CHUNK = 5_000_000  # works x draws held at once: more is slower, because memory is then asked of the system anew


@dataclass
class Run:
    """What all worlds of a run say. ``months``, ``signed``, ``unlimited`` (with money without limit): int16, goals x draws;
    ``latest``: the last month that counts, goals x draws.

    ``counts``, over worlds and of NTM goals. Communes x criteria: ``last``, in how many worlds the criterion is (one of)
    the last; ``lacking``, in how many it is missing; ``finishing``, how many communes finish in those, summed. By
    criterion: ``late``, in how many worlds it is unfinished somewhere; ``alone``, and no other criterion is. ``gained``:
    criteria met in the first twelve months, missing at the start.
    """

    layout: Layout
    draws: int
    seed: int
    deadline: int
    finish: str
    months: np.ndarray
    signed: np.ndarray
    unlimited: np.ndarray
    latest: np.ndarray
    counts: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def plan(self) -> Schedule:
        return self.layout.plan

    @property
    def goals(self) -> pd.DataFrame:
        return self.plan.goals


def simulate(workbook: Workbook, draws: int, seed: int, *, policy: str = "own", deadline=None, finish: str = "met") -> Run:
    """All worlds of a run, chunk by chunk. ``deadline``: default the end of the term. Raises what
    :func:`~ntm_analysis.schedule.schedule` raises.

    >>> run = simulate(Workbook.open("data/thanh-chuong"), 100, 2022)
    >>> run.months.shape, run.deadline
    ((19, 100), 45)
    """
    if policy == OPTIMAL:  # the solver is loaded only for this one
        from .allocation.plans import layout_of

        layout = layout_of(workbook, deadline)
    else:
        layout = Layout(schedule(workbook, policy))
    return run_of(layout, draws, seed, deadline=deadline, finish=finish)


def run_of(layout: Layout, draws: int, seed: int, *, deadline=None, finish: str = "met", workers: int = 0, chunk: int = 0) -> Run:
    """Like :func:`simulate`, of a schedule laid out already. ``workers``, ``chunk`` (draws, whole blocks): default by the machine
    and by memory; they change no byte."""
    plan, workbook = layout.plan, layout.plan.workbook
    last = plan.month_of(deadline or workbook.last_day)
    workers = workers or os.cpu_count() or 1
    fits = LARGEST_CHUNK // max(1, len(plan.works)) // BLOCK
    chunk = chunk or max(1, min(fits, -(-draws // BLOCK // workers))) * BLOCK
    pieces = [(start, min(chunk, draws - start)) for start in range(0, draws, chunk)]

    def part(piece: tuple[int, int]) -> tuple:
        return _measured(draw_worlds(layout, piece[1], seed, piece[0] // BLOCK), last, finish)

    if workers > 1 and len(pieces) > 1:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(part, pieces))
    else:
        found = [part(piece) for piece in pieces]
    arrays = [np.concatenate([f[i] for f in found], axis=1) for i in range(4)]
    counts = {name: np.sum([f[4][name] for f in found], axis=0) for name in found[0][4]}
    return Run(layout, draws, seed, last, finish, *arrays, counts)


def _measured(worlds: Worlds, deadline: int, finish: str) -> tuple:
    """What a run keeps of a block of worlds."""
    criteria = worlds.criteria(worlds.paid())
    months = worlds.goals(criteria)
    unlimited = worlds.goals(worlds.criteria(None))
    latest = worlds.latest(deadline, finish)
    ntm, lacks = criteria["ntm"][:, :-2], worlds.missing["ntm"].lacks
    goal = months[: len(ntm)]
    done = (goal <= latest[: len(ntm)]).sum(axis=0)
    late = (ntm > latest[: len(ntm), None]).any(axis=0)
    counts = {
        "last": np.count_nonzero((ntm == goal[:, None]) & (ntm > 0), axis=2),
        "late": late.sum(axis=1),
        "alone": (late & (late.sum(axis=0) == 1)).sum(axis=1),
        "gained": np.array([np.count_nonzero((ntm <= 12) & lacks), np.count_nonzero(lacks)]),
        "lacking": np.count_nonzero(lacks, axis=2),
        # Not a matrix product: the threads of the library behind it would stand in the way of the workers.
        "finishing": np.einsum("ucd,d->uc", lacks, done.astype(float)),
    }
    return months, worlds.signed(months), unlimited, latest, counts
