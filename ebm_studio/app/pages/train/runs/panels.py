"""The right column of a run: metrics, events and settings."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import SMALL, UNIT
from ebm_studio.app.pages.train.runs.run_reader import WARNINGS, RunView
from ebm_studio.app.pages.train.runs.run_text import health_of, state_of, when
from ebm_studio.app.pages.train.runs.state import Runs
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.formatting import figure, network_text, short_run_text, thousands
from ebm_studio.app.widgets.panels import Panel, PanelColumn, figure_line
from ebm_studio.core.durations import about, duration
from ebm_studio.data.models.card_text import set_title
from ebm_studio.data.pictures.datasets import set_name
from ebm_studio.data.training.fidelity_log import best_of
from ebm_studio.data.training.run_log import Event

MOST_EVENTS = 200
EVENTS_HEIGHT = 28 * UNIT
RECENT = 100  # updates that the figures are means over


class FiguresPanel(Panel):
    """How far it is, how fast, and how healthy."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__("Now")
        self._theme = theme
        self._runs = runs
        self.health = label("")
        self.health.setWordWrap(True)
        self.health.setAccessibleName("Health")
        self.column.addWidget(self.health)
        self._lines = {
            name: figure_line(self.column, name, tip)
            for name, tip in (
                ("State", "The state of its process."),
                ("Updates", "Finished updates, and their total."),
                ("Updates per second", "During the last training."),
                ("Training time", "Without pauses."),
                ("Time left", "At the current speed."),
                (
                    f"d, mean of {RECENT}",
                    f"E(data) − E(samples), mean of the last {RECENT} updates. Near 0 is healthy.",
                ),
                (f"v, mean of {RECENT}", f"Mean gradient step length s·‖∂E/∂x‖, over the last {RECENT} updates."),
                (f"K·v, mean of {RECENT}", "The length of a chain. Steady is healthy."),
                ("KID-lite0", "The newest fidelity that was measured, and the best: lower is better."),
            )
        }
        for signal in (runs.looked, runs.watch.views_changed, theme.changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        view = self._runs.view
        if view is None:
            return
        words, is_bad = health_of(view)
        self.health.setText(words)
        self.health.setStyleSheet(f"color: {self._theme.tokens.warning};" if is_bad else "")
        for name, text in _figures(view, self._runs).items():
            self._lines[name].setText(text)


def _figures(view: RunView, runs: Runs) -> dict[str, str]:
    status, plan = view.status, view.plan
    has_rows = view.updates > 0
    d, v = (float(view.column(name)[-RECENT:].mean()) if has_rows else 0.0 for name in ("d", "v"))
    left = status.seconds_left if view.alive and status.state != "paused" else None
    return {
        "State": state_of(view, runs.asked(view)),
        "Updates": f"{thousands(status.updates)} of {thousands(plan.learning.updates)}",
        "Updates per second": f"{status.updates_per_second:.3g}" if status.updates_per_second else "–",
        "Training time": duration(status.seconds) if status.seconds else "–",
        "Time left": about(left) if left is not None else "–",
        f"d, mean of {RECENT}": f"{d:+.3g}".replace("-", "−") if has_rows else "–",
        f"v, mean of {RECENT}": f"{v:.3g}" if has_rows else "–",
        "KID-lite0": _fidelity(view),
        f"K·v, mean of {RECENT}": f"{v * plan.short_run.steps:.3g}" if has_rows else "–",
    }


def _fidelity(view: RunView) -> str:
    if (best := best_of(view.fidelity)) is None:
        return "–" if view.plan.fidelity_every else "not measured"
    return f"{view.fidelity[-1].kid:.4f}, best {best.kid:.4f}".replace("-", "−")


class EventsPanel(Panel):
    """The events, newest first. A click shows the samples of that time."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__("Events")
        self._theme = theme
        self._runs = runs
        self._shown = ("", -1, "")
        self.list = QListWidget()
        self.list.setObjectName("events")
        self.list.setAccessibleName("Events")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setSpacing(0)
        self.list.setWordWrap(True)  # else words stay as wide as the window once was
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFixedHeight(0)
        self.list.itemActivated.connect(self._go)
        self.list.itemClicked.connect(self._go)
        self.column.addWidget(self.list)
        for signal in (runs.watch.grew, runs.watch.views_changed, theme.changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        view = self._runs.view
        if view is None or (view.name, len(view.events), self._theme.scheme) == self._shown:
            return
        self._shown = (view.name, len(view.events), self._theme.scheme)
        self.list.clear()
        for event in list(reversed(view.events))[:MOST_EVENTS]:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, event.update)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, event.text)
            self.list.addItem(item)
            self.list.setItemWidget(item, self._words(event))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give each event the lines that it needs in this width."""
        height, items = 0, [self.list.item(row) for row in range(self.list.count())]
        for item in items:
            words = self.list.itemWidget(item)
            words.setFixedWidth(self.width())  # the list only ever makes it wider
            lines = words.heightForWidth(self.width())
            item.setSizeHint(QSize(0, lines))
            height += lines
        self.list.setFixedHeight(min(height, EVENTS_HEIGHT))

    def _words(self, event: Event) -> QLabel:
        t = self._theme.tokens
        color = t.warning if event.kind in WARNINGS else t.muted
        head = f"{when(event.time)} · update {thousands(event.update)}"
        words = label(f"<span style='font-size: {SMALL}px; color: {color}'>{head}</span><br>{escape(event.text)}")
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setWordWrap(True)
        words.setContentsMargins(0, 0, UNIT, UNIT + UNIT // 2)
        words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return words

    def _go(self, item: QListWidgetItem) -> None:
        self._runs.watch.go_to_update(item.data(Qt.ItemDataRole.UserRole))


class SettingsPanel(Panel):
    """Its network, data and settings."""

    def __init__(self, runs: Runs) -> None:
        super().__init__("Settings")
        self._runs = runs
        self._lines: dict[str, QLabel] = {}
        for signal in (runs.watch.views_changed, runs.looked):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        view = self._runs.view
        if view is None:
            return
        for name, text in _settings(view).items():
            if name not in self._lines:
                self._lines[name] = figure_line(self.column, name, "")
            self._lines[name].setText(text)
            self._lines[name].setToolTip(text)


def _settings(view: RunView) -> dict[str, str]:
    plan = view.plan
    net, run, learning = plan.net, plan.short_run, plan.learning
    return {
        "Data": set_title(set_name(plan.source))[:24],
        "Held out": thousands(plan.held_out),
        "Pictures": f"{net.size} × {net.size}, {'grey' if net.channels == 1 else 'colour'}",
        "Network": network_text(net),
        "Short run": short_run_text(run),
        "Batches": f"{learning.chains} chains, {learning.images} images",
        "Rate": figure(learning.learning_rate),
        "Data noise σ": figure(learning.data_noise) if learning.data_noise else "0",
    }


class ComparePanel(Panel):
    """Which colour is which run, and what they differ in."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__("Compared")
        self._theme = theme
        self._runs = runs
        self._rows = QVBoxLayout()
        self._rows.setSpacing(UNIT)
        self.column.addLayout(self._rows)
        for signal in (runs.watch.views_changed, runs.looked, theme.changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        views = self._runs.watch.views
        self.setVisible(len(views) > 1)
        if len(views) < 2:
            return
        while (item := self._rows.takeAt(0)) and (widget := item.widget()):
            widget.deleteLater()
        tables = [table | {"Data": escape(table["Data"])} for table in map(_settings, views)]
        differ = [name for name in tables[0] if len({table[name] for table in tables}) > 1]
        for place, (view, table) in enumerate(zip(views, tables, strict=True)):
            color = self._runs.watch.color(place, self._theme.tokens)
            lines = [f"<b style='color:{color}'>━ {escape(view.name)}</b>", f"{thousands(view.status.updates)} updates"]
            text = label("<br>".join([*lines, *(f"{name}: {table[name]}" for name in differ)]))
            text.setTextFormat(Qt.TextFormat.RichText)
            text.setWordWrap(True)
            self._rows.addWidget(text)


class RunInspector(PanelColumn):
    """The panels of a run, or of several that are compared."""

    def __init__(self, theme: Theme, runs: Runs) -> None:
        super().__init__()
        self._runs = runs
        self.figures = FiguresPanel(theme, runs)
        self.events = EventsPanel(theme, runs)
        self.settings = SettingsPanel(runs)
        self.compare = ComparePanel(theme, runs)
        self._single: tuple[QWidget, ...] = (self.figures, self.events, self.settings)
        self.stack(*self._single, self.compare)
        for signal in (runs.watch.views_changed, runs.watch.grew):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        view = self._runs.view
        for panel in self._single:
            panel.setVisible(view is not None and (panel is not self.events or bool(view.events)))
