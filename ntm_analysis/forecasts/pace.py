"""How fast the communes of areas finish: a written likelihood, its posterior, an area's years.

For two neighbouring figures of an area, ``left`` communes not yet NTM at the first and
``finished`` of them at the second, the likelihood is

    finished ~ Binomial(left, 1 - exp(-exp(h) * time))
    time = sum over years of months/12, times exp(step) before 2014
    h = mean + area + sum over years of p(year) * (year + area-year) + error / years between them

with p(year) the year's part of the hazard, all effects normal with mean 0. A district's area effect
shares half its variance with its province; the country has a level of its own and moves year
effects only. The error of a figure is one of date, so that it fades with the time between two
figures. ``docs/method/forecast.md`` says more.

What was fitted serves the past only; an area's years after the as-of day are drawn afresh.
"""

from collections import namedtuple
from itertools import pairwise

import numpy as np
import pandas as pd
from pandas import DataFrame
from scipy.special import gammaincinv, ndtri, softmax

from ..needs import pert, uniforms
from .evidence import (
    BEGIN,
    COUNTRY,
    HIGHEST_SUCCESS,
    REFERENCE,
    beyond_luck,
    list_luck,
    province_of,
    success_draws,
)

KEPT_FIT = REFERENCE / "fit.csv"
MIN_MONTHS_APART = 0.7 * 12  # months between neighbouring figures, at least
STEP_UNTIL = 2013  # the programme's first years, in which next to nothing was recognised
HYPER = ["step", "area", "year", "area_year", "figure"]
# Weak priors: normal for mean and step; for the standard deviations half-normal with scale 1.
MEAN_PRIOR = (-2.0, 2.0)
STEP_PRIOR = (-2.0, 1.5)
LEVEL_OF_COUNTRY = 1.0  # standard deviation of the country's own level
START = (np.array([-2.0, *np.log([0.7, 0.5, 0.4, 0.5])]), np.diag([1.0, 0.5, 0.5, 0.8, 0.5]) ** 2)
ROUND_SIZES = (512, 512, 2048)  # points of the three rounds of importance sampling
RANGE_COLUMNS = ["low", "mode", "high"]
ASSUMED = (
    "missed_return",
    "unlisted_finishing",
    "drift",
    "hard_area",
    "money_exponent",
    "late_share",
    "pledge_chance",
)
FREEDOM = 4  # of the t distribution that the points are drawn from


class Posterior(namedtuple("Posterior", "rows last_month")):
    """Draws of what the evidence tells.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row a draw: ``mean``, ``step``, standard deviations ``area``, ``year``, ``area_year``
        and ``figure`` of the log yearly hazard, ``y2012``... (year effects), ``success`` (mean
        success of a listed commune), ``correlation`` (inside a list).
    last_month : int
        Month number (12 * year + month) of the last figure.
    """

    @classmethod
    def read(cls):
        """The fit kept with the reference data.

        Returns
        -------
        Posterior

        Examples
        --------
        >>> bool(0.6 < Posterior.read().rows["success"].mean() < 0.95)
        True
        """
        table = pd.read_csv(KEPT_FIT)
        return cls(table.drop(columns="last"), int(table["last"].iloc[0]))

    def table(self):
        """The fit as the file keeps it.

        Returns
        -------
        DataFrame
            The draws, a row each, and ``last``.
        """
        return self.rows.round(5).assign(last=self.last_month)

    def proposal(self):
        """Where a fit of nearly the same rows may begin.

        Returns
        -------
        tuple of ndarray
            Mean (5,) and covariance (5, 5) of the points, scales as logarithms.
        """
        points = self.rows[HYPER].to_numpy(copy=True)
        points[:, 1:] = np.log(points[:, 1:])
        return points.mean(axis=0), np.cov(points.T)


# --- figures to intervals -------------------------------------------------------------------------


def intervals(figures, communes=np.nan):
    """Neighbouring figures of each area, at least 0.7 years apart, the last always among them.

    Parameters
    ----------
    figures : pandas.DataFrame
        See :func:`evidence.figures`.
    communes : float
        Communes of an area whose figures name no total.

    Returns
    -------
    pandas.DataFrame
        ``area``, ``area_kind``, ``province``, ``left``, ``finished``, ``first``, ``last`` (month
        numbers).

    Examples
    --------
    >>> one = {"area": "A", "area_kind": "province", "province": "A"}
    >>> rows = [{**one, "month": 24192, "finished": 8, "total": 20.0}]
    >>> intervals(DataFrame(rows)).iloc[0, 3:].tolist()
    [20, 8, 24144, 24192]
    """
    rows, names = [], ["area", "area_kind", "province"]
    after_begin = figures[figures["month"] > BEGIN].sort_values("month")
    for area, of_area in after_begin.groupby(names):
        points = [(BEGIN, 0, np.nan), *of_area[["month", "finished", "total"]].to_numpy()]
        usual = usual_total(of_area, communes)
        chain = [points.pop()]
        for point in reversed(points):
            if chain[0][0] - point[0] >= MIN_MONTHS_APART:
                chain.insert(0, point)
        for first, second in pairwise(chain):
            counts = increase(first, second, usual)
            if not isinstance(counts, str):
                total, start, end = counts
                rows.append((*area, total - start, max(end - start, 0), first[0], second[0]))
    columns = ["left", "finished", "first", "last"]
    return DataFrame(rows, columns=names + columns).astype(dict.fromkeys(columns, int))


def usual_total(of_area, communes=np.nan):
    """Communes of an area by its last figure that names a total, else ``communes``.

    Parameters
    ----------
    of_area : pandas.DataFrame
        Figures of the area, by month.
    communes : float

    Returns
    -------
    float
    """
    totals = of_area["total"].dropna()
    return totals.iloc[-1] if len(totals) else communes


def increase(first, second, usual):
    """Communes, start and outcome of two figures, or why they tell none.

    Communes are the second total, else the first, else ``usual``; the start moves with a total
    that changed by over 1 %. A fall by over 2 % of the communes is a change of units.

    Parameters
    ----------
    first, second : tuple
        month number, finished, total (NaN where not told).
    usual : float

    Returns
    -------
    tuple of int, or str
        Three numbers; or no_total, nothing_left, above_total, fell.

    Examples
    --------
    >>> increase((0, 50, 100.0), (12, 45, 80.0), np.nan), increase((0, 5, 8.0), (12, 9, 8.0), 8.0)
    ((80, 40, 45), 'above_total')
    """
    totals = [total for total in (second[2], first[2], usual) if total == total]
    if not totals:
        return "no_total"
    communes, start = totals[0], first[1]
    # A total that is not told is NaN, and no comparison with it holds.
    if abs(first[2] - second[2]) > 0.01 * first[2]:
        start = round(first[1] * second[2] / first[2])
    if start >= communes:
        return "nothing_left"
    if second[1] > communes:
        return "above_total"
    if second[1] < start - 0.02 * communes:
        return "fell"
    return int(communes), int(start), int(second[1])


def _years_until(last_month):
    """The years of the programme up to that of a month, its slow first ones in any case."""
    return np.arange(BEGIN // 12, max((last_month - 1) // 12, STEP_UNTIL) + 1)


# --- the likelihood -------------------------------------------------------------------------------


class Design(namedtuple("Design", "left finished fractions early shares between same country")):
    """Intervals as arrays: fractions of years, which areas are one, which share a province.

    Attributes
    ----------
    left, finished : numpy.ndarray
        (intervals,) communes not yet NTM at the first figure; finished of them at the second.
    fractions : numpy.ndarray
        (intervals, years) the part of each year that lies in the interval.
    early : numpy.ndarray
        (years,) 1 before 2014.
    shares : numpy.ndarray
        (intervals, 2) of the province's effect, of the area's own.
    between, same : numpy.ndarray
        (intervals, intervals) correlation of area effects; whether one area, not the country.
    country : numpy.ndarray
        (intervals,) whether of the country.
    """


def design(rows, years):
    """The arrays of the likelihood.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of :func:`intervals`.
    years : numpy.ndarray
        Calendar years.

    Returns
    -------
    Design
    """
    first, last = rows[["first", "last"]].to_numpy().T[:, :, None]
    fractions = (np.minimum(last, 12 * years + 12) - np.maximum(first, 12 * years)).clip(0) / 12
    area, province = (
        np.equal.outer(name, name) for name in rows[["area", "province"]].to_numpy().T
    )
    shares = np.array([_effect_shares(kind) for kind in rows["area_kind"]]).reshape(-1, 2)
    of_province, of_area = (np.outer(share, share) for share in shares.T)
    country = (rows["area_kind"] == COUNTRY).to_numpy()
    return Design(
        *rows[["left", "finished"]].to_numpy(float).T,
        fractions,
        (years <= STEP_UNTIL).astype(float),
        shares,
        province * of_province + area * of_area,
        area & ~country,
        country,
    )


def _effect_shares(kind):
    """How much an area's effect takes of its province's and of its own."""
    return [0.5**0.5, 0.5**0.5] if kind == "district" else [1.0, 0.0]


def _hazard_parts(model, step):
    """Log of the years that count (points, intervals), and each year's part of them."""
    years = model.fractions * np.exp(np.multiply.outer(step, model.early))[:, None, :]
    total = years.sum(axis=2)
    return np.log(total), years / total[:, :, None]


def _covariance(model, hyper):
    """Of the log yearly hazards for each point of ``hyper`` (points, 5); offsets and parts."""
    offset, parts = _hazard_parts(model, hyper[:, 0])
    area_variance = np.where(model.country, LEVEL_OF_COUNTRY, hyper[:, 1, None, None]) ** 2
    cover = area_variance * model.between
    cover += MEAN_PRIOR[1] ** 2  # in place, here and below: the arrays are the largest of a fit
    cover += _scatter(model, hyper, parts, parts)
    return cover, offset, parts


def _scatter(model, hyper, parts, unknown):
    """Covariance of the log hazards round their levels.

    ``unknown``: parts of years whose effect is not known.
    """
    year, area_year, figure = hyper.T[2:, :, None, None] ** 2
    cover, of_area = unknown @ unknown.mT, parts @ parts.mT
    cover *= year
    of_area *= area_year
    of_area *= model.same
    cover += of_area
    error, places = figure[:, 0] * model.fractions.sum(axis=1) ** -2.0, np.arange(cover.shape[1])
    cover[:, places, places] += error
    return cover


def responses(model, cover, centre, offset):
    """The binomial counts as normal figures of the log hazard at the mode.

    Iterated weighted least squares with the complementary log-log link, so that small areas and
    counts of nought weigh what they tell.

    Parameters
    ----------
    model : Design
    cover : numpy.ndarray
        (intervals, intervals) covariance of the log yearly hazards.
    centre, offset : numpy.ndarray
        (intervals,) their mean; log of the years that count.

    Returns
    -------
    tuple of numpy.ndarray
        (intervals,) values and variances.
    """
    log_hazard = np.log(-np.log1p(-(model.finished + 0.5) / (model.left + 1)))
    for _ in range(100):
        hazard = np.exp(log_hazard)
        chance = -np.expm1(-hazard)
        slope = np.maximum(hazard * np.exp(-hazard), 1e-9)
        value = log_hazard + (model.finished - model.left * chance) / (model.left * slope)
        variance = np.maximum(chance * (1 - chance), 1e-12) / (model.left * slope**2)
        weighed = np.linalg.solve(cover + np.diag(variance), value - offset - centre)
        moved = offset + centre + cover @ weighed
        change = np.clip(moved - log_hazard, -2, 2)
        log_hazard += change
        if np.abs(change).max(initial=0) < 1e-7:
            break
    return value, variance


def log_likelihood(model, hyper, value, variance):
    """Log density of the figures for each point, all effects integrated out.

    Parameters
    ----------
    model : Design
    hyper : numpy.ndarray
        (points, 5) step and standard deviations.
    value, variance : numpy.ndarray
        (intervals,) see :func:`responses`.

    Returns
    -------
    numpy.ndarray
        (points,).
    """
    cover, offset, _ = _covariance(model, hyper)
    cover += np.diag(variance)
    away = value - offset - MEAN_PRIOR[0]
    weighed = np.linalg.solve(cover, away[:, :, None])[:, :, 0]
    size = np.linalg.slogdet(2 * np.pi * cover)[1]
    return -0.5 * (size + (away * weighed).sum(axis=1))


def _log_prior(points, hyper):
    """Of step and log spreads; the last term is the change from spreads to their logarithms."""
    step = (points[:, 0] - STEP_PRIOR[0]) / STEP_PRIOR[1]
    return points[:, 1:].sum(axis=1) - 0.5 * (step**2 + (hyper[:, 1:] ** 2).sum(axis=1))


# --- the fit --------------------------------------------------------------------------------------


def fit(figures, lists, draws=1_000, proposal=START, sizes=ROUND_SIZES):
    """The posterior by importance sampling in rounds, the effects normal given the spreads.

    Parameters
    ----------
    figures, lists : pandas.DataFrame
        See :class:`evidence.Evidence`.
    draws : int
        Rows of the posterior.
    proposal : tuple of numpy.ndarray
        Mean and covariance of the first round's points: step and log spreads.
    sizes : sequence of int
        Points of each round.

    Returns
    -------
    Posterior

    Examples
    --------
    >>> from .evidence import evidence
    >>> shipped = evidence()
    >>> fit(shipped.figures, shipped.lists, 50, sizes=(64, 64)).rows.shape
    (50, 18)
    """
    rows = intervals(figures)
    last_month = int(max([BEGIN, *rows["last"]]))
    years = _years_until(last_month)
    model = design(rows, years)
    centre, spread = proposal
    for number, size in enumerate(sizes):
        cover, offset, _ = _covariance(model, _natural(centre[None]))
        value, variance = responses(model, cover[0], MEAN_PRIOR[0], offset[0])
        points, log_proposed = _points(centre, spread, number, size)
        hyper = _natural(points)
        log_weight = log_likelihood(model, hyper, value, variance) + _log_prior(points, hyper)
        log_weight -= log_proposed
        flat = _tempered(log_weight)
        centre = flat @ points
        spread = (points - centre).T * flat @ (points - centre) + 1e-4 * np.eye(len(HYPER))
    chosen = np.searchsorted(softmax(log_weight).cumsum(), (np.arange(draws) + 0.5) / draws)
    # In an order that says nothing: worlds take the rows one by one.
    hyper = hyper[chosen[np.argsort(uniforms(0, "fit", ["order"], draws)[0])]]
    mean, *effects = _effects(model, hyper, value, variance).T
    columns = ["mean", *HYPER, *(f"y{year}" for year in years)]
    table = DataFrame(np.column_stack([mean, hyper, *effects]), columns=columns)
    success, correlation = success_draws(lists, draws)
    return Posterior(table.assign(success=success, correlation=correlation), last_month)


def _natural(points):
    """Step and spreads of points, which hold the spreads' logarithms."""
    return np.column_stack([points[:, 0], np.exp(points[:, 1:])])


def _points(centre, spread, number, size):
    """Points of a round of sampling and their log density.

    Student's t, whose tails hold spreads near nought.
    """
    names = [f"{number}|{name}" for name in (*HYPER, "scale")]
    uniform = uniforms(0, "fit", names, size)
    scale = 2 * gammaincinv(FREEDOM / 2, np.clip(uniform[-1], 1e-9, 1 - 1e-9)) / FREEDOM
    student = (_standard_normal(uniform[:-1]) / np.sqrt(scale)).T
    density = -0.5 * (FREEDOM + len(HYPER)) * np.log1p((student**2).sum(axis=1) / FREEDOM)
    return centre + student @ np.linalg.cholesky(spread).T, density


def _tempered(log_weight):
    """Weights made so even that a tenth of the points count: for where to look next."""
    power = 1.0
    while ((weight := softmax(power * log_weight)) ** 2).sum() * len(weight) > 10:
        power *= 0.8
    return weight


def _effects(model, hyper, value, variance):
    """Mean and year effects, one draw for each row of ``hyper``: (rows, 1 + years)."""
    cover, offset, parts = _covariance(model, hyper)
    prior = np.repeat(hyper[:, 2:3] ** 2, 1 + parts.shape[2], axis=1)
    prior[:, 0] = MEAN_PRIOR[1] ** 2
    weights = np.concatenate([np.ones((*offset.shape, 1)), parts], axis=2)
    value = value - offset - MEAN_PRIOR[0]
    uniform = uniforms(0, "fit", [f"effect|{k}" for k in range(prior.shape[1])], len(hyper))
    effects = _drawn_states(prior, weights, cover + np.diag(variance), value, uniform)
    effects[:, 0] += MEAN_PRIOR[0]
    return effects


def _drawn_states(prior, weights, cover, value, uniform, row=slice(None)):
    """Normal states given figures that are weighted sums of them: (draws, states).

    By row: ``prior`` (rows, states) variances; ``weights`` (rows, figures, states); ``cover`` and
    ``value`` of the figures. ``row``: which of them each draw takes.
    """
    loads = weights * prior[:, None, :]
    gain = np.linalg.solve(cover, loads).mT
    mean = np.einsum("rsf,rf->rs", gain, value)
    unity = np.eye(prior.shape[1])
    root = np.linalg.cholesky(prior[:, :, None] * unity - gain @ loads + 1e-9 * unity)
    return mean[row] + np.einsum("dij,dj->di", root[row], _standard_normal(uniform).T)


def _standard_normal(uniform):
    """Standard normal numbers."""
    return ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))


# --- the years of an area -------------------------------------------------------------------------


class Area(namedtuple("Area", "name kind figures communes reported", defaults=[None])):
    """An area whose next years are asked for.

    Attributes
    ----------
    name : str
        As in its figures; a district with its province in brackets shares half its effect.
    kind : str
        district, province or country.
    figures : pandas.DataFrame
        Its own figures up to the as-of day (:func:`evidence.figures`), and those of its province
        where wanted.
    communes : int
        Communes of the area, for figures without a total.
    reported : tuple of (int, int, int), optional
        A reported list: year, communes listed, communes remaining before it.
    """


class WorldSet(
    namedtuple(
        "WorldSet",
        "as_of_month years draws seed block merged",
        defaults=[2022, 0, False],
    )
):
    """Which worlds of an area.

    Attributes
    ----------
    as_of_month : int
        Month number of the as-of month: 12 * year + month.
    years : sequence of int
        Calendar years.
    draws, seed : int
        How many worlds, and the seed of their random numbers.
    block : int
        Number of the first block of 1,000.
    merged : bool
        Whether units were merged since the evidence: then the evidence counts as old.
    """

    def uniforms(self, quantity, keys):
        """Uniform numbers in [0, 1) of these worlds.

        Parameters
        ----------
        quantity : str
        keys : sequence of str
            Names of the numbers, see :func:`~ntm_analysis.needs.random_numbers.uniforms`.

        Returns
        -------
        ndarray of float
            Keys x draws.
        """
        return uniforms(self.seed, quantity, keys, self.draws, self.block)


class AreaDraws(
    namedtuple(
        "AreaDraws",
        "finishing_share list_share luck rounding unlisted missed_return mean_success drift "
        "pledge_chance loss_if_late money_exponent",
    )
):
    """What an area's years are like in each world.

    Attributes
    ----------
    finishing_share : numpy.ndarray
        (years, draws) part of the remaining communes that finishes in a whole year, 0..1; not used
        by the cycle, told as the pace.
    list_share : numpy.ndarray
        (years, draws) part of the remaining communes on a whole year's list, 0..1.
    luck : numpy.ndarray
        (years, draws) the luck of each list: the chance that a commune on it succeeds.
    rounding : numpy.ndarray
        (years, draws) uniforms that round the number on a list.
    unlisted, missed_return : numpy.ndarray
        (draws,) yearly share of unlisted communes that finishes; share of those who missed that
        stands on the next list.
    mean_success : numpy.ndarray
        (draws,) mean of that chance over lists, with the usual want of money.
    drift, pledge_chance, loss_if_late : numpy.ndarray
        (draws,) of single communes: criteria that one on no list gains in a whole year; chance
        that a pledge is on its year's list; part of the chance of success that is lost where works
        are not paid and ended in time.
    money_exponent : numpy.ndarray
        (draws,) how the money of a year moves the length of its list.
    """


def area_draws(posterior, assumed, area, worlds, unpaid=0.0):
    """An area's years in each world: its effect given its own figures, all later years afresh.

    The luck's mean is m / (1 - d u), m the mean success of the evidence, d what is lost where works
    are late, u the share ``unpaid``: so the baseline gives m.

    Parameters
    ----------
    posterior : Posterior
        Of evidence that does not hold the outcome that is to be forecast.
    assumed : pandas.DataFrame
        ``low``, ``mode``, ``high`` by key (:class:`evidence.Evidence`).
    area : Area
        The area and what is known of it.
    worlds : WorldSet
    unpaid : float
        The part of listed communes whose works are usually not paid and ended in time, 0..1.

    Returns
    -------
    AreaDraws

    Examples
    --------
    >>> from .evidence import evidence
    >>> shipped = evidence()
    >>> of_area = shipped.figures[shipped.figures["area"] == "Hà Tĩnh"]
    >>> worlds = WorldSet(12 * 2021 + 12, (2022, 2023), 1_000)
    >>> area = Area("Hà Tĩnh", "province", of_area, 229)
    >>> area_draws(Posterior.read(), shipped.assumed, area, worlds).finishing_share.shape
    (2, 1000)
    """
    table = posterior.rows
    row = (worlds.uniforms("fit", [""])[0] * len(table)).astype(int)
    ends = assumed.loc[[*ASSUMED], RANGE_COLUMNS].to_numpy(float).T
    missed_return, unlisted, drift, area_success_factor, exponent, loss_if_late, pledge = pert(
        worlds.uniforms("assumed", ASSUMED), *ends
    )
    columns = ["mean", "success", "correlation", "step", "year", "area_year"]
    mean, mean_success, correlation, step, year, area_year = table[columns].to_numpy()[row].T
    # Lists fare better or worse by area; the finishing share keeps its level all the same.
    mean_success = np.minimum(mean_success * area_success_factor, HIGHEST_SUCCESS)
    if area.kind == COUNTRY:  # many lists: their lucks and area-years even out
        correlation, area_year = np.full(worlds.draws, 1e-6), np.zeros(worlds.draws)
    year_keys = [f"{area.name}|{y}" for y in worlds.years]
    ease, rounding, pace = (
        worlds.uniforms(name, year_keys) for name in ("luck", "rounding", "area_year")
    )
    pace = _standard_normal(pace)
    log_hazard = mean + _area_level(posterior, area, worlds, row)
    log_hazard += np.multiply.outer(np.array(worlds.years) <= STEP_UNTIL, step)
    log_hazard += year * _standard_normal(worlds.uniforms("year", [f"{y}" for y in worlds.years]))
    finishing_share = -np.expm1(-np.exp(log_hazard + area_year * pace))
    # The spread of the list's share is what success leaves over of the area-year's.
    spread = np.sqrt(beyond_luck(area_year, mean_success, correlation))
    expected_share = -np.expm1(-np.exp(log_hazard + area_year**2 / 2))
    list_share = np.maximum(expected_share - unlisted, 0) / np.maximum(
        mean_success - unlisted, 0.05
    )
    list_share = np.clip(list_share * np.exp(spread * pace - spread**2 / 2), 0, 1)
    loss_if_late = np.minimum(
        loss_if_late, np.maximum(1 - mean_success / HIGHEST_SUCCESS, 0) / max(unpaid, 1e-9)
    )
    luck = list_luck(ease, mean_success / (1 - loss_if_late * unpaid), correlation)
    chances = (unlisted, missed_return, mean_success, drift, pledge, loss_if_late, exponent)
    return AreaDraws(finishing_share, list_share, luck, rounding, *chances)


def _area_level(posterior, area, worlds, row):
    """Area effect and walk of each world, given the area's own figures: (years, draws).

    The state is the effects of province and area, then a step for each year of the random walk.
    """
    steps = _walk_years(posterior, worlds)
    hyper = posterior.rows[HYPER].to_numpy()
    prior = np.repeat(hyper[:, 2:3] ** 2, 2 + len(steps), axis=1)
    prior[:, :2] = (LEVEL_OF_COUNTRY if area.kind == COUNTRY else hyper[:, 1:2]) ** 2
    value, weights, noise = _figures_say(posterior, area, worlds, steps)
    cover = weights * prior[:, None] @ weights.mT + noise
    keys = [f"area|{province_of(area.name)}", f"area|{area.name}|own"]
    keys += [f"walk|{year}" for year in steps]
    state = _drawn_states(prior, weights, cover, value, worlds.uniforms("level", keys), row)
    return _shares_of_state(area.kind, steps, worlds.years) @ state.T


def _walk_years(posterior, worlds):
    """Years that each add a step of a random walk: all after evidence that is over a year old."""
    if worlds.as_of_month - posterior.last_month <= 12 and not worlds.merged:
        return []
    after = (min(posterior.last_month, worlds.as_of_month) - 1) // 12 + 1
    return range(after, max(worlds.years) + 1)


def _shares_of_state(kind, steps, years):
    """How much of each state is in the level of an area's years: (years, states)."""
    walked = np.greater_equal.outer(years, steps)
    return np.column_stack([np.tile(_effect_shares(kind), (len(years), 1)), walked])


def _figures_say(posterior, area, worlds, steps):
    """What the area's figures, and those of its province where given, say of its level.

    By posterior row: (rows, figures) log hazard less mean and year effects already fitted; (rows,
    figures, states) how much of each state is in them; (rows, figures, figures) their noise.
    """
    table, years = posterior.rows, _years_until(max(worlds.as_of_month, posterior.last_month))
    model = design(intervals(area.figures, area.communes), years)
    hyper = table[HYPER].to_numpy()
    offset, parts = _hazard_parts(model, hyper[:, 0])
    # A year that was not over on the as-of day, or was not fitted, is unknown.
    effects = table.reindex(columns=[f"y{year}" for year in years]).to_numpy()
    seen = ~np.isnan(effects[0]) & (12 * years + 12 <= worlds.as_of_month)
    fitted_effects = np.einsum("rfy,ry->rf", parts, np.nan_to_num(effects) * seen)
    centre = table["mean"].to_numpy()[:, None] + fitted_effects
    noise = _scatter(model, hyper, parts, parts * ~seen)
    area_shares = model.shares
    cover = noise.mean(axis=0) + (hyper[:, 1] ** 2).mean() * area_shares @ area_shares.T
    value, variance = responses(model, cover, centre.mean(axis=0), offset.mean(axis=0))
    walked = parts @ np.greater_equal.outer(years, steps)
    weights = np.concatenate([np.broadcast_to(area_shares, (*offset.shape, 2)), walked], axis=2)
    probability = (value - offset - centre, weights, noise + np.diag(variance))
    return probability if area.reported is None else _with_list(*probability, table, area, steps)


def _with_list(value, weights, noise, table, area, steps):
    """A reported list beside the figures: its length by the usual success is a finishing share."""
    first, listed, remaining = area.reported
    columns = ["mean", "success", "correlation", "year", "area_year"]
    mean, success, correlation, year, area_year = table[columns].to_numpy().T
    part = min((listed + 0.5) / (remaining + 1), 0.98)
    noise = np.pad(noise, ((0, 0), (0, 1), (0, 1)))
    left_over = beyond_luck(area_year, success, correlation)
    noise[:, -1, -1] = year**2 + left_over + (1 - part) / (listed + 0.5)
    of_list = np.tile(_shares_of_state(area.kind, steps, [first]), (len(table), 1, 1))
    list_value = np.log(-np.log1p(-part * success)) - mean
    return np.column_stack([value, list_value]), np.concatenate([weights, of_list], axis=1), noise
