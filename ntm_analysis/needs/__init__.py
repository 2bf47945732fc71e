"""What finishing costs and who pays.

Missing criteria, works, prices, pots, gaps, in many possible worlds.

``demand`` is the whole answer; random numbers are drawn by name (``uniforms``), so that every
question sees the same worlds.
"""

from .funding import DRAWS, SEED, Demand, demand, in_millions, movers, must_be_known, still_to_come
from .missing import (
    KnownStates,
    drawn_missing,
    expected_lacks,
    facts_ntm,
    missing_higher,
    one_more_met,
    usual_missing,
)
from .need import UNPLANNED, Need, communes_in_need, spread, works_not_needed
from .pot_money import envelopes_from, instances_of, monthly_money, pot_instance
from .pot_sets import CEMENT_PART, THOUSANDTHS, contribution, pot_sets
from .random_numbers import BLOCK, MEANS, pert, pert_mean, together, uniforms
from .works import (
    DEBT,
    THOUSAND,
    PriceList,
    Prices,
    drawn_works,
    newest_debts,
    unit_costs,
    works_of,
)

__all__ = [
    "BLOCK",
    "CEMENT_PART",
    "DEBT",
    "DRAWS",
    "MEANS",
    "SEED",
    "THOUSAND",
    "THOUSANDTHS",
    "UNPLANNED",
    "Demand",
    "KnownStates",
    "Need",
    "PriceList",
    "Prices",
    "communes_in_need",
    "contribution",
    "demand",
    "drawn_missing",
    "drawn_works",
    "envelopes_from",
    "expected_lacks",
    "facts_ntm",
    "in_millions",
    "instances_of",
    "missing_higher",
    "monthly_money",
    "movers",
    "must_be_known",
    "newest_debts",
    "one_more_met",
    "pert",
    "pert_mean",
    "pot_instance",
    "pot_sets",
    "spread",
    "still_to_come",
    "together",
    "uniforms",
    "unit_costs",
    "usual_missing",
    "works_not_needed",
    "works_of",
]
