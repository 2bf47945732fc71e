"""The allocation in sentences and short lines: verdict, rules beside it, one commune more, what to
relax.
"""

import math

from ..data import Workbook
from ..language import listed, text, write_date, write_number, write_percent
from ..needs import THOUSAND
from .forecast import blocking_words, chance_word, pot_words
from .need import rough

NOISE = 3  # standard errors, as where scenarios are compared
FELT, PER = (
    0.05,
    100,
)  # communes that a step of money must bring to be told; billions of a relaxed price
CLOSE = (
    0.02  # of what a commune's works cost: less money than this is less than their cost is known to
)


def allocation_sentence(made: dict, lang: str) -> str:
    """The answer in one or two sentences; ``made`` is the record of
    :func:`~ntm_analysis.allocation.record.record`.
    """
    day = write_date(made["deadline"], lang)
    if made["status"] == "infeasible":
        return text("allocation_infeasible", lang, day=day)
    told = {
        "n": write_number(made["finishing"], lang, 1),
        "total": made["n_communes"],
        "now": made["n_finished_now"],
        "day": day,
    }
    if made["status"] == "rule":
        best = write_number(made["finishing_by_policy"]["optimal"], lang, 1)
        return text(
            "allocation_verdict_rule",
            lang,
            policy=text(f"policy_{made['policy']}", lang),
            best=best,
            **told,
        )
    proof = text("allocation_proved_weighted" if made["weights"] else "allocation_proved", lang)
    if made["status"] != "optimal":
        more = write_number(made["bound"] - made["value"], lang, 2)
        proof = text("allocation_open", lang, more=more, gap=write_percent(made["gap"], lang))
    beyond = round(made["finishing"] - made["finishing_by_policy"]["own"], 1)
    compared = text(
        "allocation_beyond" if beyond > 0 else "allocation_same",
        lang,
        beyond=write_number(beyond, lang, 1),
    )
    said = text(
        "allocation_verdict", lang, proof=proof, beyond=compared, listed=made["listed"], **told
    )
    if not (tried := made.get("under_uncertainty")):
        return said
    best, own = (tried["plans"][name] for name in ("optimal", "own"))
    mean, other = (write_number(plan["finishing"]["mean"], lang, 1) for plan in (best, own))
    said += " " + text(
        "allocation_verdict_forecast", lang, mean=mean, own=other, range=usual(best["finishing"])
    )
    if not made["settled"]:
        said += " " + text("allocation_unsettled", lang)
    return said + (
        " " + text("allocation_worse", lang)
        if best["beyond_own"] < -max(FELT, NOISE * (best["se"] or 0.0))
        else ""
    )


def usual(figures: dict) -> str:
    """The usual range of a number of communes."""
    return "-".join(dict.fromkeys(str(round(figures[q])) for q in ("p10", "p90")))


def tested_sentences(made: dict, lang: str) -> list[str]:
    """What the optimal plan gains in the forecast, and the one with a margin; nothing where it was
    not asked.
    """
    tried = made.get("under_uncertainty")
    if not tried:
        return []
    best = tried["plans"]["optimal"]
    beyond, error = best["beyond_own"], best["se"] or 0.0
    digits = max(2, -math.floor(math.log10(error))) if error else 2
    told = {"beyond": write_number(beyond, lang, digits), "se": write_number(error, lang, digits)}
    margins = [row["margin"] for row in tried["tried"]]
    chosen = tried["chosen"]
    safe = {
        "n": len(margins),
        "least": whole_percent(1 - max(margins)),
        "margin": text("allocation_no_margin", lang),
    }
    if chosen["margin"]:
        safe["margin"] = text("allocation_margin", lang, share=whole_percent(chosen["margin"]))
    safe["mean"] = write_number(tried["plans"][chosen["plan"]]["finishing"]["mean"], lang, 1)
    return [
        text(
            "allocation_tested" if beyond > NOISE * error else "allocation_tested_less",
            lang,
            draws=write_number(tried["draws"], lang),
            **told,
        ),
        text("allocation_safe", lang, **safe),
    ]


def weights_sentence(made: dict, lang: str) -> str:
    """That communes are weighed, where they are."""
    if not made["weights"] or made["value"] is None:
        return ""
    names = ", ".join(
        f"{name}: {write_number(weight, lang)}" for name, weight in made["weights"].items()
    )
    return text("allocation_weights", lang, names=names, value=write_number(made["value"], lang, 2))


def plan_assumed_sentence(made: dict, lang: str) -> str:
    """How much of the plan rests on assumptions."""
    if made["illustrative"]:
        return text("forecast_invented", lang)
    shares = {k: "..." if v is None else whole_percent(v) for k, v in made["assumed_share"].items()}
    return text("allocation_assumed", lang, **shares)


def whole_percent(share: float) -> str:
    """A share in whole per cent; 100 % only where it is all.

    >>> whole_percent(0.999), whole_percent(1.0), whole_percent(0.05)
    ('99%', '100%', '5%')
    """
    return f"{math.floor(100 * share + 1e-9)}%"


def what_words(money: float, tonnes: float, lang: str) -> str:
    """Million đồng and tonnes of cement to two digits, as running text: costs are not known to
    more.

    >>> what_words(2_831.4, 0, "vi"), what_words(13.4, 170, "vi")
    ('2,8 tỷ đồng', '13 triệu đồng và 170 tấn xi măng')
    """
    parts = []
    if money or not tonnes:
        large = money >= THOUSAND
        amount = write_number(rough(money / THOUSAND if large else money), lang)
        parts.append(text("billion_words" if large else "money_words", lang, amount=amount))
    if tonnes:
        parts.append(text("tonnes_words", lang, amount=write_number(rough(tonnes), lang)))
    return listed(parts, lang)


def pots_words(workbook: Workbook, by_pot: list[dict], lang: str) -> str:
    """Pots with what each lacks."""
    named = []
    for row in by_pot:
        cement = row["unit"] == "tấn"
        amount = what_words(0 if cement else row["amount"], row["amount"] if cement else 0, lang)
        named.append(f"{pot_words(workbook, row['pot'], lang)} ({amount})")
    return listed(named, lang)


def extra_lines(made: dict, lang: str) -> list[str]:
    """The cheapest extra commune of each year; where it only comes earlier, the cheapest that is
    not in the plan too.
    """
    if made["status"] == "infeasible":
        return [text("extra_infeasible", lang)]
    if not any(row["year"] is None for row in made["communes"]):
        return [text("extra_nobody", lang)]
    lines = []
    for row in made["extra_commune"]:
        cheapest, others = (
            row["cheapest"],
            [other for other in row["next"] if not other["planned_year"]],
        )
        told = {
            "year": row["year"],
            "name": alike_words(cheapest, lang),
            "what": extra_words(cheapest, lang),
        }
        if cheapest["planned_year"]:
            found = text("extra_no_other", lang)
            if others:
                found = text(
                    "extra_next",
                    lang,
                    name=alike_words(others[0], lang),
                    what=extra_words(others[0], lang),
                )
            line = text(
                "extra_told_planned", lang, planned=cheapest["planned_year"], next=found, **told
            )
        else:
            line = text("extra_told", lang, **told)
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


def alike_words(row: dict, lang: str) -> str:
    """A commune, and how many others need just the same."""
    return (
        row["name"]
        if row["alike"] < 2
        else text("extra_alike", lang, name=row["name"], n=row["alike"] - 1)
    )


def extra_words(row: dict, lang: str) -> str:
    """What a commune needs beside the plan: money, cement, a place on the list."""
    money = [what_words(row["money"], row["cement"], lang)] if row["money"] or row["cement"] else []
    return listed([*money, *[text("extra_place", lang)] * row["places"]], lang) or text(
        "extra_nothing", lang
    )


def price_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """What more money buys: step prices, then relaxed prices; each named."""
    lines, relaxed = [], {}
    for row in made["prices"]:
        step, cement = row["step"], row["unit"] == "tấn"
        if row["pot"] and step["value"] >= FELT:
            added = what_words(0 if cement else step["added"], step["added"] if cement else 0, lang)
            told = {
                "added": added,
                "n": write_number(step["value"], lang, 1),
                "percent": step["percent"],
            }
            lines.append(
                text("price_step", lang, pot=pot_words(workbook, row["pot"], lang), **told)
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
            names = listed([pot_words(workbook, pot, lang) for pot in pots], lang)
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


def relax_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """What would have to give for all communes to finish: money, months, communes."""
    relaxed = made["relaxations"]["for_all"]
    money = relaxed["money"]
    if not relaxed["communes"]:
        return [text("relax_nothing", lang)]
    lines = [] if relaxed["never"] else [text("relax_no_money", lang)]
    if money["by_pot"]:
        what, pots = (
            what_words(money["added"], money["tonnes"], lang),
            pots_words(workbook, money["by_pot"], lang),
        )
        lines = [text("relax_money", lang, what=what, pots=pots)]
    if relaxed["places"]:
        lines.append(text("relax_places", lang, n=relaxed["places"]))
    months = relaxed["months"]
    lines.append(
        text("relax_no_months", lang) if months is None else text("relax_months", lang, n=months)
    )
    if made["status"] != "infeasible":
        lines.append(text("relax_communes", lang, n=relaxed["communes"]))
    if relaxed["never"]:
        lines.append(
            text("relax_never", lang, names=listed([row["name"] for row in relaxed["never"]], lang))
        )
    if tried := made.get("under_uncertainty"):
        rich = tried["unlimited"]
        told = {"mean": write_number(rich["mean"], lang, 1), "p": chance_word(rich["p_all"], lang)}
        lines.append(text("relax_forecast", lang, **told))
    return lines


def conflict_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """Which conditions stand against each other, with the sums, and the least relaxations."""
    found = made["relaxations"]["conflict"]
    if not found:
        return []
    sums = {key: what_words(found[key], 0, lang) for key in ("needs", "has")}
    if found["rules"] == ["no_money"]:
        return [text("conflict_no_money", lang, needs=sums["needs"])]
    lines = []
    if "all_pots" in found["rules"]:
        lines.append(text("conflict_all_pots", lang, **sums))
    else:
        names = [
            text(f"rule_{r}", lang)
            if r in ("minimum", "committed")
            else pot_words(workbook, r, lang)
            for r in found["rules"]
        ]
        lines.append(text("conflict_rules", lang, rules=listed(names, lang), **sums))
    lines.append(text("conflict_minimum", lang, minimum=write_number(found["minimum"], lang)))
    cement = {row["pot"] for row in made["plan"] if row["unit"] == "tấn"}
    for pot, more in found["money"].items():
        if more is not None:
            amount = what_words(0 if pot in cement else more, more if pot in cement else 0, lang)
            lines.append(
                text("conflict_money", lang, pot=pot_words(workbook, pot, lang), amount=amount)
            )
    return lines


def near_lines(made: dict, lang: str) -> list[str]:
    """Plans within one commune of the best."""
    lines = []
    for row in made["near_plans"]:
        instead = [c["name"] for c in row["instead"]]
        told = {"without": listed([c["name"] for c in row["without"]], lang), "works": row["works"]}
        told["n"] = write_number(row["communes"], lang, 1)
        told["instead"] = text("near_instead", lang, names=listed(instead, lang)) if instead else ""
        lines.append(text("near_told", lang, **told))
    return lines


def reason_words(workbook: Workbook, made: dict, row: dict, lang: str) -> str:
    """Why a commune is not in the plan."""
    if row["reason"] is None:
        return ""
    told = {key: row[key] for key in ("months", "room") if key in row}
    if row["reason"] == "others":
        short = [
            pot_words(workbook, price["pot"], lang) for price in made["prices"] if price["pot"]
        ]
        return (
            text("reason_others", lang, pots=listed(short, lang))
            if short
            else text("reason_others_none", lang)
        )
    if "pots" in row:
        told["pots"] = listed([pot_words(workbook, pot, lang) for pot in row["pots"]], lang)
        told |= {key: what_words(row[key], 0, lang) for key in ("needs", "has") if key in row}
    return text(f"reason_{row['reason']}", lang, **told)


def rules_words(made: dict, policy: str, lang: str) -> str:
    """Whether a policy keeps every condition, and which it does not."""
    rules = list(dict.fromkeys(row["rule"] for row in made["broken"].get(policy, [])))
    if not rules:
        return text("conditions_kept", lang)
    return text(
        "allocation_breaks", lang, rules=", ".join(text(f"rule_{rule}", lang) for rule in rules)
    )


def allocation_lines(workbook: Workbook, made: dict, lang: str) -> list[str]:
    """The record as text for a console."""
    lines = [
        allocation_sentence(made, lang),
        *conflict_lines(workbook, made, lang),
        text("allocation_central", lang),
    ]
    beside = [
        weights_sentence(made, lang),
        blocking_words(workbook, made | {"policy": "own"}, lang),
        plan_assumed_sentence(made, lang),
    ]
    lines += [*tested_sentences(made, lang), *filter(None, beside)]
    lines += ["", text("allocation_by_policy", lang)]
    for policy, n in made["finishing_by_policy"].items():
        if n is None:
            continue
        broken = "" if not made["broken"][policy] else f"  ({rules_words(made, policy, lang)})"
        lines.append(
            f"  {text(f'policy_{policy}', lang):<40} {write_number(n, lang, 1):>6}{broken}"
        )
    if made["status"] != "infeasible":
        lines += ["", text("allocation_finishing", lang)]
        years = sorted({row["year"] for row in made["communes"] if row["year"]})
        for year in years:
            names = listed([row["name"] for row in made["communes"] if row["year"] == year], lang)
            lines.append(f"  {year}: {names}")
        if not years:
            lines.append("  " + text("allocation_nobody", lang))
    blocks = {
        "extra_head": extra_lines(made, lang),
        "price_head": price_lines(workbook, made, lang),
        "relax_head": relax_lines(workbook, made, lang),
        "near_head": near_lines(made, lang),
    }
    for head, told in blocks.items():
        if told:
            lines += ["", text(head, lang), *(f"  {line}" for line in told)]
    return lines
