"""The face of the package: nine functions that open a data set and answer about it.

Every answer is a :class:`~ntm_analysis.results.Result`: tidy tables, a sentence, ``to_dict()``, and
under ``draws`` the arrays that it was counted from. A workbook that :func:`scenario` gives is asked
like any other; its policy and deadline are its own.
"""

from pathlib import Path

from . import results
from .allocation import allocate as allocation_of
from .allocation import planned_forecast, try_plans
from .data import Workbook, reports_folder
from .language import OPTIMAL, RefusalError, UnreadableError, check_parameters, day_of, text
from .needs import demand
from .scenarios import BASELINE, UNSAVED
from .scenarios import compare as comparison_of
from .scenarios import scenario as scenario_of
from .tables import DataProblemsError, Problem, as_yaml


def open_workbook(dataset="thanh-chuong", as_of=None):
    """A data set as it was known on a day.

    Parameters
    ----------
    dataset : str or Path
        Its folder, or its name under ``data/``.
    as_of : date or str, optional
        Default: the data set's own day.

    Returns
    -------
    Workbook

    Raises
    ------
    RefusalError
        Where there is no such data set.
    DataProblemsError
        With everything that is wrong in it.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> ntm.open_workbook("thanh-chuong", as_of="2022-03-31")
    Workbook thanh-chuong as of 2022-03-31: 37 communes, 36 tables
    """
    return Workbook.open(dataset, _day(as_of, "as_of") if as_of else None)


def _day(value, name):
    """The day that a parameter gives, in whatever form."""
    try:
        return day_of(value)
    except UnreadableError as error:
        details = {"value": value, **error.details}
        raise DataProblemsError([Problem(error.reason, name, details=details)]) from None


def _checked_workbook(workbook, **parameters):
    """The workbook, opened where it is a name; parameters are checked as those of notebooks are."""
    if faults := check_parameters(parameters):
        raise ValueError("; ".join(faults))
    workbook = workbook if isinstance(workbook, Workbook) else open_workbook(workbook)
    workbook.must_have_communes()
    return workbook


def scenario(workbook, name="", changes=()):
    """A data set with some rows changed.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    name : str, optional
        A scenario of the folder ``scenarios``; with ``changes`` what they begin from.
    changes : list of dict, optional
        As in a scenario's file: ``{"table": "envelopes", "where": {"pot": "nst-dt"}, "multiply":
        {"amount": 1.5}}``.

    Returns
    -------
    Workbook

    Raises
    ------
    UnknownScenarioError
    DataProblemsError
        With everything in the changes that does not fit the data set.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> wb = ntm.open_workbook("thanh-chuong")
    >>> ntm.scenario(wb, "two-more-years").deadline
    datetime.date(2027, 12, 31)
    """
    workbook = _checked_workbook(workbook)
    changes = [changes] if isinstance(changes, dict) else list(changes)
    if not changes:
        return scenario_of(workbook, name or BASELINE)
    title = {lang: text("scenario_unsaved", lang) for lang in ("vi", "en")}
    lines = {"id": UNSAVED, "title": title, "changes": changes}
    lines |= {"extends": name} if name else {}
    return scenario_of(workbook, UNSAVED, as_yaml(lines))


def assess(workbook, criteria_set="", lang="vi"):
    """Where every commune stands.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    criteria_set : str, optional
        Judge all communes by this set. Default: each by that of its next level.
    lang : str
        Of sentences.

    Returns
    -------
    AssessmentResult
        Tables: communes, standings, criteria, tests, contradictions; ``matrix()``.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> now = ntm.assess(ntm.open_workbook("thanh-chuong"))
    >>> row = now.communes.set_index("name").loc["Thanh Hương"]
    >>> int(row["met"]), int(row["of"]), row["missing"]
    (15, 19, '2, 5, 6, 17')
    """
    workbook = _checked_workbook(workbook, lang=lang)
    workbook.must_have_set(criteria_set)
    return results.AssessmentResult(workbook, criteria_set, lang=lang)


def need(workbook, target="ntm", commune=None, *, draws=10_000, seed=2022, lang="vi"):
    """What finishing costs, who pays, where the gap is.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    target : str
        ``ntm``: the communes not NTM yet; ``registered``: those with a planned target.
    commune : str, optional
        Only this commune, by name or code.
    draws, seed : int
    lang : str

    Returns
    -------
    NeedResult
        Tables: summary, by_commune, by_criterion, by_source, by_year, works, gap, cement.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> cost = ntm.need(ntm.open_workbook("thanh-chuong"), draws=200)
    >>> len(cost.by_commune), cost.draws.together.assumed_share
    (15, 1.0)
    """
    workbook = _checked_workbook(workbook, target=target, draws=draws, seed=seed, lang=lang)
    units = None if commune is None else [workbook.find_commune(commune)]
    answer = demand(workbook, target, units=units, draws=draws, seed=seed)
    return results.NeedResult(workbook, answer, lang)


def forecast(
    workbook, *, policy="", deadline=None, finish="met", draws=10_000, seed=2022, lang="vi"
):
    """Whether every commune finishes by the deadline.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    policy : str, optional
        Who comes first: own, closest, cheapest, equal, decree, optimal. Default: the scenario's.
    deadline : date or str, optional
        Default: the end of the term, or the scenario's own.
    finish : str
        Whether the deadline binds the criteria met (``met``) or the decision (``signed``).
    draws, seed : int
    lang : str

    Returns
    -------
    ForecastResult
        Tables: summary, communes, over_time, registrations, weakest, list_chances, held_back,
        distribution, ask_first.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> will = ntm.forecast(ntm.open_workbook("thanh-chuong"), draws=200)
    >>> will.draws.finishing.shape, int(will.communes["finished"].sum())
    ((200,), 22)
    """
    question = {"policy": policy, "finish": finish, "draws": draws, "seed": seed, "lang": lang}
    day = _day(deadline, "deadline") if deadline else None
    workbook = _checked_workbook(workbook, **question)
    policy = policy or workbook.policy
    question = {"deadline": day, "finish": finish, "draws": draws, "seed": seed}
    will = planned_forecast(workbook, policy=policy, **question)
    return results.ForecastResult(will, lang=lang)


def allocate(workbook, *, policy="", draws=10_000, seed=2022, lang="vi"):
    """Which works to fund in which year, and what one commune more would take.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    policy : str, optional
        Whose plan to tell. Default: the best there is.
    draws : int
        Worlds of the forecast in which the plans are tried.
    seed : int
    lang : str

    Returns
    -------
    AllocationResult
        ``status``, ``gap``; tables: works, communes, policies, pots, extra_communes, prices,
        relaxed_prices, limits.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> plan = ntm.allocate(ntm.open_workbook("huyen-mau"), draws=200)
    >>> plan.status, plan.gap
    ('optimal', 0.0)
    """
    workbook = _checked_workbook(workbook, policy=policy, draws=draws, seed=seed, lang=lang)
    plans = allocation_of(workbook, seed=seed)
    return results.AllocationResult(plans, policy or OPTIMAL, try_plans(plans, draws), lang=lang)


def compare(workbook, scenarios=(), baseline=BASELINE, *, draws=10_000, seed=2022, lang="vi"):
    """Scenarios side by side in the same worlds.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    scenarios : list of str, optional
        Default: all there are.
    baseline : str
        The scenario that the others are held against.
    draws, seed : int
    lang : str

    Returns
    -------
    ComparisonResult
        Tables: scenarios, movers, dates, frontier, tornado, warnings.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> both = ntm.compare(ntm.open_workbook("huyen-mau"), ["equal"], draws=200)
    >>> both.scenarios["id"].tolist()
    ['baseline', 'equal']
    """
    workbook = _checked_workbook(workbook, draws=draws, seed=seed, lang=lang)
    scenarios = [scenarios] if isinstance(scenarios, str) else scenarios
    both = comparison_of(workbook, scenarios, baseline, draws=draws, seed=seed)
    return results.ComparisonResult(both, lang)


def meeting(workbook, month="", lang="vi"):
    """What a month brought: changes, late works, money, open tasks, yearly rules.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
    month : str, optional
        As in 12/2022. Default: that of the workbook's day.
    lang : str

    Returns
    -------
    MeetingResult
        Tables: changes, late_works, disbursed, open_tasks, rules.

    Examples
    --------
    >>> import ntm_analysis as ntm
    >>> month = ntm.meeting(ntm.open_workbook("huyen-mau"))
    >>> len(month.late_works)
    2
    """
    workbook = _checked_workbook(workbook, month=month, lang=lang)
    return results.MeetingResult(workbook, month, lang)


def report(workbook, folder="", communes=None, *, lang="vi", audience="noi-bo", **options):
    """Make the pages of a district and its communes.

    Parameters
    ----------
    workbook : Workbook or str
        The name of a data set stands for that as it is known on its own day.
        As a folder holds it, no scenario of it: pages read the data set anew.
    folder : str or Path, optional
        Default: ``reports/<data set>``.
    communes : list of str, optional
        Only these, by name or code.
    lang, audience : str
    **options
        As for :func:`ntm_analysis.reports.make_report`.

    Returns
    -------
    ReportOutcome
        ``index``: the path of the page to open; ``pages``, ``failed``.
    """
    from .reports import make_report

    workbook = _checked_workbook(workbook, lang=lang, audience=audience)
    if workbook.usual:
        raise RefusalError("report_of_scenario", id=workbook.scenario_id)
    communes = [communes] if isinstance(communes, str) else communes
    place = Path(folder) if folder else reports_folder(workbook.path, workbook.id)
    units = None if communes is None else [workbook.find(name) for name in communes]
    return make_report(workbook, place, units=units, lang=lang, audience=audience, **options)
