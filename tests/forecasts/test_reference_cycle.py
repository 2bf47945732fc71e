"""The yearly cycle against a second, slow reading of its contract, world by world."""

import datetime as dt
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import reference_cycle
from conftest import make_dataset, sample
from reference_cycle import Cycle
from small_districts import NEW, OLD, bounds, changed, district

from ntm_analysis.data import Workbook
from ntm_analysis.forecasts import Layout, knowledge, schedule
from ntm_analysis.forecasts import simulation as room
from ntm_analysis.forecasts.pace import area_draws
from ntm_analysis.forecasts.simulation import Baseline, area_of, simulation
from ntm_analysis.language import POLICIES
from ntm_analysis.needs import missing, works
from ntm_analysis.standing import assess, recognition

DRAWS = 2
DAYS = [dt.date(2025, 12, 31), dt.date(2024, 6, 30), dt.date(2026, 12, 31), dt.date(2023, 12, 31)]


def engine(one, seed, baseline, known, finish, factor) -> dict:
    """What the engine makes of a schedule, by goal."""
    run = simulation(
        Layout(one), DRAWS, seed, baseline, known=known, finish=finish, factor=factor, workers=1
    )
    goals = list(
        zip(run.schedule.goals["unit"].astype(int), run.schedule.goals["level"], strict=True)
    )
    arrays = {
        "met": run.met_month,
        "signed": run.signed_month,
        "unlimited": run.met_month_if_all_paid,
        "held": run.held_by,
    }
    made = {
        name: {g: row.tolist() for g, row in zip(goals, rows, strict=True)}
        for name, rows in arrays.items()
    }
    made["by_deadline"] = {
        g: row.tolist() for g, row in zip(goals, run.met_month <= run.latest, strict=True)
    }
    made["listed"] = {
        g: row.round().astype(int).tolist()
        for g, row in zip(goals, run.chance_listed * DRAWS, strict=True)
    }
    made["lists"] = sorted(run.list_counts[:2].reshape(2, -1).T.astype(int).tolist())
    made["in_time"] = run.share_paid_in_time
    return made


def slowly(one, seed, baseline, known, finish, factor) -> dict:
    """The same, read slowly."""
    usual = (baseline.paid_share, baseline.usual_money)
    ends = known.assumed[["low", "mode", "high"]].astype(float)
    assumed = {key: tuple(row) for key, row in zip(ends.index, ends.to_numpy(), strict=True)}
    cycle = Cycle(one.workbook, DRAWS, seed, one.policy, one.deadline, assumed, usual, factor)
    world_set = room.WorldSet(
        12 * one.workbook.as_of.year + one.workbook.as_of.month,
        [year for year, *_ in cycle.spans],
        DRAWS,
        seed,
    )
    area = area_of(one, known)
    drawn = area_draws(known.posterior, known.assumed, area, world_set)
    rows = (world_set.uniforms("fit", [""])[0] * len(known.posterior.rows)).astype(int)
    correlation = known.posterior.rows["correlation"].to_numpy()[rows]
    ease = world_set.uniforms("luck", [f"{area.name}|{year}" for year in world_set.years])
    years = SimpleNamespace(**drawn._asdict(), correlation=correlation, ease=ease)
    worlds = [cycle.world(w, years, bool(baseline.usual_money)) for w in range(DRAWS)]
    free = [cycle.world(w, years, False) for w in range(DRAWS)]
    made = {
        name: {g: [world[name][g] for world in worlds] for g in cycle.goals}
        for name in ("met", "signed", "held")
    }
    made["unlimited"] = {g: [world["met"][g] for world in free] for g in cycle.goals}
    binding = made["signed"] if finish == "signed" else made["met"]
    made["by_deadline"] = {g: [m <= cycle.deadline for m in row] for g, row in binding.items()}
    made["listed"] = {
        g: [
            sum(n in world["listed"].get(g, ()) for world in worlds)
            for n in range(len(cycle.spans))
        ]
        for g in cycle.goals
    }
    lists = [one for world in worlds for one in world["lists"]]
    made["lists"] = sorted([listed, met] for listed, met, _ in lists)
    asked = sum(listed for listed, *_ in lists)
    made["in_time"] = sum(timely for *_, timely in lists) / max(1, asked)
    return made


def all_agree(number: int) -> None:
    """Ten districts alike in places and reports, two under each policy."""
    chance = Random(number)
    tables, settings = district(chance, (OLD, NEW)[number % 2])
    with tempfile.TemporaryDirectory() as folder:
        workbook = Workbook.open(make_dataset(Path(folder), tables, **settings))
    known = knowledge(workbook.as_of)
    for policy in 2 * chance.sample(POLICIES, len(POLICIES)):
        if chance.random() < 0.7:
            parts = bounds(chance, workbook.tables["parts"])
            workbook = replace(workbook, tables=workbook.tables | {"parts": parts})
        seed, finish = chance.randint(0, 9999), chance.choice(("met", "met", "signed"))
        baseline = Baseline(*chance.choice(((0.4, 3_000.0), (0.9, 20_000.0), (1.0, 0.0))))
        one = schedule(workbook, policy, chance.choice(DAYS))
        given = (one, seed, baseline, known, finish, chance.choice((1.0, 1.5)))
        fast, slow = engine(*given), slowly(*given)
        for name in slow:
            assert fast[name] == slow[name], (number, policy, name)
        workbook = changed(workbook, chance)


@pytest.mark.parametrize("number", sample(range(20), 2))
def test_every_world_of_ten_districts_is_what_a_slow_reading_makes_it(number, monkeypatch):
    kept = {}

    def judged_once(workbook, set_id, **options):
        """Ten districts have the same reports, and judging them takes longest."""
        key = (set_id, *options.items())
        if key not in kept:
            kept[key] = assess(workbook, set_id, **options)
        return kept[key]

    for module in (missing, recognition, works, reference_cycle):
        monkeypatch.setattr(module, "assess", judged_once)
    all_agree(number)
