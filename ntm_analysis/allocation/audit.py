"""Every constraint of a plan checked again, on its table alone: nothing of the solver's matrices, nothing of the queue."""

import pandas as pd

COLUMNS = ("work", "commune", "pot", "year", "amount", "committed", "counted", "months", "minimum", "cement")


def audit(
    table: pd.DataFrame, money: pd.DataFrame, finishing: set, closes: dict[int, pd.Timestamp], deadline: pd.Timestamp
) -> list[dict]:
    """What a plan breaks: rule (pot, committed, lead_time, unfunded, parts, minimum), where (pot, commune or work), year, needs,
    has; empty for a plan that keeps every rule.

    ``table``: a row a part, :data:`COLUMNS`: work and commune it belongs to, pot, year funded (NaN: not), amount (thousand đồng
    or tonnes), committed, counted (its commune waits for it), months of work after it is funded, minimum of its commune.
    ``money``: pots x years, cumulative. ``finishing``: communes that the plan says finish; ``closes``: the last day of each year.

    >>> table = pd.DataFrame([["w", "A", "p", 2023, 7, False, True, 5, 0, False]], columns=list(COLUMNS))
    >>> money = pd.DataFrame({2022: [3], 2023: [6]}, index=["p"])
    >>> closes = {2022: pd.Timestamp("2022-12-31"), 2023: pd.Timestamp("2023-12-31")}
    >>> found = audit(table, money, {"A"}, closes, pd.Timestamp("2024-03-31"))
    >>> [(row["rule"], row["needs"], row["has"]) for row in found]
    [('pot', 7, 6), ('lead_time', 5, 3)]
    """
    found: list[dict] = []

    def broken(rule: str, where: object, year: object, needs: object, has: object) -> None:
        found.append({"rule": rule, "where": where, "year": year, "needs": needs, "has": has})

    paid = table[table["year"].notna()]
    for pot, rows in table.groupby("pot", sort=False):
        mine = paid[paid["pot"] == pot]
        owed = int(rows.loc[rows["committed"], "amount"].sum())
        for year in sorted(money.columns):
            now = mine[mine["year"] <= year]
            if now["amount"].sum() > money.loc[pot, year]:
                broken("pot", pot, year, int(now["amount"].sum()), int(money.loc[pot, year]))
            served = int(now.loc[now["committed"], "amount"].sum())
            others = int(now["amount"].sum()) - served
            # A committed work may wait for another pot; what it claims here must lie ready before anything else is paid.
            if served < owed and others and owed + others > money.loc[pot, year]:
                broken("committed", pot, year, owed + others, int(money.loc[pot, year]))
    claims = table[table["amount"] > 0]
    several = claims.groupby("work")["year"].agg(lambda years: years.nunique(dropna=False))
    for work in several.index[several > 1]:
        broken("parts", work, None, 1, int(several[work]))
    for row in claims[claims["counted"] & claims["commune"].isin(finishing)].drop_duplicates("work").to_dict("records"):
        if pd.isna(row["year"]):
            broken("unfunded", row["work"], None, row["amount"], 0)
            continue
        closing = closes[int(row["year"])]
        room = (deadline.year - closing.year) * 12 + deadline.month - closing.month
        if row["months"] > room:
            broken("lead_time", row["work"], int(row["year"]), row["months"], room)
    given = paid[~paid["cement"]].groupby("commune")["amount"].sum()
    for commune, least in table.groupby("commune", sort=False)["minimum"].max().items():
        if given.get(commune, 0) < least:
            broken("minimum", commune, None, int(least), int(given.get(commune, 0)))
    return found
