"""What stands in a plan's way, in sentences: one commune more, prices, plans nearly as good."""

from ..language import join_names, text, write_number
from ..needs import THOUSAND
from .chance_words import chance_word, rough
from .forecast import pot_words

LEAST_GAIN = 0.05  # communes that a step of money must bring to be told
PER = 100  # billions of a relaxed price
# Of what a commune's works cost: less money than this is less than their cost is known to.
CLOSE = 0.02


def amount_words(money, tonnes, lang):
    """Money and cement in running text, to two digits: costs are not known to more.

    Parameters
    ----------
    money : float
        Million dong.
    tonnes : float
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> amount_words(2_831.4, 0, "vi"), amount_words(13.4, 170, "vi")
    ('2,8 tỷ đồng', '13 triệu đồng và 170 tấn xi măng')
    """
    parts = []
    if money or not tonnes:
        large = money >= THOUSAND
        amount = write_number(rough(money / THOUSAND if large else money), lang)
        parts.append(text("billion_words" if large else "money_words", lang, amount=amount))
    if tonnes:
        parts.append(text("tonnes_words", lang, amount=write_number(rough(tonnes), lang)))
    return join_names(parts, lang)


def pot_amounts_words(workbook, by_pot, lang):
    """The names of pots, each with the amount that is to be added to it.

    Parameters
    ----------
    workbook : Workbook
    by_pot : list of dict
        pot, amount, unit (million dong or tonnes).
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    named = []
    for row in by_pot:
        cement = row["unit"] == "tấn"
        amount = amount_words(0 if cement else row["amount"], row["amount"] if cement else 0, lang)
        named.append(f"{pot_words(workbook, row['pot'], lang)} ({amount})")
    return join_names(named, lang)


def extra_commune_lines(record, lang):
    """The cheapest extra commune of each year, and what it needs.

    Where the plan lists that commune in a later year, the cheapest that it never lists too.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    if record["status"] == "infeasible":
        return [text("extra_infeasible", lang)]
    if not any(row["year"] is None for row in record["communes"]):
        return [text("extra_nobody", lang)]
    lines = []
    for row in record["extra_commune"]:
        cheapest, others = (
            row["cheapest"],
            [other for other in row["next"] if not other["planned_year"]],
        )
        details = {
            "year": row["year"],
            "name": alike_words(cheapest, lang),
            "what": extra_commune_words(cheapest, lang),
        }
        if cheapest["planned_year"]:
            answer = text("extra_no_other", lang)
            if others:
                answer = text(
                    "extra_next",
                    lang,
                    name=alike_words(others[0], lang),
                    what=extra_commune_words(others[0], lang),
                )
            line = text(
                "extra_told_planned", lang, planned=cheapest["planned_year"], next=answer, **details
            )
        else:
            line = text("extra_told", lang, **details)
        if 0 < cheapest["money"] < CLOSE * cheapest["cost"]:
            line += " " + text("extra_close", lang)
        if cheapest["p_if_money"] is not None and cheapest["p_if_money"] < 0.5:
            line += " " + text(
                "extra_chance",
                lang,
                name=cheapest["name"],
                p=chance_word(cheapest["p_if_money"], lang),
            )
        lines.append(line)
    return lines or [text("extra_none", lang)]


def alike_words(row, lang):
    """The name of a commune, and how many others need just the same.

    Parameters
    ----------
    row : dict
        Of an extra commune of the record: name, alike.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str

    Examples
    --------
    >>> alike_words({"name": "Thanh Hà", "alike": 1}, "vi")
    'Thanh Hà'
    """
    return (
        row["name"]
        if row["alike"] < 2
        else text("extra_alike", lang, name=row["name"], n=row["alike"] - 1)
    )


def extra_commune_words(row, lang):
    """What a commune needs beside the plan: money, cement, a place on the list.

    Parameters
    ----------
    row : dict
        Of an extra commune of the record: money (million dong), cement (tonnes), places.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
    """
    money = (
        [amount_words(row["money"], row["cement"], lang)] if row["money"] or row["cement"] else []
    )
    return join_names([*money, *[text("extra_place", lang)] * row["places"]], lang) or text(
        "extra_nothing", lang
    )


def price_lines(workbook, record, lang):
    """What more money buys: the communes of a step more, then relaxed prices, each named.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    lines, relaxed = [], {}
    for row in record["prices"]:
        step, cement = row["step"], row["unit"] == "tấn"
        if row["pot"] and step["value"] >= LEAST_GAIN:
            added = amount_words(
                0 if cement else step["added"], step["added"] if cement else 0, lang
            )
            details = {
                "added": added,
                "n": write_number(step["value"], lang, 1),
                "percent": step["percent"],
            }
            lines.append(
                text("price_step", lang, pot=pot_words(workbook, row["pot"], lang), **details)
            )
        # Pots that stand in for each other have one price.
        times = PER if row["pot"] else 1
        prices = "; ".join(
            f"{year}: {write_number(rough(value * times), lang)}"
            for year, value in row["relaxed"].items()
        )
        relaxed.setdefault((prices, bool(row["pot"]), cement), []).append(row["pot"])
    lines += [text("price_central", lang)] if lines else []
    for (prices, money, cement), pots in relaxed.items():
        if money:
            names = join_names([pot_words(workbook, pot, lang) for pot in pots], lang)
            lines.append(
                text(
                    "price_relaxed_cement" if cement else "price_relaxed",
                    lang,
                    pot=names,
                    prices=prices,
                    per=PER,
                )
            )
        else:
            lines.append(text("price_place", lang, prices=prices))
    return lines


def relaxation_lines(workbook, record, lang):
    """What would have to give for all communes to finish: money, months, communes.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    relaxed = record["relaxations"]["for_all"]
    money = relaxed["money"]
    if not relaxed["communes"]:
        return [text("relax_nothing", lang)]
    lines = [] if relaxed["never"] else [text("relax_no_money", lang)]
    if money["by_pot"]:
        what, pots = (
            amount_words(money["added"], money["tonnes"], lang),
            pot_amounts_words(workbook, money["by_pot"], lang),
        )
        lines = [text("relax_money", lang, what=what, pots=pots)]
    if relaxed["places"]:
        lines.append(text("relax_places", lang, n=relaxed["places"]))
    months = relaxed["months"]
    lines.append(
        text("relax_no_months", lang) if months is None else text("relax_months", lang, n=months)
    )
    if record["status"] != "infeasible":
        lines.append(text("relax_communes", lang, n=relaxed["communes"]))
    if relaxed["never"]:
        lines.append(
            text(
                "relax_never",
                lang,
                names=join_names([row["name"] for row in relaxed["never"]], lang),
            )
        )
    if tried := record.get("under_uncertainty"):
        rich = tried["unlimited"]
        details = {
            "mean": write_number(rich["mean"], lang, 1),
            "p": chance_word(rich["p_all"], lang),
        }
        lines.append(text("relax_forecast", lang, **details))
    return lines


def conflict_lines(workbook, record, lang):
    """Which conditions stand against each other, with the sums, and the least relaxations.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
        Empty where some plan keeps them all.
    """
    answer = record["relaxations"]["conflict"]
    if not answer:
        return []
    sums = {key: amount_words(answer[key], 0, lang) for key in ("needs", "has")}
    if answer["rules"] == ["no_money"]:
        return [text("conflict_no_money", lang, needs=sums["needs"])]
    lines = []
    if "all_pots" in answer["rules"]:
        lines.append(text("conflict_all_pots", lang, **sums))
    else:
        names = [
            text(f"rule_{r}", lang)
            if r in ("minimum", "committed")
            else pot_words(workbook, r, lang)
            for r in answer["rules"]
        ]
        lines.append(text("conflict_rules", lang, rules=join_names(names, lang), **sums))
    lines.append(text("conflict_minimum", lang, minimum=write_number(answer["minimum"], lang)))
    cement = {row["pot"] for row in record["plan"] if row["unit"] == "tấn"}
    for pot, more in answer["money"].items():
        if more is not None:
            amount = amount_words(0 if pot in cement else more, more if pot in cement else 0, lang)
            lines.append(
                text("conflict_money", lang, pot=pot_words(workbook, pot, lang), amount=amount)
            )
    return lines


def near_plan_lines(record, lang):
    """The plans within one commune of the best: who is left out, who comes instead.

    Parameters
    ----------
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    list of str
    """
    lines = []
    for row in record["near_plans"]:
        instead = [c["name"] for c in row["instead"]]
        details = {
            "without": join_names([c["name"] for c in row["without"]], lang),
            "works": row["works"],
        }
        details["n"] = write_number(row["communes"], lang, 1)
        details["instead"] = (
            text("near_instead", lang, names=join_names(instead, lang)) if instead else ""
        )
        lines.append(text("near_told", lang, **details))
    return lines


def reason_words(workbook, record, row, lang):
    """Why a commune is not in the plan.

    Parameters
    ----------
    workbook : Workbook
    record : dict
        As of :meth:`AllocationResult.to_dict`.
    row : dict
        Of the communes of the record.
    lang : str
        ``"vi"`` or ``"en"``.

    Returns
    -------
    str
        "" for a commune that is in the plan.
    """
    if row["reason"] is None:
        return ""
    details = {key: row[key] for key in ("months", "room") if key in row}
    if row["reason"] == "others":
        short = [
            pot_words(workbook, price["pot"], lang) for price in record["prices"] if price["pot"]
        ]
        return (
            text("reason_others", lang, pots=join_names(short, lang))
            if short
            else text("reason_others_none", lang)
        )
    if "pots" in row:
        details["pots"] = join_names([pot_words(workbook, pot, lang) for pot in row["pots"]], lang)
        details |= {key: amount_words(row[key], 0, lang) for key in ("needs", "has") if key in row}
    return text(f"reason_{row['reason']}", lang, **details)
