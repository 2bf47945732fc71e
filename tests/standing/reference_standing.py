"""A slow second opinion on the standing: one commune, one criterion, one fact at a time, in plain
Python.

Written from the rules, without arrays and without code of the engine; :meth:`Reference.standing`
gives what ``assess`` should find.
"""

import math
from types import SimpleNamespace

import pandas as pd

GOOD, BAD = ("met", "not_applicable"), ("not_met", "basic")


class Reference:
    """Facts and law of one workbook as lists of rows."""

    def __init__(self, workbook):
        self.wb, self.as_of = workbook, pd.Timestamp(workbook.as_of)
        self.law = {}
        for row in workbook.law.values.to_dict("records"):
            self.law.setdefault((row["set"], row["test"]), []).append(SimpleNamespace(**row))
        self.tests = [SimpleNamespace(**row) for row in workbook.law.tests.to_dict("records")]
        names = ("indicator_values", "criterion_states", "criterion_counts", "recognitions")
        self.facts = {
            n: [SimpleNamespace(**row) for row in workbook.tables[n].to_dict("records")]
            for n in names
        }

    def in_force(self, set_id, test, region, day):
        """Whether a test exists, and its latest row known for the region or for all of them (None
        without one).
        """
        exists, latest = False, None
        for row in self.law.get((set_id, test), []):
            ended = not pd.isna(row.end) and row.end < day and row.end <= self.as_of
            if row.start > day or ended:
                continue
            exists |= min(row.start, row.known_from) <= self.as_of
            if (
                row.known_from <= self.as_of
                and row.region in (region, "all")
                and (not latest or row.start > latest.start)
            ):
                latest = row
        return exists, latest

    def newest_value(self, unit, set_id, test, until, carry):
        """The newest value dated ``until`` or before; on one day the set's own one, else the last
        set by name.
        """

        def rank(fact):
            return fact.date, fact.set == set_id, fact.set

        fits = [
            f
            for f in self.facts["indicator_values"]
            if f.unit == unit
            and f.date <= until
            and (
                (f.set, f.indicator) == (set_id, test.test)
                or (carry and test.same_measure.get(f.set) == f.indicator)
            )
        ]
        return max(fits, key=rank, default=None)

    def verdict(self, unit, set_id, test, regions, day, until, options):
        """Verdict, distance and date of one test, by the newest value dated ``until`` or before."""
        carry, basic = options
        exists, law = self.in_force(set_id, test.test, regions[0], day)
        if not exists:
            return None
        if law is not None and law.kind == "verdict":
            other = self.standing(unit, law.times_set, day=day, basic_counts=basic, carry=carry)
            if (other["met"] != other["of"] and not other["missing"]) or other["date"] > until:
                return "unknown", None, None
            return ("not_met" if other["missing"] else "met"), None, other["date"]
        fact = self.newest_value(unit, set_id, test, until, carry)
        if fact is None:
            return "unknown", None, None
        if fact.state == "not_applicable":
            return "not_applicable", None, fact.date
        if (law.op if law is not None else test.op) == "judged":
            return (fact.state or "unknown"), None, fact.date
        found = []
        for region in regions:
            law = self.in_force(set_id, test.test, region, day)[1]
            if law is not None and law.kind == "number" and not pd.isna(fact.value):
                lack = round(
                    fact.value - law.value if law.op == "<=" else law.value - fact.value, 6
                )
                found.append(("met" if lack <= 0 else "not_met", max(lack, 0.0)))
            else:
                found.append(("unknown", None))
        (mine, distance), others = found[0], {v for v, _ in found[1:]} - {"unknown"}
        torn = mine != "unknown" and others and others != {mine}
        return ("unknown" if torn else mine), distance, fact.date

    def criterion(self, unit, set_id, number, regions, day, until, options):
        """State and date of one criterion by facts dated ``until`` or before, and the distance of
        each test.
        """
        found, distances = [], {}
        for test in self.tests:
            if test.set == set_id and test.criterion == number:
                made = self.verdict(unit, set_id, test, regions, day, until, options)
                if made is not None:
                    found.append(made)
                    if made[1] is not None:
                        distances[test.test] = made[1]
        verdicts, state = [v for v, _, _ in found], "unknown"
        if "not_met" in verdicts:
            state = "not_met"
        elif verdicts and all(v == "not_applicable" for v in verdicts):
            state = "not_applicable"
        elif verdicts and all(v in GOOD for v in verdicts):
            state = "met"
        dates = [d for v, _, d in found if d is not None and (v == "not_met" or state != "not_met")]
        date = max(dates, default=None) if state != "unknown" else None
        reports = [
            f
            for f in self.facts["criterion_states"]
            if (f.unit, f.set, f.criterion) == (unit, set_id, number) and f.date <= until
        ]
        last = max(reports, key=lambda f: f.date, default=None)
        if last is not None and (date is None or last.date > date):
            state, date = last.state, last.date
        return state, date, distances

    def standing(self, unit, set_id, *, day=None, basic_counts=False, carry=False):
        """What ``assess`` should say of one commune: states, distances, met, of, missing, basic,
        unknown, date.
        """
        day = pd.Timestamp(day or self.wb.as_of)
        law_set, commune = self.wb.law.sets[set_id], self.wb.units.loc[unit]
        regions = [commune["region"]]
        if law_set.specially_difficult and commune["specially_difficult"] != "no":
            regions.append(law_set.specially_difficult["region"])
            regions = regions[1:] if commune["specially_difficult"] == "yes" else regions
        numbers, options = range(1, law_set.criteria_count + 1), (carry, basic_counts)
        made = {
            n: self.criterion(unit, set_id, n, regions, day, self.as_of, options) for n in numbers
        }
        states, dates = {n: m[0] for n, m in made.items()}, {n: m[1] for n, m in made.items()}
        of, count, date = len(numbers), None, None
        good = (*GOOD, "basic") if basic_counts else GOOD
        mine = {
            n: [f for f in rows if (f.unit, f.set) == (unit, set_id)]
            for n, rows in self.facts.items()
        }
        last = max(mine["criterion_counts"], key=lambda f: f.date, default=None)
        if last is not None:
            date = last.date
            then = {
                n: self.criterion(unit, set_id, n, regions, day, last.date, options)[0]
                for n in numbers
            }
            met, lacking = ([n for n in numbers if then[n] in kind] for kind in (GOOD, BAD))
            if len(met) <= last.met and len(lacking) <= of - last.met:
                gained = sum(states[n] in good for n in lacking)
                lost = sum(states[n] in BAD and states[n] not in good for n in met)
                count = int(last.met) + gained - lost
                rest = (
                    "met"
                    if len(lacking) == of - last.met
                    else "not_met"
                    if len(met) == last.met
                    else "unknown"
                )
                for n in numbers:
                    if states[n] == "unknown" and rest != "unknown":
                        states[n], dates[n] = rest, last.date
        for decision in mine["recognitions"][-1:]:
            if last is not None and decision.date > last.date:
                count = None
            if count is None or count >= of:
                for n in numbers:
                    if states[n] == "unknown" or (states[n] in BAD and dates[n] < decision.date):
                        states[n], dates[n] = "met", decision.date
        missing = tuple(n for n in numbers if states[n] in BAD and states[n] not in good)
        named = sum(s in good for s in states.values())
        total = max(named, min(count, of - len(missing))) if count is not None else named
        nothing = count is None and all(s == "unknown" for s in states.values())
        return {
            "states": states,
            "distances": {t: d for m in made.values() for t, d in m[2].items()},
            "met": None if nothing else total,
            "of": of,
            "missing": missing,
            "basic": tuple(n for n in numbers if states[n] == "basic"),
            "unknown": of - total - len(missing),
            "date": max(
                [d for d in (*dates.values(), date) if d is not None and not pd.isna(d)],
                default=pd.NaT,
            ),
        }


def found_by(standing, unit):
    """The same record, taken out of a :class:`~ntm_analysis.standing.assess.Standing`."""
    row = standing.counts.loc[unit]
    states = standing.states[standing.states["unit"] == unit].set_index("criterion")["state"]
    tests = standing.tests[standing.tests["unit"] == unit].set_index("test")["distance"].dropna()
    return {
        "states": states.astype(str).to_dict(),
        "distances": tests.to_dict(),
        "met": None if math.isnan(row["met"]) else int(row["met"]),
        "of": int(row["of"]),
        "missing": row["missing"],
        "basic": row["basic"],
        "unknown": int(row["unknown"]),
        "date": row["date"],
    }
