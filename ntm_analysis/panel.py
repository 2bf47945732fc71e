"""The what-if panel of a notebook: widgets where a person looks on, the static result where nobody can move a slider.

ipywidgets is loaded only here and only when the panel is shown. Whoever runs a cell and can be asked back (JupyterLab, not
papermill or nbconvert) gets widgets; all others get the same bytes every time, without ids of widgets in them.
"""

import asyncio
import datetime as dt
from collections.abc import Callable

from markupsafe import Markup

from .forecast_words import pot_words
from .office_numbers import write_change, write_date, write_number
from .page import Part, WhatIfPart
from .page_inputs import typed
from .parameters import PLANS
from .problems import DataProblems
from .render import TEMPLATES
from .scenarios.scenario import BASELINE, NotSaved, UnknownScenario, save, scenario, scenario_ids
from .scenarios.what_if import DELAY, MONEY, PRICES, Setting, WhatIf, pots_of
from .what_if_words import (
    NotUnderstood,
    chart,
    commune_options,
    communes,
    money_shown,
    paragraphs,
    read_communes,
    read_deadline,
    start_options,
    verdict,
    words_of,
)
from .words import text

LABEL = "9.5rem"  # room of the labels
PAUSE = 0.08  # seconds without a further change before it is worked out
STYLE = Markup("<style>\n{}</style>").format(Markup((TEMPLATES / "panel.css").read_text(encoding="utf-8")))
NAMED = (TEMPLATES / "panel.js").read_text(encoding="utf-8")


def watched() -> bool:
    """Whether the cell is run for a person who can be asked back, as JupyterLab says of itself; papermill says that it cannot."""
    from IPython import get_ipython

    if getattr(get_ipython(), "kernel", None) is None:
        return False
    asked = get_ipython().get_parent() or {}
    return bool(asked.get("content", {}).get("allow_stdin"))


class PanelPart(Part):
    """The static result as any part of a page, which shows the widgets of ``make`` instead where somebody looks on."""

    make: Callable[[], "Panel"] | None = None

    def _repr_mimebundle_(self, **options: object) -> dict:
        shown = super()._repr_mimebundle_(**options)
        return shown | self.make().view._repr_mimebundle_() if self.make and watched() else shown


def what_if_panel(static: Part) -> Part:
    """A part of a page, shown as the panel where changes can be tried in it and somebody looks on."""
    if not isinstance(static, WhatIfPart):
        return static
    made = PanelPart(static)
    made.make = lambda: Panel(static.tried(), static.commune, static.lang)
    return made


class Panel:
    """The widgets. ``view``: all of them; ``setting``: what they stand at; ``shown``: the last answer that was worked out.

    A change is worked out when no other has followed for :data:`PAUSE` seconds, at once outside of an event loop.
    """

    def __init__(self, tried: WhatIf, commune: str, lang: str) -> None:
        import ipywidgets

        self.tried, self.lang, self.w = tried, lang, ipywidgets
        self.shown, self.waiting, self.held, self.good, self.chosen = None, None, False, False, ([], "")
        self.gone = ""  # what is said of a scenario that was started from and is no more
        self.pots = pots_of(tried.workbook)
        self.out = {name: ipywidgets.HTML() for name in ("verdict", "status", "wrong", "chart", "communes", "saved")}
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

    # widgets -----------------------------------------------------------------------------------------------------

    def _field(self, kind: str, name: str, **values: object) -> object:
        """A widget with its label."""
        labelled = {"description": self.say(name), "style": {"description_width": LABEL}}
        return getattr(self.w, kind)(layout=self.w.Layout(width="auto"), **labelled, **values)

    def _fields(self, commune: str) -> None:
        first, workbook, before, everyone = self.tried.first, self.tried.workbook, self.tried.before, self.say("all")
        open_ = before.run.plan.goals.loc[before.open_, "unit"].tolist()
        policies = [(self.say("policy_start"), ""), *((text(f"policy_{name}", self.lang), name) for name in PLANS)]
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
            "start": self._field("Dropdown", "start", options=start_options(workbook, self.lang), value=first.start),
            "deadline": self._field("Text", "deadline", value=self._first_day(), continuous_update=False),
            "policy": self._field("Dropdown", "policy", options=policies, value=first.policy),
        }

    def _first_day(self) -> str:
        return write_date(self.tried.first.deadline, "vi") if self.tried.first.deadline else ""

    def _sliders(self) -> None:
        w, workbook = self.w, self.tried.workbook
        kinds = {pot: (100, MONEY, self.say("money", pot=pot_words(workbook, pot, self.lang))) for pot in self.pots}
        kinds |= {"*prices": (0, PRICES, self.say("prices")), "*delay": (0, DELAY, self.say("delay"))}  # no pot is called so
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
            self.readouts[name] = w.HTML(layout=w.Layout(width="13rem", flex="0 0 auto"))

    def _saving(self) -> None:
        w, auto = self.w, self.w.Layout(width="auto")
        self.reset = w.Button(description=self.say("reset"), layout=auto)
        self.reset.on_click(lambda _: self.back())
        self.name = self._field("Text", "save_name", placeholder=self.say("save_hint"))
        self.name.layout = w.Layout(flex="1 1 auto")
        self.over = w.Checkbox(description=self.say("save_over"), indent=False, layout=auto)
        self.button = w.Button(description=self.say("save"), button_style="primary", layout=auto)
        self.button.on_click(lambda _: self.save())

    def _laid_out(self) -> object:
        w, out = self.w, self.out
        columns = w.Layout(grid_template_columns="repeat(2, minmax(0, 1fr))", grid_gap=".1rem 1.5rem", width="100%")
        below = w.Layout(grid_template_columns="minmax(0, 5fr) minmax(0, 6fr)", grid_gap="0 1.5rem", width="100%")
        rows = [w.HBox([slider, self.readouts[name]]) for name, slider in self.sliders.items()]
        lead = self.say("pots_lead", year=self.tried.workbook.as_of.year)
        named = {"output_type": "display_data", "data": {"application/javascript": NAMED}, "metadata": {}}
        out["wrong"].add_class("wrong")
        view = w.VBox([
            w.HTML(STYLE + paragraphs([text("section_thu-thay-doi", self.lang)], ' class="head"')),
            out["verdict"], out["status"], out["wrong"],
            w.GridBox(list(self.fields.values()), layout=columns),
            w.HTML(paragraphs([lead], ' class="lead"')), w.GridBox(rows, layout=columns), w.HBox([self.reset]),
            w.GridBox([out["chart"], out["communes"]], layout=below),
            w.HTML('<p class="lead"></p>'), w.HBox([self.name, self.over, self.button]), out["saved"],
            w.Output(outputs=(named,), layout=w.Layout(height="0", margin="0")),
        ])  # fmt: skip
        view.add_class("ntm-panel")
        return view

    # what happens ------------------------------------------------------------------------------------------------

    @property
    def setting(self) -> Setting:
        """What the widgets stand at; raises :class:`NotUnderstood` for a field that cannot be read."""
        return self._with(read_deadline(self.fields["deadline"].value, self.tried.workbook, self.lang))

    def _with(self, day: dt.date | None) -> Setting:
        """What the other widgets stand at, with this deadline."""
        money = {pot: self.sliders[pot].value for pot in self.pots if self.sliders[pot].value != 100}
        start, policy = self.fields["start"].value, self.fields["policy"].value
        return Setting(start, policy, day, money, self.sliders["*prices"].value, self.sliders["*delay"].value)

    def _read_out(self) -> None:
        """The values of the sliders, in Vietnamese form."""
        blocking = self.shown.record["blocking_sources"] if self.shown else []
        for pot, (amount, cement) in self.pots.items():
            shown = money_shown(self.sliders[pot].value, amount, cement, self.lang)
            self.readouts[pot].value = f"{shown} · {self.say('blocking')}" if pot in blocking else shown
        points, months = self.sliders["*prices"].value, self.sliders["*delay"].value
        self.readouts["*prices"].value = self.say("prices_shown", n=write_change(points, self.lang))
        self.readouts["*delay"].value = self.say("delay_shown", n=write_number(months, self.lang))

    def _started(self) -> None:
        """The deadline that a blank field stands for, and what the pots bring, in the scenario started from."""
        try:
            workbook = scenario(self.tried.workbook, self.fields["start"].value).workbook
        except (DataProblems, UnknownScenario):  # told when it is worked out
            return
        self.pots = {pot: told for pot, told in pots_of(workbook).items() if pot in self.sliders}
        self.fields["deadline"].placeholder = self.say("deadline_hint", day=write_date(workbook.last_day, self.lang))

    def back(self) -> None:
        """All as at the beginning; names typed stay."""
        self.held = True
        try:
            self._offer(self.tried.first.start)
            self.fields["policy"].value, self.fields["deadline"].value = self.tried.first.policy, self._first_day()
            for name, slider in self.sliders.items():
                slider.value = 0 if name.startswith("*") else 100
        finally:
            self.held = False
        self._changed({"owner": self.fields["start"]})

    def _changed(self, change: dict) -> None:
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

    def _busy(self, busy: bool) -> None:
        for name in ("verdict", "chart", "communes"):
            (self.out[name].add_class if busy else self.out[name].remove_class)("busy")
        done = [self.say("done", draws=write_number(self.tried.draws, self.lang))] if self.good else []
        line = [self.say("computing")] if busy else done
        self.out["status"].value = paragraphs(line, ' class="small" role="status"')

    def _words(self, error: Exception) -> str:
        """What is wrong; whatever it is, a planner is not shown a traceback."""
        if isinstance(error, DataProblems):
            return words_of(error, self.lang)
        return f"{error}" if isinstance(error, NotUnderstood) else self.say("broken", error=f"{type(error).__name__}: {error}")

    def update(self) -> None:
        """Work out what the widgets stand at; what is wrong is said in words, the last answer and all input kept."""
        if self.waiting:
            self.waiting.cancel()
        self._start_there()
        wrong = [self.gone] if self.gone else []
        self.waiting, self.gone = None, ""
        self._read_out()
        try:
            self.chosen = read_communes(self.fields["commune"].value, self.tried.workbook, self.lang)
        except NotUnderstood as error:
            wrong.append(self._words(error))
        try:
            answer = self.tried.answer(self.setting)
        except Exception as error:
            self.good = False
            wrong += [self._words(error), *(self._others() if isinstance(error, NotUnderstood) else [])]
        else:
            self.shown, self.good = answer, True
            self.out["verdict"].value = verdict(answer, self.lang)
            self.out["verdict"].remove_class("busy")  # what is asked first is there first
            self.out["chart"].value = chart(answer, self.lang)
            self._read_out()  # which sources block is known now
        if self.shown:  # of the communes last understood
            wrong += [] if self.good else [self.say("kept")]
            units, note = self.chosen
            self.out["communes"].value = paragraphs([note] if note else []) + communes(self.shown, units, self.lang)
        self.out["wrong"].value = paragraphs(dict.fromkeys(wrong), ' role="alert"')
        self._busy(False)

    def _others(self) -> list[str]:
        """What does not fit beside a deadline that cannot be read."""
        try:
            self.tried.scenario(self._with(None))
        except DataProblems as error:
            return [self._words(error)]
        except UnknownScenario:  # deleted this very moment: told the next time
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
                raise NotSaved("wait" if there else "start_gone")
            tried = self.tried
            name, path = save(tried.workbook, tried.content(self.setting), self.name.value, self.over.value)
        except NotSaved as error:
            line = self.say(f"save_{error.reason}", over=self.say("save_over"), **error.details)
        except (NotUnderstood, DataProblems) as error:
            line = self._words(error)
        else:
            file, data = f"{path.parent.parent.name}/scenarios/{path.name}", typed(tried.workbook.path)
            line, kind = self.say("saved", file=file, id=name, data=data), "status"
            self._offer(self.fields["start"].value)
        self.out["saved"].value = paragraphs([line], f' role="{kind}"')
        (self.out["saved"].add_class if kind == "alert" else self.out["saved"].remove_class)("wrong")

    def _offer(self, wanted: str) -> None:
        """The scenarios there are now to start from, ``wanted`` chosen; where that is gone, the one of the last answer or the
        baseline, and :attr:`gone` says so."""
        start, held = self.fields["start"], self.held
        title = {name: title for title, name in start.options}.get(wanted, wanted)
        last = [self.shown.setting.start] if self.shown else []
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

    def _start_there(self) -> bool:
        """Whether the scenario chosen to start from still is there; where not, another is chosen."""
        start = self.fields["start"].value
        if start in scenario_ids(self.tried.workbook):
            return True
        self._offer(start)
        return False
