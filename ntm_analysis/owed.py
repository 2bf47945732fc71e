"""What each department owes by commune: the criteria named missing, who is to act, by when; which communes need direction."""

import pandas as pd

from .assess import Standing
from .workbook import Workbook


def owed(workbook: Workbook, standings: dict[str, Standing], sets: pd.Series) -> pd.DataFrame:
    """A row a commune and criterion that is named missing (and an assignment, where there are several): unit, set, criterion,
    department, mark (of the owner), assigned, partner, person, action, due, overdue.

    ``sets``: by unit, the set of the level that the commune works towards; ``standings``: by set. Where nobody is assigned the
    department is the law's owner. Not assigned rows come first, then by department and administrative order.
    """
    given = workbook.tables["assignments"].groupby(["unit", "set", "criterion"])
    given = {key: part.to_dict("records") for key, part in given}
    rows = []
    for unit in workbook.communes.index:
        set_id = sets[unit]
        owners = workbook.law.criteria_of(set_id)
        for number in standings[set_id].counts.loc[unit, "missing"]:
            base = {"unit": unit, "set": set_id, "criterion": number}
            own = owners.loc[number]
            law = {"department": own["owner_vi"], "department_en": own["owner_en"], "mark": own["owner_mark"]}
            for row in given.get((unit, set_id, number), [None]):
                told = {k: row[k] for k in ("department", "partner", "person", "action", "due", "mark")} if row else law
                rows.append({"assigned": row is not None} | base | told)
    columns = [
        "unit",
        "set",
        "criterion",
        "assigned",
        "department",
        "department_en",
        "mark",
        "partner",
        "person",
        "action",
        "due",
    ]
    made = pd.DataFrame(rows, columns=columns)
    for text in ("department_en", "partner", "person", "action"):
        made[text] = made[text].astype(object).fillna("")
    made["department_en"] = made["department_en"].where(made["department_en"] != "", made["department"])
    made["due"] = pd.to_datetime(made["due"])
    made["overdue"] = made["due"] < pd.Timestamp(workbook.as_of)
    return made.sort_values(["assigned", "department"], kind="stable").reset_index(drop=True)


def needing_direction(works: pd.DataFrame, money: pd.DataFrame, tasks: pd.DataFrame) -> dict[int, dict[str, pd.DataFrame]]:
    """The communes that need direction and why, by unit: late works, money behind, tasks overdue (the rows of each, if any).

    Only reported progress behind its plan counts; a commune without figures is never among them.
    """
    found = {}
    behind = money[money["behind"] > 0].rename_axis("unit").reset_index()
    for reason, rows in (("late", works[works["late"]]), ("money", behind), ("overdue", tasks[tasks["overdue"]])):
        for unit, part in rows.groupby("unit"):
            found.setdefault(int(unit), {})[reason] = part
    return found
