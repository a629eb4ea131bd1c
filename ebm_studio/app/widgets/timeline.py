"""Under the canvas: transport, scrub bar, and the curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSplitter, QToolButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.playback import SPEEDS, Playback, ShowsChain
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.fields import WholeField, label
from ebm_studio.app.widgets.formatting import ordinal
from ebm_studio.app.widgets.names import NameLabel
from ebm_studio.app.widgets.scrub_bar import ScrubBar
from ebm_studio.app.widgets.transport import Key, Transport
from ebm_studio.core.specs import MAX_STEPS
from ebm_studio.engine.chain_store import ChainStore

ROOMY = 80 * UNIT  # wide enough to tell the memory too
QWIDGETSIZE_MAX = (1 << 24) - 1  # Qt's own, which its Python binding leaves out


def act_playback(page: QWidget, playback: Playback) -> None:
    """The keys of a page with a timeline."""
    act(page, "Play or pause", playback.toggle, Qt.Key.Key_Space)
    act(page, "One step back", lambda: playback.step(-1), Qt.Key.Key_Left)
    act(page, "One step forward", lambda: playback.step(1), Qt.Key.Key_Right)
    act(page, "To the start noise", lambda: playback.step(-MAX_STEPS), Qt.Key.Key_Home)
    act(page, "To the image", lambda: playback.step(MAX_STEPS), Qt.Key.Key_End)


class OverPlots(QWidget):
    """Controls in a column with curves below them, which can be folded away."""

    bar_height: ClassVar[int]
    """Of the controls alone."""
    least_height: ClassVar[int]
    """With the curves."""
    plots: QWidget
    _column: QVBoxLayout

    def keep_room(self) -> None:
        """Keep the room below for the curves, so that nothing jumps when they come."""
        self.plots = QWidget()
        self._column.addWidget(self.plots, 1)
        self.setMinimumHeight(self.least_height)

    def put_plots(self, plots: QWidget) -> None:
        """Put the curves in their place."""
        room, self.plots = self.plots, plots
        self._column.replaceWidget(room, plots)
        self._column.setStretch(self._column.count() - 1, 1)
        plots.setVisible(not room.isHidden())
        room.deleteLater()

    def fold_plots(self) -> None:
        """Leave the room of the curves to the pictures, or take it again."""
        folded = not self.plots.isHidden()
        self.plots.setVisible(not folded)
        self.setMinimumHeight(self.bar_height if folded else self.least_height)
        self.setMaximumHeight(self.bar_height if folded else QWIDGETSIZE_MAX)
        if isinstance(split := self.parentWidget(), QSplitter):  # the layout does not free the space by itself
            above, own = split.sizes()
            height = self.bar_height if folded else self.least_height
            split.setSizes([above + own - height, height])


def is_stopped(store: ChainStore) -> bool:
    """Whether a chain ended before its last step."""
    return store.finished and not store.whole


class ContinueButton(QPushButton):
    """There when a chain was stopped before its end, which the scrub bar then marks."""

    def __init__(self, scrub: ScrubBar, go_on: Callable[[], object]) -> None:
        super().__init__("Continue")
        self.setObjectName("quiet")
        self._scrub = scrub
        self.clicked.connect(lambda: go_on())
        self.hide()

    def watch(self, store: ChainStore | None) -> None:
        """Come or go as the chain stands by now."""
        stopped = store.newest if store is not None and is_stopped(store) else None
        self._scrub.set_stopped(stopped)
        self.setVisible(stopped is not None)
        if store is not None:
            self.setToolTip(f"The chain was stopped at step {stopped} of {store.run.steps}. Run it to its end.")


class Timeline(OverPlots):
    """Drives the playback and shows where it is."""

    bar_height = 6 * UNIT
    least_height = 20 * UNIT

    def __init__(self, theme: Theme, state: ShowsChain) -> None:
        super().__init__()
        self.setObjectName("timeline")
        self._theme = theme
        self._state = state
        self._playback = playback = state.playback
        keys = (
            Key("First step", "To the start noise z (Home).", lambda: playback.step(-MAX_STEPS)),
            Key("Previous step", "One step back (←).", lambda: playback.step(-1)),
            Key("Play", "Play or pause the chain (Space).", playback.toggle),
            Key("Next step", "One step forward (→).", lambda: playback.step(1)),
            Key("Last step", "To the image after K steps (End).", lambda: playback.step(MAX_STEPS)),
        )
        self.transport = Transport(theme, playback, keys, ("Loop from noise.", "Loop to the image and back to noise."))
        self.log = self._log_switch()
        self.scrub = ScrubBar(theme)
        self.scrub.scrubbed.connect(playback.go)
        self.position = WholeField(0, 0, "Step", "The step shown; type one to go there.")
        self.position.setFixedWidth(7 * UNIT)
        self.position.valueChanged.connect(playback.go)
        self.total = label("/ –", "muted")
        self.go_on = ContinueButton(self.scrub, lambda: state.go_on())
        self.speed = self._speeds()
        self.memory = NameLabel("small")
        self._lay_out()
        playback.chain_changed.connect(self._load)
        playback.grew.connect(self._grow)
        playback.position_changed.connect(self._move)
        playback.mode_changed.connect(self._show_speed)
        playback.axis_changed.connect(self._show_axis)
        self._show_speed()
        self._load()

    def _log_switch(self) -> QToolButton:
        log = QToolButton()
        log.setText("Log")
        log.setCheckable(True)
        log.setToolTip("A logarithmic axis gives the first steps more room. Use it for chains that run far past K.")
        log.clicked.connect(self._playback.set_log)
        log.hide()
        return log

    def _speeds(self) -> QComboBox:
        box = QComboBox()
        box.setToolTip("Steps per second.")
        box.setAccessibleName("Playback speed")
        for speed in SPEEDS:
            box.addItem(f"{speed} / s", speed)
        box.activated.connect(lambda index: self._playback.set_speed(SPEEDS[index]))
        return box

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(UNIT // 2)
        bar.addWidget(self.transport)
        bar.addSpacing(UNIT)
        bar.addWidget(self.scrub, 1)
        bar.addWidget(self.log)
        bar.addSpacing(UNIT // 2)
        bar.addWidget(self.position)
        bar.addWidget(self.total)
        bar.addWidget(self.go_on)
        bar.addWidget(self.memory)
        bar.addWidget(self.speed)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(UNIT, UNIT, 2 * UNIT, UNIT)
        self._column.setSpacing(UNIT)
        self._column.addLayout(bar)
        self.keep_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._refit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._refit()
        self._column.activate()
        above = self.parentWidget()
        while above is not None:  # Qt passes on what a hidden widget needs only as far as the next splitter
            above.updateGeometry()
            above = above.parentWidget()

    def _refit(self) -> None:
        self._fit(not self.log.isHidden(), not self.go_on.isHidden())

    def _fit(self, log: bool, go_on: bool) -> None:
        """Where there is little room, leave out what the keys Home and End do as well, and K, beside a button.

        That of a hidden page does so too: nobody tells it when the window gets smaller, and it would keep it large.
        """
        is_roomy = self.isVisible() and self.width() >= ROOMY
        ends = is_roomy or not (log or go_on)
        shown = (
            (self.memory, is_roomy),
            (self.transport.first, ends),
            (self.transport.last, ends),
            (self.total, ends),
            (self.log, log),
        )
        # What is shown takes its room at once, and the window may grow for it: so what goes, goes first.
        for is_its_turn in (False, True):
            for widget, is_shown in shown:
                if is_shown == is_its_turn:
                    widget.setVisible(is_shown)
            self.transport.updateGeometry()  # of itself, a layout in another one tells that one later

    def add_plots(self) -> None:
        """Load pyqtgraph and put the curves in their place."""
        self.put_plots(self.make_plots())

    def make_plots(self) -> QWidget:
        """The curves of the state's chain."""
        from ebm_studio.app.widgets.plots import Plots

        return Plots(self._theme, self._state)

    def _load(self) -> None:
        store = self._playback.store
        for widget in (*self.transport.ways, self.scrub, self.position):
            widget.setEnabled(store is not None)
        if store is None:
            self.go_on.watch(None)
            return
        steps = store.run.steps
        self.scrub.setRange(0, steps)
        model = self._state.model
        trained = model.card.short_run.steps if model else None
        self.scrub.set_trained(trained)
        # The button takes room from the scrub bar, so it comes only where it helps.
        self._fit(self._playback.log or (trained is not None and trained < steps), is_stopped(store))
        self.position.blockSignals(True)
        self.position.setRange(0, steps)
        self.position.blockSignals(False)
        self.total.setText(f"/ {steps}")
        self._show_memory(store)
        self._grow()
        self._move()

    def _grow(self) -> None:
        store = self._playback.store
        if store is None:
            return
        self.scrub.set_filled(store.newest)
        if is_stopped(store) == self.go_on.isHidden():
            self._fit(not self.log.isHidden(), is_stopped(store))
        self.go_on.watch(store)

    def _move(self) -> None:
        for widget in (self.scrub, self.position):
            widget.blockSignals(True)
            widget.setValue(self._playback.position)
            widget.blockSignals(False)

    def _show_memory(self, store: ChainStore) -> None:
        stride = int(store.indices[1]) if len(store.indices) > 1 else 1
        megabytes, most = -(-store.nbytes // 2**20), store.bound >> 20
        every = "every step" if stride == 1 else f"every {ordinal(stride)} step"
        self.memory.setText(f"{'' if stride == 1 else every + ', '}{megabytes} of {most} MB")
        self.memory.setToolTip(
            f"{store.count} chains, {every} is kept, in {megabytes} MB. No chain takes more than {most} MB: if not "
            "all steps fit, only every n-th is kept."
        )

    def _show_speed(self) -> None:
        if self._playback.speed in SPEEDS:
            self.speed.setCurrentIndex(SPEEDS.index(self._playback.speed))

    def _show_axis(self) -> None:
        self.log.setChecked(self._playback.log)
        self.scrub.set_log(self._playback.log)
