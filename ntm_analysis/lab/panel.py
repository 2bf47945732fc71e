"""The what-if panel of a notebook: widgets where a person looks on, the static result where nobody
can move a slider.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable

from markupsafe import Markup

from ..data import BASELINE_TITLE, UnknownCommuneError, Workbook, path_as_typed
from ..language import (
    PLANS,
    YEARS,
    RefusalError,
    UnreadableError,
    join_names,
    plain,
    read_date,
    text,
    write_change,
    write_date,
    write_number,
)
from ..pages import Part, WhatIfPart, fan, picture
from ..reports import TEMPLATES
from ..results import (
    ForecastResult,
    billions,
    blocking_sentence,
    chance,
    chance_words,
    change_sign,
    change_words,
    commune_sentence,
    day_words,
    is_uncertain,
    month_words,
    obstacle_sentence,
    pot_words,
    usual_range,
)
from ..scenarios import (
    BASELINE,
    DELAY_SLIDER,
    MONEY_SLIDER,
    PRICES_SLIDER,
    NotSavedError,
    Setting,
    UnknownScenarioError,
    WhatIf,
    WhatIfResult,
    clear_changes,
    folder_of,
    is_title,
    pots_of,
    save,
    scenario,
    scenario_ids,
)
from ..tables import DataProblemsError, Problem, read_yaml

SLIDERS = dict.fromkeys(("delay_low", "delay", "delay_high"), "delay") | dict.fromkeys(
    ("low", "mode", "high"), "prices"
)
IN_WORDS = 3  # communes whose own answer is told in sentences


class NotUnderstoodError(ValueError):
    """A field that cannot be read; the message says so in words."""


def paragraphs(lines: Iterable[str], attributes: str = "") -> Markup:
    """Each line as a paragraph."""
    return _each(f"<p{attributes}>{{}}</p>", lines)


def words_of(error: DataProblemsError, lang: str) -> str:
    """What is wrong, and how to mend it, as sentences without the places in files: a panel has
    none.
    """
    lines = []
    for problem in error.problems:
        what, mend = problem.words(lang)
        line = text("panel_problem", lang, what=what, mend=mend)
        slider = SLIDERS.get((problem.column or "").partition(" ")[0])
        lines.append(
            f"{text(f'panel_{slider}', lang)}: {line}" if slider else line[0].upper() + line[1:]
        )
    return " ".join(dict.fromkeys(lines))


def read_deadline(typed: str, workbook: Workbook, lang: str) -> dt.date | None:
    """A deadline as typed, None for a blank field; raises :class:`NotUnderstoodError`.

    >>> wb = Workbook.open("data/thanh-chuong")
    >>> read_deadline("30/6/2025", wb, "vi"), read_deadline(" ", wb, "vi")
    (datetime.date(2025, 6, 30), None)
    >>> read_deadline("2025-12-31", wb, "vi")
    datetime.date(2025, 12, 31)
    """
    if not typed.strip():
        return None
    as_of = workbook.as_of
    try:
        day = read_date(typed)
        if day <= as_of:
            raise UnreadableError("deadline_past", day=write_date(day), as_of=write_date(as_of))
    except UnreadableError as error:
        problem = Problem(error.reason, "", details={"value": typed} | error.details)
        words = words_of(DataProblemsError([problem]), lang)
        if error.beyond:
            days = {"first": as_of, "last": dt.date(YEARS[1], 12, 31), "day": error.beyond}
            days = {name: write_date(day, lang) for name, day in days.items()}
            words = text("panel_deadline_range", lang, **days)
        raise NotUnderstoodError(words) from None
    return day


def commune_options(workbook: Workbook, units: list[int]) -> list[str]:
    """What a list of communes offers: each name with its letters without diacritics, so that the
    browser finds it by these.
    """
    names = workbook.units.loc[units, "name"]
    return [f"{name} ({plain(name)})" if plain(name) != name.lower() else name for name in names]


def read_communes(typed: str, workbook: Workbook, lang: str) -> tuple[list[int], str]:
    """The communes named, none for all of them, and what is said of a field that names none; raises
    :class:`NotUnderstoodError`.

    >>> read_communes("thanh huong, 17758", Workbook.open("data/thanh-chuong"), "vi")[1]
    ''
    """
    parts = [part.partition("(")[0].strip() for part in typed.replace(";", ",").split(",")]
    names = dict.fromkeys(filter(None, parts))
    if not names:
        return [], text("panel_commune_empty", lang)
    everyone = [plain(text("panel_all", one)) for one in (lang, "vi")]
    if any(plain(name) in everyone for name in names):
        return [], text("panel_commune_all", lang)
    units, unknown = {}, []
    for name in names:
        try:
            units[workbook.find(name)] = name
        except UnknownCommuneError as error:
            near = join_names(error.details["near"], lang) or "..."
            unknown.append(text("panel_commune_unknown", lang, value=name[:60], near=near))
    if unknown:
        raise NotUnderstoodError(" ".join(unknown))
    return [*units], ""


def start_options(workbook: Workbook, lang: str) -> list[tuple[str, str]]:
    """The scenarios that a setting may start from: title (its id where the file has none), id.

    >>> start_options(Workbook.open("data/thanh-chuong"), "en")[3]
    ('Closest first', 'closest')
    """
    options = [(BASELINE_TITLE[lang].capitalize(), BASELINE)]
    for name in scenario_ids(workbook)[1:]:
        title = (read_yaml(folder_of(workbook) / f"{name}.yaml", []) or {}).get("title")
        label = title[lang] if is_title(title) else name
        options.append((label[0].upper() + label[1:], name))
    return options


def money_shown(share: int, amount: float, cement: bool, lang: str) -> str:
    """What a slider of money stands at."""
    much = amount * share / 100
    words = write_number(round(much), lang) if cement or not much else billions(much, lang)
    key = "panel_cement_shown" if cement else "panel_money_shown"
    return text(key, lang, share=share, amount=words)


def headline(result: WhatIfResult, row: dict, lang: str) -> Markup:
    """The answer in large letters, its range, the chances with their intervals, and the
    difference; ``row``: the forecast in plain types.
    """
    workbook = result.forecast.workbook
    figures, total, day = row["finishing"], row["n_communes"], day_words(row["deadline"], lang)
    share = f"{write_number(100 * row['basically_share'], lang)}%"
    p_enough, p_all = (
        chance_words(row[key], row["draws"], lang) for key in ("p_basically_all", "p_all")
    )
    enough = {"share": share, "basically": row["basically_all"], "total": total, "p": p_enough}
    lines = [text("panel_enough", lang, **enough)]
    if is_uncertain(row["p_all"]):
        lines.append(text("panel_everyone_chance", lang, p=p_all))
    lines.append(blocking_sentence(workbook, row, lang))
    if empty := [pot_words(workbook, name, lang) for name in row["pots_without_money"]]:
        lines.append(text("panel_ends", lang, pots=join_names(empty, lang)))
    middle, span = write_number(figures["p50"], lang), usual_range(figures["p10"], figures["p90"])
    head = {
        "big": text("panel_verdict", lang, middle=middle, total=total, day=day),
        "range": text("panel_range", lang, range=span, now=row["n_finished_now"]),
        "change": difference(result, lang),
    }
    marked = (paragraphs([line], f' class="{name}"') for name, line in head.items())
    return Markup("").join([*marked, paragraphs(lines)])


def difference(result: WhatIfResult, lang: str) -> str:
    """How the answer differs from that at the beginning, in the same worlds."""
    moved = result.difference
    if moved["finishing"] == 0 == moved["se"] and not moved["p_basically_all"]:
        return text("panel_same", lang)
    error = 1.96 * moved["se"]
    error = write_number(error, lang, 2) if error >= 0.005 else text("panel_least", lang)
    if moved["se"] and not change_sign(moved):
        return text("panel_difference_noise", lang, error=error)
    words = {"change": change_words(moved, lang), "error": error}
    words["enough"] = write_change(100 * moved["p_basically_all"], lang, 1)
    return text("panel_difference", lang, **words)


def chart(result: WhatIfResult, row: dict, lang: str) -> Markup:
    """Communes finished over time."""
    table = result.forecast.over_time()
    last, total = table.iloc[-1], row["n_communes"]
    alt = text(
        "fan_alt",
        lang,
        now=row["n_finished_now"],
        low=int(last["p10"]),
        high=int(last["p90"]),
        total=total,
        day=day_words(row["deadline"], lang),
    )
    return picture(fan(table, total, row["basically_all"], None, lang), alt)


def communes(result: WhatIfResult, row: dict, chosen: list[int], lang: str) -> Markup:
    """The communes chosen in sentences, and a table of them and of those that change; without any
    chosen, of all.
    """
    coarse, moved = result.forecast.coarse, result.chance_changes
    # none where a commune gets no figure finer than a word
    draws = 0 if coarse else row["draws"]
    rows = dict(zip(result.forecast.communes, row["communes"], strict=True))
    lines = []
    for commune in [rows[unit] for unit in chosen[:IN_WORDS] if unit in rows]:
        sentence = commune_sentence(commune, row, lang, coarse)
        lines.append(f"{sentence} {obstacle_sentence(commune, draws, lang)}".strip())
    movers = set(clear_changes(moved).index)
    if chosen and not movers:
        lines.append(text("panel_nobody", lang))
    units = [
        unit
        for unit, commune in rows.items()
        if not commune["finished"] and (not chosen or unit in {*chosen, *movers})
    ]
    if not units:
        return paragraphs(lines)
    units.sort(key=lambda unit: (unit not in chosen, -abs(moved.loc[unit, "change"])))
    body = []
    for unit in units:
        change = moved.loc[unit]
        points = text("within_noise", lang)
        if unit in movers:
            points = write_change(100 * change["change"], lang, 1)
        cells = (
            chance(change["before"], draws, lang),
            chance(change["p"], draws, lang),
            points if change["change"] else "0",
            month_words(rows[unit]["p50_date"], lang),
        )
        name = Markup("<th scope=row>{}</th>").format(rows[unit]["name"])
        body.append(name + _each("<td>{}</td>", cells))
    names = ("commune", "before", "now", "change", "middle")
    heads = _each("<th scope=col>{}</th>", (text(f"panel_head_{name}", lang) for name in names))
    table = Markup(
        "<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
    )
    title = text("panel_moved" if chosen else "panel_everyone", lang)
    return paragraphs(lines) + table.format(title, heads, _each("<tr>{}</tr>", body))


def _each(form, cells):
    return Markup("").join(Markup(form).format(cell) for cell in cells)


LABEL = "9.5rem"  # room of the labels
PAUSE = 0.08  # seconds without a further change before it is worked out
STYLE = Markup("<style>\n{}</style>").format(
    Markup((TEMPLATES / "panel.css").read_text(encoding="utf-8"))
)
NAMED = (TEMPLATES / "panel.js").read_text(encoding="utf-8")


def watched() -> bool:
    """Whether the cell is run for a person who can be asked back, as JupyterLab says of itself;
    papermill says that it cannot.
    """
    from IPython import get_ipython

    if getattr(get_ipython(), "kernel", None) is None:
        return False
    request = get_ipython().get_parent() or {}
    return bool(request.get("content", {}).get("allow_stdin"))


class PanelPart(Part):
    """The static result as any part of a page, which shows the widgets of ``make`` instead where
    somebody looks on.
    """

    make: Callable[[], "Panel"] | None = None

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        return bundle | self.make().view._repr_mimebundle_() if self.make and watched() else bundle


def what_if_panel(static: Part) -> Part:
    """A part of a page, shown as the panel where changes can be tried in it and somebody
    looks on.
    """
    if not isinstance(static, WhatIfPart):
        return static
    part = PanelPart(static)
    part.make = lambda: Panel(static.tried(), static.commune, static.lang)
    return part


class Panel:
    """The widgets.

    ``view``: all of them; ``setting``: what they stand at; ``answer``: the last one that was
    worked out.

    A change is worked out when no other has followed for :data:`PAUSE` seconds, at once outside of
    an event loop.
    """

    def __init__(self, tried: WhatIf, commune: str, lang: str):
        import ipywidgets

        self.tried, self.lang, self.w = tried, lang, ipywidgets
        self.answer, self.waiting, self.held, self.good = None, None, False, False
        self.chosen = [], ""
        self.gone = ""  # what is said of a scenario that was started from and is no more
        self.pots = pots_of(tried.workbook)
        self.out = {
            name: ipywidgets.HTML()
            for name in ("verdict", "status", "wrong", "chart", "communes", "saved")
        }
        self._fields(commune)
        self._sliders()
        self._saving()
        self.view = self._laid_out()
        for widget in (*self.fields.values(), *self.sliders.values()):
            widget.observe(self._changed, "value")
        self._started()
        self.update()

    def say(self, key: str, **values: object) -> str:
        return text(f"panel_{key}", self.lang, **values)

    # widgets --------------------------------------------------------------------------------------

    def _field(self, kind, name, **values):
        """A widget with its label."""
        labelled = {"description": self.say(name), "style": {"description_width": LABEL}}
        return getattr(self.w, kind)(layout=self.w.Layout(width="auto"), **labelled, **values)

    def _fields(self, commune):
        first, workbook, before = self.tried.first, self.tried.workbook, self.tried.before
        everyone = self.say("all")
        open_ = before.schedule.goals.loc[before.ntm_goals, "unit"].tolist()
        policies = [
            (self.say("policy_start"), ""),
            *((text(f"policy_{name}", self.lang), name) for name in PLANS),
        ]
        self.fields = {
            "commune": self._field(
                "Combobox",
                "commune",
                value=commune or everyone,
                options=[everyone, *commune_options(workbook, open_)],
                ensure_option=False,
                continuous_update=False,
                placeholder=self.say("commune_hint"),
            ),
            "start": self._field(
                "Dropdown", "start", options=start_options(workbook, self.lang), value=first.start
            ),
            "deadline": self._field(
                "Text", "deadline", value=self._first_day(), continuous_update=False
            ),
            "policy": self._field("Dropdown", "policy", options=policies, value=first.policy),
        }

    def _first_day(self):
        return write_date(self.tried.first.deadline, "vi") if self.tried.first.deadline else ""

    def _sliders(self):
        w, workbook = self.w, self.tried.workbook
        kinds = {
            pot: (100, MONEY_SLIDER, self.say("money", pot=pot_words(workbook, pot, self.lang)))
            for pot in self.pots
        }
        # no pot is called so
        kinds |= {
            "*prices": (0, PRICES_SLIDER, self.say("prices")),
            "*delay": (0, DELAY_SLIDER, self.say("delay")),
        }
        self.sliders, self.readouts = {}, {}
        for name, (value, ends, label) in kinds.items():
            self.sliders[name] = w.IntSlider(
                value,
                *ends,
                description=label,
                readout=False,
                style={"description_width": LABEL},
                layout=w.Layout(flex="1 1 auto", width="auto", min_width="0"),
            )
            self.readouts[name] = w.HTML(layout=w.Layout(width="9rem", flex="0 0 auto"))

    def _saving(self):
        w, auto = self.w, self.w.Layout(width="auto")
        self.reset = w.Button(description=self.say("reset"), layout=auto)
        self.reset.on_click(lambda _: self.back())
        self.name = self._field("Text", "save_name", placeholder=self.say("save_hint"))
        self.name.layout = w.Layout(flex="1 1 auto")
        self.over = w.Checkbox(description=self.say("save_over"), indent=False, layout=auto)
        self.button = w.Button(description=self.say("save"), button_style="primary", layout=auto)
        self.button.on_click(lambda _: self.save())

    def _laid_out(self):
        w, out = self.w, self.out
        columns = w.Layout(
            grid_template_columns="repeat(2, minmax(0, 1fr))", grid_gap=".1rem 1.5rem", width="100%"
        )
        below = w.Layout(
            grid_template_columns="minmax(0, 5fr) minmax(0, 6fr)", grid_gap="0 1.5rem", width="100%"
        )
        rows = [w.HBox([slider, self.readouts[name]]) for name, slider in self.sliders.items()]
        lead = self.say("pots_lead", year=self.tried.workbook.as_of.year)
        named = {
            "output_type": "display_data",
            "data": {"application/javascript": NAMED},
            "metadata": {},
        }
        out["wrong"].add_class("wrong")
        view = w.VBox(
            [
                w.HTML(
                    STYLE + paragraphs([text("section_thu-thay-doi", self.lang)], ' class="head"')
                ),
                out["verdict"],
                out["status"],
                out["wrong"],
                w.GridBox(list(self.fields.values()), layout=columns),
                w.HTML(paragraphs([lead], ' class="lead"')),
                w.GridBox(rows, layout=columns),
                w.HBox([self.reset]),
                w.GridBox([out["chart"], out["communes"]], layout=below),
                w.HTML('<p class="lead"></p>'),
                w.HBox([self.name, self.over, self.button]),
                out["saved"],
                w.Output(outputs=(named,), layout=w.Layout(height="0", margin="0")),
            ]
        )
        view.add_class("ntm-panel")
        return view

    # what happens ---------------------------------------------------------------------------------

    @property
    def setting(self) -> Setting:
        """What the widgets stand at; raises :class:`NotUnderstoodError` for a field that cannot
        be read.
        """
        return self._with(
            read_deadline(self.fields["deadline"].value, self.tried.workbook, self.lang)
        )

    def _with(self, day):
        """What the other widgets stand at, with this deadline."""
        money = {
            pot: self.sliders[pot].value for pot in self.pots if self.sliders[pot].value != 100
        }
        start, policy = self.fields["start"].value, self.fields["policy"].value
        return Setting(
            start, policy, day, money, self.sliders["*prices"].value, self.sliders["*delay"].value
        )

    def _read_out(self):
        """The values of the sliders, in Vietnamese form."""
        blocking = self.row["blocking_sources"] if self.answer else []
        for pot, (amount, cement) in self.pots.items():
            words = money_shown(self.sliders[pot].value, amount, cement, self.lang)
            words += f" · {self.say('blocking')}" if pot in blocking else ""
            self.readouts[pot].value = words
        points, months = self.sliders["*prices"].value, self.sliders["*delay"].value
        self.readouts["*prices"].value = self.say("prices_shown", n=write_change(points, self.lang))
        self.readouts["*delay"].value = self.say("delay_shown", n=write_number(months, self.lang))

    def _started(self):
        """The deadline that a blank field stands for, and what the pots bring, in the scenario
        started from.
        """
        try:
            workbook = scenario(self.tried.workbook, self.fields["start"].value)
        except (DataProblemsError, UnknownScenarioError):  # told when it is worked out
            return
        self.pots = {pot: ends for pot, ends in pots_of(workbook).items() if pot in self.sliders}
        self.fields["deadline"].placeholder = self.say(
            "deadline_hint", day=write_date(workbook.last_day, self.lang)
        )

    def back(self) -> None:
        """All as at the beginning; names typed stay."""
        self.held = True
        try:
            self._offer(self.tried.first.start)
            self.fields["policy"].value = self.tried.first.policy
            self.fields["deadline"].value = self._first_day()
            for name, slider in self.sliders.items():
                slider.value = 0 if name.startswith("*") else 100
        finally:
            self.held = False
        self._changed({"owner": self.fields["start"]})

    def _changed(self, change):
        if self.held:
            return
        if change["owner"] is self.fields["start"]:
            self._started()
        self._read_out()
        self._busy(True)
        if self.waiting:
            self.waiting.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.update()
        else:
            self.waiting = loop.call_later(PAUSE, self.update)

    def _busy(self, busy):
        for name in ("verdict", "chart", "communes"):
            self._mark(name, "busy", busy)
        draws = write_number(self.tried.draws, self.lang)
        done = [self.say("done", draws=draws)] if self.good else []
        line = [self.say("computing")] if busy else done
        self.out["status"].value = paragraphs(line, ' class="small" role="status"')

    def _mark(self, name, css, marked):
        (self.out[name].add_class if marked else self.out[name].remove_class)(css)

    def _words(self, error):
        """What is wrong; whatever it is, a planner is not shown a traceback."""
        if isinstance(error, DataProblemsError):
            return words_of(error, self.lang)
        if isinstance(error, RefusalError):
            return error.words(self.lang)
        return (
            f"{error}"
            if isinstance(error, NotUnderstoodError)
            else self.say("broken", error=f"{type(error).__name__}: {error}")
        )

    def update(self) -> None:
        """Work out what the widgets stand at; what is wrong is said in words, the last answer and
        all input kept.
        """
        if self.waiting:
            self.waiting.cancel()
        self._start_there()
        wrong = [self.gone] if self.gone else []
        self.waiting, self.gone = None, ""
        self._read_out()
        try:
            self.chosen = read_communes(
                self.fields["commune"].value, self.tried.workbook, self.lang
            )
        except NotUnderstoodError as error:
            wrong.append(self._words(error))
        try:
            answer = self.tried.answer(self.setting)
            row = ForecastResult(answer.forecast).to_dict()
        except Exception as error:
            self.good = False
            wrong += [
                self._words(error),
                *(self._others() if isinstance(error, NotUnderstoodError) else []),
            ]
        else:
            self.answer, self.row, self.good = answer, row, True
            self.out["verdict"].value = headline(answer, row, self.lang)
            self.out["verdict"].remove_class("busy")  # what is asked first is there first
            self.out["chart"].value = chart(answer, row, self.lang)
            self._read_out()  # which sources block is known now
        if self.answer:  # of the communes last understood
            wrong += [] if self.good else [self.say("kept")]
            units, note = self.chosen
            self.out["communes"].value = paragraphs([note] if note else []) + communes(
                self.answer, self.row, units, self.lang
            )
        self.out["wrong"].value = paragraphs(dict.fromkeys(wrong), ' role="alert"')
        self._busy(False)

    def _others(self):
        """What does not fit beside a deadline that cannot be read."""
        try:
            self.tried.scenario(self._with(None))
        except DataProblemsError as error:
            return [self._words(error)]
        except UnknownScenarioError:  # deleted this very moment: told the next time
            pass
        return []

    def save(self) -> None:
        """Save what the widgets stand at as a scenario, and say where it is and how it is used."""
        kind = "alert"
        try:
            there = self._start_there()
            if self.waiting or not self.good or not there:
                self.update()
            if not (there and self.good):
                raise NotSavedError("wait" if there else "start_gone")
            tried = self.tried
            name, path = save(
                tried.workbook, tried.content(self.setting), self.name.value, self.over.value
            )
        except NotSavedError as error:
            line = self.say(f"save_{error.reason}", over=self.say("save_over"), **error.details)
        except (NotUnderstoodError, DataProblemsError, RefusalError) as error:
            line = self._words(error)
        else:
            file = f"{path.parent.parent.name}/scenarios/{path.name}"
            data = path_as_typed(tried.workbook.path)
            line, kind = self.say("saved", file=file, id=name, data=data), "status"
            self._offer(self.fields["start"].value)
        self.out["saved"].value = paragraphs([line], f' role="{kind}"')
        self._mark("saved", "wrong", kind == "alert")

    def _offer(self, wanted):
        """The scenarios there are now to start from, ``wanted`` chosen; where that is gone, the one
        of the last answer or the baseline, and :attr:`gone` says so.
        """
        start, held = self.fields["start"], self.held
        title = {name: title for title, name in start.options}.get(wanted, wanted)
        last = [self.answer.setting.start] if self.answer else []
        self.held = True
        try:
            start.options = start_options(self.tried.workbook, self.lang)
            there = {name for _, name in start.options}
            start.value = next(name for name in (wanted, *last, BASELINE) if name in there)
        finally:
            self.held = held
        if start.value != wanted:
            self.gone = self.say("start_gone", title=title, now=start.label)
            self._started()

    def _start_there(self):
        """Whether the scenario chosen to start from still is there; where not, another is
        chosen.
        """
        start = self.fields["start"].value
        if start in scenario_ids(self.tried.workbook):
            return True
        self._offer(start)
        return False
