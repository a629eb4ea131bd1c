"""The Diagnose page: why a short run is a model, measured on the model that is open, or on two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.diagnose.card import ClaimCard
from ebm_studio.app.pages.diagnose.exports import choose_file, save_findings
from ebm_studio.app.pages.diagnose.state import DiagnoseState, Side
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.openers import Opener
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import ShowDiagnosis
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.data_set_box import SourceBox, may_be_data_set
from ebm_studio.app.widgets.fields import WholeField, label
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.app.widgets.page_header import TitledHeader, scrolled
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.core.evaluation.findings import CLAIMS, Claim, Diagnosis
from ebm_studio.core.specs import MAX_CHAINS
from ebm_studio.data.models.card import DataCard
from ebm_studio.data.models.diagnosis.kept import command_of
from ebm_studio.engine.requests import Fault

INTRODUCTION = (
    "The paper claims that a short run which neither converges nor mixes is a valid generator. These six cards measure "
    "its argument on your model. A chain that hardly moves would also keep its identity and could be inverted, so read "
    "them together. ± is a standard error: how much the number would vary with other pictures."
)


class SideHeader(QWidget):
    """Which model, which pictures, and the button that measures everything."""

    def __init__(self, theme: Theme, side: Side, chooser: QWidget) -> None:
        super().__init__()
        self._side = side
        self.source = SourceBox(
            "The pictures it was trained on", "The model's training set: real pictures to compare its samples with."
        )
        self.source.changed.connect(self._set_source)
        self.measure = QPushButton("Measure all")
        self.measure.setObjectName("primary")
        self.measure.setToolTip("Measure all six claims in the background, one after another.")
        self.measure.clicked.connect(lambda: side.measure())
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop measuring; finished claims stay.")
        self.cancel.clicked.connect(side.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        row.addWidget(chooser)
        row.addWidget(self.source)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.measure)
        side.model_changed.connect(self._show_model)
        side.changed.connect(self._show)
        self._show_model()

    def _set_source(self) -> None:
        if self.source.source != self._side.source:
            self._side.set_source(self.source.source)

    def _show_model(self) -> None:
        model = self._side.model
        self.source.ask_for(model.card.data if model else DataCard())
        self._show()

    def _show(self) -> None:
        side = self._side
        if self.source.source != side.source:
            self.source.set_source(side.source)
        if side.waiting:
            self.measure.clearFocus()  # or another button would get it, and the next Enter
        self.measure.setEnabled(bool(side.model and side.source and not side.waiting))
        self.cancel.setVisible(bool(side.waiting))


class DiagnosePage(Page):
    """Six cards in a column, or in two for two models."""

    key = "diagnose"
    title = "Diagnose"
    tip = "Diagnose: why a short run is a model, measured on yours."
    wishes = (ShowDiagnosis,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.state = state = DiagnoseState(studio.open, self)
        self.count = WholeField(
            16, MAX_CHAINS, "Samples", "How many samples to measure. More is slower but more precise."
        )
        self.count.setValue(state.settings.count)
        self.count.valueChanged.connect(state.set_count)
        self.beside = QPushButton("Second model")
        self.beside.setObjectName("quiet")
        self.beside.setCheckable(True)
        self.beside.setToolTip("Show the cards of another model beside these.")
        self.beside.toggled.connect(state.show_beside)
        self.export = QPushButton("Export…")
        self.export.setToolTip("Save all cards as one self-contained HTML file, or as PNG or SVG.")
        self.export.clicked.connect(lambda: self.save())
        self.name = label("No model", "large")
        self.headers = (
            SideHeader(theme, state.sides[0], self.name),
            SideHeader(theme, state.sides[1], ModelChooser(theme, state.sides[1])),
        )
        self.cards = tuple({claim: ClaimCard(theme, side, claim) for claim in CLAIMS} for side in state.sides)
        self._lay_out(theme)
        for side, cards in zip(state.sides, self.cards, strict=True):
            for card in cards.values():
                card.wished.connect(studio.wish)
                card.exported.connect(lambda claim, side=side: self.save(side, claim))
            side.changed.connect(self._show)
        state.sides[0].model_changed.connect(self._show)
        state.beside_changed.connect(self._show)
        studio.link.progress_changed.connect(self._show_progress)
        act(self, "Measure all claims", lambda: state.sides[0].measure(), "M")
        act(self, "Stop measuring", self._cancel, Qt.Key.Key_Escape)
        act(self, "Export the diagnosis", lambda: self.save())
        self._show()

    def _lay_out(self, theme: Theme) -> None:
        samples = label("Samples", "muted")
        header = TitledHeader(self.title, samples, self.count, self.beside, self.export)
        introduction = label(INTRODUCTION, "muted")
        introduction.setWordWrap(True)
        body = QWidget()
        body.setObjectName("body")
        self._grid = grid = QGridLayout(body)
        grid.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, 3 * UNIT)
        grid.setSpacing(2 * UNIT)
        grid.addWidget(introduction, 0, 0, 1, 2)
        for column, (side, cards) in enumerate(zip(self.headers, self.cards, strict=True)):
            grid.addWidget(side, 1, column)
            for line, card in enumerate(cards.values()):
                grid.addWidget(card, 2 + line, column)
        grid.setRowStretch(2 + len(CLAIMS), 1)
        self.area = scrolled(body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(header)
        whole.addWidget(self.area, 1)
        Banner(theme, self.state).lie_over(self.area)

    def openers(self) -> tuple[Opener, ...]:
        return (Opener(self._takes, self._open_files, "Measure the model on these pictures", self.key),)

    def _takes(self, path: Path) -> bool:
        return self.isVisible() and may_be_data_set(path)

    def _open_files(self, files: list[Path]) -> None:
        self.state.sides[0].set_source(str(files[0]))

    def captions(self) -> tuple[Caption, ...]:
        text = "Each card is one claim of the paper, measured on this model. Read them together."
        return (Caption(self.headers[0], text, ("K", "z", "h")),)

    def focus_first(self) -> None:
        self.headers[0].measure.setFocus()

    def take_focus(self) -> None:
        self.setFocus()

    def receive(self, wish: object) -> None:
        if isinstance(wish, ShowDiagnosis) and wish.claim is not None:
            self.area.ensureWidgetVisible(self.cards[0][wish.claim])

    def command(self) -> str:
        side = self.state.sides[0]
        if side.model is None or not side.source:
            raise DataError("Choose the pictures that the model was trained on, so that a command can measure it.")
        return command_of(side.model.name, side.source, self.state.settings)

    def save(self, side: Side | None = None, claim: Claim | None = None) -> None:
        """Ask for a file, and save one card, or all there are."""
        found = self._found(side, claim)
        if not found:
            return
        name = "-and-".join(diagnosis.model for diagnosis in found)
        chosen = choose_file(self, f"{name}-{claim or 'diagnosis'}", len(found))
        if not chosen:
            return
        try:
            save_findings(Path(chosen), found)
        except StudioError as error:
            self.state.show(Fault(str(error)))

    def _found(self, side: Side | None, claim: Claim | None) -> list[Diagnosis]:
        sides = self.state.sides[: 2 if self.state.is_beside else 1] if side is None else (side,)
        known = [shown.diagnosis for shown in sides if shown.diagnosis is not None]
        if claim is None:
            return known
        return [
            replace(found, findings=tuple(finding for finding in found.findings if finding.claim == claim))
            for found in known
        ]

    def _cancel(self) -> None:
        for side in self.state.sides:
            side.cancel()

    def _show(self) -> None:
        model = self.state.sides[0].model
        self.name.setText(model.card.name if model else "No model")
        self.export.setEnabled(bool(self._found(None, None)))
        self._grid.setHorizontalSpacing(2 * UNIT if self.state.is_beside else 0)
        for widget in (self.headers[1], *self.cards[1].values()):
            widget.setVisible(self.state.is_beside)

    def _show_progress(self) -> None:
        for cards in self.cards:
            for card in cards.values():
                card.show_progress()

    def shut(self) -> None:
        self.state.close()
