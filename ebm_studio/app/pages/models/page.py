"""The Models page: what there is to run, on cards."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.models import model_card
from ebm_studio.app.pages.models.evaluations_section import EvaluationsSection
from ebm_studio.app.pages.models.foreign_strip import ForeignStrip
from ebm_studio.app.pages.models.model_card import WIDTH, ModelCard
from ebm_studio.app.pages.models.state import Entry, Zoo
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import CompareModel, ShowModel
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.model_chooser import choose_model_file
from ebm_studio.app.widgets.page_header import TitledHeader, scrolled

SPACE = 2 * UNIT


class Section(QWidget):
    """A titled group of cards, as many in a row as fit, which share its width."""

    def __init__(self, title: str, longest: Callable[[], int]) -> None:
        """`longest` is the number of cards in the longest section of the page: no more columns are needed."""
        super().__init__()
        self._longest = longest
        self.cards: list[ModelCard] = []
        self._columns = 0
        self.setMinimumWidth(WIDTH)  # of one card: fewer fit when the window becomes narrower
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT + UNIT // 2)
        column.addWidget(label(title.upper(), "section"))
        column.addLayout(self._grid)

    def set_cards(self, cards: list[ModelCard]) -> None:
        """Show these."""
        for card in self.cards:
            self._grid.removeWidget(card)
            if card not in cards:
                card.deleteLater()
        self.cards = cards
        self._columns = 0
        self.setVisible(bool(cards))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Put the cards in columns, in every section the same."""
        most = max(1, (self.width() + SPACE) // (WIDTH + SPACE))
        rows = -(-self._longest() // most)
        even = -(-self._longest() // max(rows, 1))  # as few rows as can be, and as few empty places in the last one
        columns = max(even, (most + 1) // 2)  # a card alone is not as wide as the page
        if columns == self._columns:
            return
        self._columns = columns
        for column in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, int(column < columns))
        for index, card in enumerate(self.cards):
            self._grid.addWidget(card, index // columns, index % columns)


class ModelsPage(Page):
    """Bundled models and recent files; a file can be opened or dropped."""

    key = "models"
    title = "Models"
    tip = "Models: the models you can run, and how good they are."
    controls = (("on a card", model_card.HELP),)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self._theme = theme
        self.zoo = zoo = Zoo(studio.open, studio.settings, studio.faults, self)
        self.cards: dict[str, ModelCard] = {}
        self.bundled, self.own, self.recent = self._sections = tuple(
            Section(title, self._longest) for title in ("Bundled", "Your own", "Recent")
        )
        self.open = QPushButton(theme.icon("open"), "Open a model file…")
        self.open.setToolTip("A .safetensors file of this program, or a .pt file of the authors' code.")
        self.open.clicked.connect(self.open_file)
        self.empty = label("No model yet. Open a model file, or drop one anywhere on this window.", "muted")
        self.evaluations = EvaluationsSection(zoo)
        self._foreign = ForeignStrip(studio, theme)
        self._lay_out()
        self.open_action = act(self, "Open a model file…", self.open_file)
        act(self, "Look for models again", zoo.refresh, QKeySequence("F5"))
        zoo.changed.connect(self._fill)
        zoo.entry_changed.connect(self._show_entry)
        studio.open.model_changed.connect(self._show_current)
        studio.link.progress_changed.connect(self._show_progress)

    def _lay_out(self) -> None:
        header = TitledHeader(self.title, self.open)
        body = QWidget()
        body.setObjectName("body")
        column = QVBoxLayout(body)
        column.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 3 * UNIT)
        column.setSpacing(3 * UNIT)
        for widget in (self.empty, *self._sections, self.evaluations):
            column.addWidget(widget)
        column.addStretch(1)
        self.area = scrolled(body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(header)
        whole.addWidget(self.area, 1)

    def showEvent(self, event: QShowEvent) -> None:
        self.zoo.refresh()
        super().showEvent(event)

    def captions(self) -> tuple[Caption, ...]:
        text = "A model is a file: the network’s weights, and a card with its short run, its data and its metrics."
        return (Caption(self.area, text, ("E", "K")),)

    def focus_first(self) -> None:
        self.open.setFocus()

    def take_focus(self) -> None:
        self.setFocus()  # another Enter does nothing here, unlike on the first control

    def strips(self) -> tuple[QWidget, ...]:
        return (self._foreign,)

    def open_file(self) -> None:
        """Ask for a model file and open it."""
        if name := choose_model_file(self):
            self._run(name)

    def _run(self, name: str) -> None:
        self.studio.wish(ShowModel(name))

    def _fill(self) -> None:
        self.cards = {entry.name: self._card(entry) for entry in self.zoo.entries}
        for section, kind in ((self.bundled, (True, False)), (self.own, (False, True)), (self.recent, (False, False))):
            section.set_cards([card for card in self.cards.values() if (card.entry.bundled, card.entry.own) == kind])
        for section in self._sections:
            section.arrange()
        self.empty.setVisible(not self.cards)
        self._show_current()

    def _longest(self) -> int:
        return max(len(section.cards) for section in self._sections)

    def _card(self, entry: Entry) -> ModelCard:
        old = self.cards.get(entry.name)
        if old is not None and (old.entry.bundled, old.entry.own) == (entry.bundled, entry.own):
            old.show_entry(entry)
            return old
        card = ModelCard(self._theme, self.zoo, entry)
        card.opened.connect(self._run)
        card.compared.connect(lambda name: self.studio.wish(CompareModel(name)))
        return card

    def _show_entry(self, name: str) -> None:
        entry = next((entry for entry in self.zoo.entries if entry.name == name), None)
        if entry is not None and name in self.cards:
            self.cards[name].show_entry(entry)

    def _show_current(self) -> None:
        name = self.studio.open.model.name if self.studio.open.model else ""
        for card in self.cards.values():
            card.set_current(name in (card.entry.name, str(card.entry.path)))

    def _show_progress(self) -> None:
        for card in self.cards.values():
            card.evaluation.show_progress()
