"""Where the communes stand: every criterion judged, counts, recognised levels, the month, duties.

What comes in is a workbook (``data.Workbook``) and the name of a criteria set; what comes out are
tables by ``unit``, the number of a commune. Begin with ``assess``: it judges every commune by one
set and gives a ``Standing`` with counts, states and tests. ``levels`` says what each commune is
recognised as, ``overview`` sums up the district, ``criteria_holding_back`` which criteria most
communes lack. A meeting compares two such standings: ``meeting_month`` says which month,
``state_changes`` what changed, ``works_progress`` which works are late, ``disbursement_by_pot``
where the money is. ``department_duties`` and ``judge_rule`` name who must act and which yearly
rules are kept; ``find_successors`` and its kin carry recognition over mergers of communes.
"""

from .assess import Standing, assess
from .duties import (
    before_year,
    communes_at_risk,
    communes_registered,
    covered_communes,
    department_duties,
    hamlets_registered,
    judge_rule,
    measure_of,
    registration_year,
    rule_level,
)
from .mergers import (
    NOTE_LANG,
    PART_VERDICTS,
    Successors,
    before_mergers,
    find_successors,
    former_units,
    recognised_parts,
    recognition_of_merged,
    recognition_words,
)
from .monthly_changes import (
    Month,
    comparable_works,
    disbursement_by_commune,
    disbursement_by_pot,
    disbursements,
    fall_warnings,
    falls,
    meeting_month,
    month_before,
    reporting_communes,
    state_changes,
    volume_change,
    volume_curve,
    weighted_volume,
    works_progress,
)
from .recognition import (
    MOST_MISSING_WHEN_NEAR,
    NEXT_LEVEL,
    RANKS,
    Overview,
    ask_first,
    criteria_holding_back,
    district_conditions,
    knowledge_shares,
    levels,
    overview,
    revocation,
    set_in_force,
)

__all__ = [
    "MOST_MISSING_WHEN_NEAR",
    "NEXT_LEVEL",
    "NOTE_LANG",
    "PART_VERDICTS",
    "RANKS",
    "Month",
    "Overview",
    "Standing",
    "Successors",
    "ask_first",
    "assess",
    "before_mergers",
    "before_year",
    "communes_at_risk",
    "communes_registered",
    "comparable_works",
    "covered_communes",
    "criteria_holding_back",
    "department_duties",
    "disbursement_by_commune",
    "disbursement_by_pot",
    "disbursements",
    "district_conditions",
    "fall_warnings",
    "falls",
    "find_successors",
    "former_units",
    "hamlets_registered",
    "judge_rule",
    "knowledge_shares",
    "levels",
    "measure_of",
    "meeting_month",
    "month_before",
    "overview",
    "recognised_parts",
    "recognition_of_merged",
    "recognition_words",
    "registration_year",
    "reporting_communes",
    "revocation",
    "rule_level",
    "set_in_force",
    "state_changes",
    "volume_change",
    "volume_curve",
    "weighted_volume",
    "works_progress",
]
