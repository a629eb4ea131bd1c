"""Keys as a keyboard sends them: to the window's own QWindow, which finds the control that has the focus."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QWidget

from tests.app.conftest import PATIENCE, wait_for_chain
from tests.conftest import STEPS

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Keyboard:
    """Types into whatever has the focus."""

    def __init__(self, window) -> None:
        self._window = window
        window.activateWindow()

    def press(self, *keys: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            QTest.keyClick(self._window.windowHandle(), key, held)

    def type(self, text: str) -> None:
        for letter in text:
            QTest.keyClick(self._window.windowHandle(), letter)


@pytest.fixture
def keyboard(running) -> Keyboard:
    return Keyboard(running)


def into(field) -> QWidget:
    field.setFocus()
    field.selectAll()
    return field


@pytest.mark.parametrize(
    "find",
    [
        lambda page: page.inspector.settings.short_run.steps.field,
        lambda page: page.header.seed,
        lambda page: page.timeline.position,
    ],
    ids=["steps", "seed", "step"],
)
def test_enter_in_a_number_field_gives_the_keys_back_to_the_page(qtbot, running, keyboard, find):
    running.state.select(1)
    into(find(running.generate))
    keyboard.type("3")
    keyboard.press(Qt.Key.Key_Return)
    wait_for_chain(qtbot, running)
    assert QApplication.focusWidget() is running.generate.canvas
    assert running.state.enlarged is None  # the Enter was the field's
    keyboard.press(Qt.Key.Key_End)
    assert running.state.playback.position == running.state.playback.store.run.steps
    keyboard.press(Qt.Key.Key_Home)
    assert running.state.playback.position == 0
    keyboard.press(Qt.Key.Key_Space)
    assert running.state.playback.playing
    running.state.playback.pause()


@pytest.mark.parametrize("page", ["train", "models"])
def test_enter_in_a_number_field_of_a_form_leaves_it_for_the_page(qtbot, running, keyboard, page):
    page = getattr(running, page)
    running.show_page(page)
    if page is running.models:
        card = next(iter(page.cards.values()))
        qtbot.waitUntil(card.evaluate.isEnabled, timeout=PATIENCE)
        qtbot.waitUntil(card.evaluate.isVisible, timeout=PATIENCE)
        card.evaluate.click()
        qtbot.waitUntil(card.evaluation.count.isVisible, timeout=PATIENCE)
        field = card.evaluation.count
    else:
        field = page.setup_inspector.data.held_out
    into(field)
    keyboard.press(Qt.Key.Key_Return)
    assert QApplication.focusWidget() is page
    keyboard.press(Qt.Key.Key_1, held=CONTROL)
    assert running.page is running.generate


def test_the_models_come_without_windows_of_their_own(running, keyboard, qapp):
    running.show_page(running.models)  # with a model from elsewhere, which can be taken from the list
    assert any(not card.entry.bundled and not card.entry.own for card in running.models.cards.values())
    qapp.processEvents()
    assert QApplication.activeWindow() is running
    assert QApplication.focusWidget() is running.models.open


def test_the_page_has_the_keys_when_nothing_has_the_focus(running, keyboard):
    running.state.playback.go(STEPS)
    QApplication.focusWidget().clearFocus()
    assert QApplication.focusWidget() is None
    keyboard.press(Qt.Key.Key_Home)
    assert running.state.playback.position == 0


@pytest.mark.parametrize("page", ["settings", "train"])
def test_the_keys_of_all_controls_are_a_key_away_from_a_list_of_choices(running, keyboard, page):
    running.show_page(getattr(running, page))
    assert isinstance(QApplication.focusWidget(), QComboBox)
    keyboard.press(Qt.Key.Key_Question)  # which key makes it is the platform's affair; offscreen there is no layout
    assert running.page is running.help


@pytest.mark.parametrize(
    "find",
    [
        lambda page: page.inspector.settings.short_run.steps.field,
        lambda page: page.inspector.settings.short_run.step_size.field,
        lambda page: page.header.seed,
    ],
    ids=["whole", "real", "seed"],
)
def test_a_question_mark_is_no_number(running, keyboard, find):
    into(find(running.generate))
    keyboard.press(Qt.Key.Key_Question)
    assert running.page is running.help


def test_a_question_mark_can_be_written_where_there_is_text(running, keyboard):
    running.show_page(running.train)
    field = into(next(f for f in running.train.findChildren(QLineEdit, "text") if f.isVisible()))
    field.clear()
    keyboard.press(Qt.Key.Key_Question)
    assert running.page is running.train
    assert field.text() == "?"


class Greedy(QComboBox):
    """Takes every key, as a list of choices does where Ctrl+2 comes with a text."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        event.accept()


def test_shortcuts_with_control_work_wherever_the_focus_is(running, keyboard):
    greedy = Greedy(running.centralWidget())
    greedy.show()
    greedy.setFocus()
    keyboard.press(Qt.Key.Key_2, held=CONTROL)
    assert running.page is running.reconstruct
    seed = running.state.parameters.seed
    running.state.random_seed()
    for _ in range(2):  # the first goes to the page of the change
        greedy.setFocus()
        keyboard.press(Qt.Key.Key_Z, held=CONTROL)
    assert running.page is running.generate
    assert running.state.parameters.seed == seed


def test_a_page_comes_before_the_window_with_the_same_keys(running, keyboard):
    done: list[str] = []
    for page in (running.reconstruct, running.train, running):
        for action in page.actions():
            if QKeySequence("Ctrl+O") in action.shortcuts():
                action.triggered.disconnect()
                action.triggered.connect(lambda _=False, page=page: done.append(page))
    for page in (running.reconstruct, running.models, running.train, running.generate):
        running.show_page(page)
        keyboard.press(Qt.Key.Key_O, held=CONTROL)
    assert done == [running.reconstruct, running, running.train, running]


def test_undo_reaches_the_window_from_a_number_field(qtbot, running, keyboard):
    seed = running.state.parameters.seed
    field = into(running.generate.header.seed)
    keyboard.press(Qt.Key.Key_Up)
    assert running.state.parameters.seed == seed + 1
    keyboard.press(Qt.Key.Key_Z, held=CONTROL)
    assert running.state.parameters.seed == seed
    keyboard.press(Qt.Key.Key_Z, held=CONTROL | SHIFT)
    assert running.state.parameters.seed == seed + 1
    assert QApplication.focusWidget() is field
    wait_for_chain(qtbot, running)


def test_undo_first_takes_back_what_is_typed(qtbot, running, keyboard):
    steps = running.state.parameters.run.steps
    running.state.random_seed()
    seed = running.state.parameters.seed
    field = into(running.generate.inspector.settings.short_run.steps.field)
    keyboard.type("7")
    keyboard.press(Qt.Key.Key_Z, held=CONTROL)
    assert field.text() == str(steps)
    assert running.state.parameters.seed == seed
    keyboard.press(Qt.Key.Key_Z, held=CONTROL)
    assert running.state.parameters.seed != seed
    wait_for_chain(qtbot, running)


def test_a_number_that_was_taken_is_the_windows_to_take_back(qtbot, running, keyboard):
    steps = running.state.parameters.run.steps
    field = into(running.generate.inspector.settings.short_run.steps.field)
    keyboard.type("7")
    keyboard.press(Qt.Key.Key_Tab)
    assert running.state.parameters.run.steps == 7
    field.setFocus()
    keyboard.press(Qt.Key.Key_Z, held=CONTROL)
    assert running.state.parameters.run.steps == steps
    assert field.text() == str(steps)
    wait_for_chain(qtbot, running)


def test_copying_on_the_shelf_copies_what_is_there(running, keyboard, qapp):
    running.state.playback.go(STEPS)  # what is kept is the end of the chain
    running.state.select(2)
    keyboard.press(Qt.Key.Key_K)
    keyboard.press(Qt.Key.Key_C, held=CONTROL)
    kept = qapp.clipboard().image()
    running.state.select(3)
    keyboard.press(Qt.Key.Key_C, held=CONTROL)
    assert qapp.clipboard().image() != kept
    running.shelf.tile(running.studio.shelf.items[0]).setFocus()
    keyboard.press(Qt.Key.Key_C, held=CONTROL)
    assert qapp.clipboard().image() == kept


@pytest.fixture
def renamed(running, keyboard):
    """A tile of the shelf whose name is typed: XYZ so far."""
    running.state.select(2)
    keyboard.press(Qt.Key.Key_K)
    tile = running.shelf.tile(running.studio.shelf.items[0])
    tile.setFocus()
    keyboard.press(Qt.Key.Key_F2)
    keyboard.type("XYZ")
    assert tile.findChild(QLineEdit, "rename").hasFocus()
    return tile


def is_over(tile) -> bool:
    editor = tile.findChild(QLineEdit, "rename")
    return editor is None or not editor.isVisible()


def test_escape_leaves_a_name_as_it_was(running, keyboard, renamed):
    keyboard.press(Qt.Key.Key_Escape)
    assert is_over(renamed)
    assert running.studio.shelf.items[0].name == "0:2"
    assert renamed.hasFocus()
    keyboard.press(Qt.Key.Key_Delete)
    assert not running.studio.shelf.items


def test_enter_takes_a_name_and_does_no_more(qtbot, running, keyboard, renamed):
    with qtbot.assertNotEmitted(running.studio.shelf.opened):
        keyboard.press(Qt.Key.Key_F2, Qt.Key.Key_Return)
    assert is_over(renamed)
    assert running.studio.shelf.items[0].name == "XYZ"
    assert renamed.hasFocus()


@pytest.mark.parametrize(
    "leave", [lambda w: w.generate.canvas.setFocus(), lambda w: w.show_page(w.settings)], ids=["focus", "page"]
)
def test_leaving_a_name_takes_it(running, keyboard, renamed, leave):
    leave(running)
    assert is_over(renamed)
    assert running.studio.shelf.items[0].name == "XYZ"
    assert not renamed.hasFocus()


def test_the_palette_gives_the_focus_back_even_when_it_was_asked_for_twice(running, keyboard):
    keyboard.press(Qt.Key.Key_K, Qt.Key.Key_K, held=CONTROL)
    keyboard.press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is running.generate.canvas


def test_the_palette_finds_parameters_and_settings(running, keyboard):
    palette = running.palette_of_commands
    for letters, text in (("nois", "Generate: Noise scale τ"), ("threads", "Settings: CPU threads")):
        QTest.keyClick(running, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(palette.field, letters)
        assert palette.list.currentItem().data(Qt.ItemDataRole.UserRole).text == text
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
        assert running.focusWidget().accessibleName() in text
