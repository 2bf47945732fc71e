"""Write ``data/scenarios/<id>.expected.json`` anew: what each scenario gives for Thanh Chương, held
against by a test.

    .venv/bin/python data/make_expected.py [id ...]

Without ids: of all scenarios. Run it after a change of data, law or method that is meant; look at
the difference before it is committed.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ntm_analysis.data import Workbook
from ntm_analysis.results import ComparisonResult
from ntm_analysis.scenarios import compare

DATA = Path(__file__).resolve().parent
DRAWS = 1_000
KEYS = ("finishing_mean", "p_basically_all", "p_all", "difference")


def expected(ids: Sequence[str] = ()) -> dict[str, dict]:
    """What scenario files give, by id."""
    both = compare(Workbook.open(DATA / "thanh-chuong"), ids, draws=DRAWS, moving=False)
    made = ComparisonResult(both).to_dict()
    setting = {key: made[key] for key in ("dataset", "as_of", "draws", "seed")}
    return {row["id"]: setting | {key: row[key] for key in KEYS} for row in made["scenarios"][1:]}


if __name__ == "__main__":
    for name, figures in expected(sys.argv[1:]).items():
        text = json.dumps(figures, indent=1) + "\n"
        (DATA / "scenarios" / f"{name}.expected.json").write_text(text, encoding="utf-8")
