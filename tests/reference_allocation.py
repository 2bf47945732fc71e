"""A second, slow reading of what a plan may do and which plan is best: every assignment of works to periods is tried.

Written from the definitions alone, in plain Python; of the package it knows the input format only. A work that claims nothing
needs no money and begins today. Committed works are paid from each pot in the order of their numbers, as soon as money is there;
while a pot still owes them something it pays no other work. A goal is reached when the last work that it waits for has ended.
Best: the greatest weight of goals reached by the deadline; of those the fewest periods waited after the first, over all goals
reached that weigh something; of those the least money (money pots, works that are not committed).
"""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Aims:
    """What a plan is judged by, the first aim first."""

    value: float
    waited: int
    money: int

    @property
    def rank(self) -> tuple:
        return -self.value, self.waited, self.money


class Reference:
    """A central case as lists; ``claims``: by pot what each work takes from it."""

    def __init__(self, case) -> None:
        self.ends, self.periods = [int(end) for end in case.ends], len(case.ends)
        self.works, self.goals = range(len(case.goal)), range(len(case.weight))
        self.goal, self.left = case.goal.tolist(), case.left.tolist()
        self.counted, self.committed = case.counted.tolist(), case.committed.tolist()
        self.weight, self.minimum = case.weight.tolist(), case.minimum.tolist()
        self.claims = [dict.fromkeys(self.works, 0) for _ in case.pots]
        for claims, pot in zip(self.claims, case.pots, strict=True):
            for work, amount in zip(pot.works.tolist(), pot.amounts.tolist(), strict=True):
                claims[work] += amount
        self.money, self.cement = [pot.money.tolist() for pot in case.pots], [pot.cement for pot in case.pots]
        self.cost = [sum(c[w] for c, cement in zip(self.claims, self.cement, strict=True) if not cement) for w in self.works]
        self.free = [w for w in self.works if not self.committed[w] and any(claims[w] for claims in self.claims)]
        self.owed = [sum(claims[w] for w in self.works if self.committed[w]) for claims in self.claims]
        self.fixed = {w: self._committed(w) for w in self.works if self.committed[w]}

    def _committed(self, work: int) -> int | None:
        """The period in which a committed work's last part is paid (0: it claims nothing, None: never)."""
        last = 0
        for claims, money in zip(self.claims, self.money, strict=True):
            if not claims[work]:
                continue
            before = sum(claims[w] for w in self.works if self.committed[w] and w <= work)
            paid = [t for t in range(1, self.periods + 1) if money[t - 1] >= before]
            if not paid:
                return None
            last = max(last, paid[0])
        return last

    def plans(self):
        """Every plan that keeps all constraints: by work its period, 0 for what claims nothing, None for never."""
        begun = {w: 0 for w in self.works if not self.committed[w] and w not in self.free} | self.fixed
        for periods in product((None, *range(1, self.periods + 1)), repeat=len(self.free)):
            plan = begun | dict(zip(self.free, periods, strict=True))
            if self.payable(plan) and self.minimums(plan):
                yield plan

    def payable(self, plan: dict) -> bool:
        """No pot pays more than it has, and none pays a free work while it owes a committed one."""
        for claims, money, owed in zip(self.claims, self.money, self.owed, strict=True):
            for t in range(1, self.periods + 1):
                paid = sum(claims[w] for w in self.free if plan[w] is not None and plan[w] <= t)
                if paid and owed + paid > money[t - 1]:
                    return False
        return True

    def minimums(self, plan: dict) -> bool:
        """Every commune gets its least money by the deadline, from works that are funded whole."""
        return all(
            least <= sum(self.cost[w] for w in self.works if self.goal[w] == goal and plan[w] is not None)
            for goal, least in enumerate(self.minimum)
        )

    def finish(self, plan: dict, goal: int) -> int | None:
        """The period by whose end a goal is reached, None: not by the deadline."""
        month = 0
        for w in self.works:
            if self.goal[w] == goal and self.counted[w]:
                if plan[w] is None:
                    return None
                month = max(month, (self.ends[plan[w] - 1] if plan[w] else 0) + self.left[w])
        return next((y for y, end in enumerate(self.ends, start=1) if month <= end), None)

    def aims(self, plan: dict) -> Aims:
        by = {g: self.finish(plan, g) for g in self.goals if self.weight[g] > 0}
        reached = {g: y for g, y in by.items() if y is not None}
        money = sum(self.cost[w] for w in self.free if plan[w] is not None)
        return Aims(sum(self.weight[g] for g in reached), sum(y - 1 for y in reached.values()), money)

    def best(self) -> Aims | None:
        """The aims of the best plan, None where no plan keeps all constraints."""
        return min((self.aims(plan) for plan in self.plans()), key=lambda aims: aims.rank, default=None)
