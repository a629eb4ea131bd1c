from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from ebm_studio.app.pages.compare.sweep import parse_values, spaced
from ebm_studio.app.studio.parameters import NOISE_SCALE
from ebm_studio.app.studio.parameters import STEPS as STEPS_NUMBER
from ebm_studio.app.studio.wishes import CompareModel
from ebm_studio.app.widgets.formatting import signed
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.model import load_model
from ebm_studio.data.pictures.pictures import to_pixels
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.shell.test_room import lay_out
from tests.app.shell.test_window import type_into
from tests.conftest import STEPS
from tests.making import make_model


def wait_for_pair(qtbot, state) -> None:
    def whole() -> bool:
        settled = not state.waiting and not state.link.engine.busy
        return settled and state.group is not None and all(store.whole for store in state.group.stores)

    qtbot.waitUntil(whole, timeout=PATIENCE)


@pytest.fixture
def page(qtbot, running):
    QTest.mouseClick(running.rail.pages[running.stack.indexOf(running.compare)], Qt.MouseButton.LeftButton)
    wait_for_pair(qtbot, running.compare.state)
    return running.compare


def test_both_sides_begin_as_the_generate_page_is(page, tiny_model):
    steps = list(load_model(tiny_model, "cpu").chain(9, 0))
    page.state.playback.go(STEPS)
    for side in page.state.sides:
        assert np.array_equal(page.state.pixels(side), to_pixels(steps[STEPS].images.numpy()))
    assert page.panes[1].readout.text().endswith("Right − Left: 0.000 RMS")


def test_another_setting_on_one_side_starts_from_the_same_noise(qtbot, page, tiny_model):
    a, b = page.state.sides
    kept = a.store
    type_into(page.headers[1].steps, "20")
    wait_for_pair(qtbot, page.state)
    assert a.store is kept  # only the side that was edited ran
    assert page.headers[1].reset.isEnabled()
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_Home)
    assert page.state.difference(b) == 0
    QTest.keyClick(page, Qt.Key.Key_End)
    steps = list(load_model(tiny_model, "cpu").chain(9, 0, ShortRun(steps=20)))
    assert page.state.playback.position == 20
    assert np.array_equal(page.state.pixels(a), to_pixels(steps[STEPS].images.numpy()))
    assert np.array_equal(page.state.pixels(b), to_pixels(steps[20].images.numpy()))
    assert page.state.difference(b) > 0
    QTest.mouseClick(page.headers[1].reset, Qt.MouseButton.LeftButton)
    wait_for_pair(qtbot, page.state)
    assert b.run == b.model.card.short_run


def test_an_open_tip_follows_the_chain_under_the_pointer(page):
    pane, store = page.panes[1].pictures, page.state.sides[1].store
    page.state.playback.go(0)
    at = pane.tiles()[2].center().toPoint()
    QTest.mouseMove(pane, at)
    QApplication.sendEvent(pane, QHelpEvent(QEvent.Type.ToolTip, at, pane.mapToGlobal(at)))
    for step in (0, STEPS):
        page.state.playback.go(step)
        assert QToolTip.text().startswith(f"Chain 2, energy E = {signed(store.energy()[step, 2])}. Click a chain")
    corner = pane.tiles()[2].topLeft().toPoint()
    shown = pane.grab().toImage().pixelColor(corner.x() - 2, corner.y() + 8)
    assert shown.name() == pane._theme.tokens.muted
    QToolTip.hideText()


@pytest.mark.parametrize("width", [960, 961, 962])
def test_the_pictures_of_all_sides_are_as_large(qtbot, page, width: int):
    page.state.add_side()
    qtbot.waitUntil(lambda: len(page.panes) == 3, timeout=PATIENCE)
    page.window().resize(width, 700)
    qtbot.waitUntil(lambda: page.window().width() == width, timeout=PATIENCE)
    lay_out()
    assert len({pane.width() for pane in page.panes}) == 1
    assert len({header.name.width() for header in page.headers}) == 1


def test_a_sweep_that_is_put_away_leaves_the_keys_to_the_page(page):
    QTest.mouseClick(page.common.sweep, Qt.MouseButton.LeftButton)
    assert page.sweep.values.hasFocus()
    page.common.sweep.toggle()
    assert page.panes[0].pictures.hasFocus()


def test_the_readouts_tell_what_the_curves_tell(qtbot, page):
    curve = page.timeline.plots.curves[0]
    page.state.playback.go(page.state.playback.store.run.steps)
    for chain in (None, 4):
        page.state.select(chain)
        for pane, side in zip(page.panes, page.state.sides, strict=True):
            energies = page.state.store_of(side).energy()[-1]
            figure = signed(energies.mean() if chain is None else energies[chain])
            what = "mean E" if chain is None else "chain 4: E"
            assert f"{what} {figure}" in pane.readout.text()
            assert figure in curve.value.text()


@pytest.mark.parametrize(
    ("value", "text"), [(-43.0, "−43.0"), (1.6, "1.60"), (120.2, "120"), (999.7, "1,000"), (-4123.4, "−4,123")]
)
def test_figures_have_three_digits(value: float, text: str):
    assert signed(value) == text


def test_a_click_frames_a_chain_on_both_sides(page):
    pane = page.panes[1].pictures
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=pane.tiles()[4].center().toPoint())
    assert page.state.selected == 4
    for pane in (each.pictures for each in page.panes):
        corner = pane.tiles()[4].topLeft().toPoint()
        shown = pane.grab().toImage().pixelColor(corner.x() - 2, corner.y() + 8)
        assert shown.name() == pane._theme.tokens.accent
    curve = page.timeline.plots.curves[0]
    assert np.allclose(curve.lines[0].getData()[1], page.state.group.stores[0].energy()[:, 4])


def test_the_values_above_the_curves_are_numbers_and_not_their_markup(page):
    for curve in page.timeline.plots.curves:
        assert curve.value.sizeHint().width() < 30 * curve.value.fontMetrics().averageCharWidth()


def test_another_model_from_its_card_and_swapped(qtbot, running, page, tmp_path):
    other = make_model(tmp_path / "colour.safetensors", NetSpec(size=16, channels=3, width=4))
    running.studio.wish(CompareModel(str(other)))
    a, b = page.state.sides
    qtbot.waitUntil(lambda: b.model.card.name == "colour", timeout=PATIENCE)
    wait_for_pair(qtbot, page.state)
    assert not page.state.same_noise(b)
    assert "starts from different noise" in page.panes[1].readout.text()
    QTest.mouseClick(page.common.swap, Qt.MouseButton.LeftButton)
    wait_for_pair(qtbot, page.state)
    assert (a.model.card.name, b.model.card.name) == ("colour", "tiny")
    assert running.state.model.card.name == "tiny"  # the Generate page goes its own way


def test_a_chain_of_a_side_leaves_the_generate_page_alone(qtbot, running, page):
    store = running.state.playback.store
    page.state.random_seed()
    wait_for_pair(qtbot, page.state)
    assert running.state.playback.store is store


def undo(window) -> None:
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_shown_before_there_is_a_model_it_waits_for_one(qtbot, opened):
    window = opened()
    window.show_page(window.compare)
    assert window.state.model is None
    wait_for_pair(qtbot, window.compare.state)


def test_everything_can_be_undone(qtbot, running, page, tmp_path):
    a, b = page.state.sides
    other = make_model(tmp_path / "other.safetensors", seed=3, steps=STEPS)
    type_into(page.common.count, "2")
    type_into(page.headers[1].steps, "20")
    assert running.studio.undo.undo_text == "Right: Steps K 20"
    a.open_model(str(other))
    qtbot.waitUntil(lambda: a.model.card.name == "other", timeout=PATIENCE)
    QTest.mouseClick(page.common.swap, Qt.MouseButton.LeftButton)
    wait_for_pair(qtbot, page.state)
    assert [(side.model.card.name, side.run.steps) for side in (a, b)] == [("tiny", 20), ("other", STEPS)]
    undo(running)
    wait_for_pair(qtbot, page.state)
    assert [(side.model.card.name, side.run.steps) for side in (a, b)] == [("other", STEPS), ("tiny", 20)]
    undo(running)
    qtbot.waitUntil(lambda: a.model.card.name == "tiny", timeout=PATIENCE)
    undo(running)
    undo(running)
    wait_for_pair(qtbot, page.state)
    assert (a.parameters, a.run.steps, page.common.count.value()) == (b.parameters, STEPS, 9)


def test_the_comparison_is_there_again(qtbot, opened, running, page):
    page.state.change(seed=5, count=4)
    type_into(page.headers[1].steps, "20")
    page.state.select(3)
    page.state.set_view("mean")
    wait_for_pair(qtbot, page.state)
    page.state.playback.go(20)
    parameters = [side.parameters for side in page.state.sides]
    shown = page.state.pixels(page.state.sides[1])
    running.close()

    again = opened(None)
    assert again.page is again.generate  # nothing is read before the first paint
    qtbot.waitUntil(lambda: again.page is again.compare, timeout=PATIENCE)
    wait_for_pair(qtbot, again.compare.state)
    again.compare.state.playback.go(20)
    assert [side.parameters for side in again.compare.state.sides] == parameters
    assert (again.compare.state.selected, again.compare.state.view) == (3, "mean")
    b = again.compare.state.sides[1]
    assert np.array_equal(again.compare.state.pixels(b), shown)


def test_a_model_that_is_gone_is_a_banner_and_the_other_stays(qtbot, running, page, tmp_path):
    other = make_model(tmp_path / "other.safetensors", seed=3)
    a = page.state.sides[0]
    a.open_model(str(other))
    qtbot.waitUntil(lambda: a.model.card.name == "other", timeout=PATIENCE)
    undo(running)
    qtbot.waitUntil(lambda: a.model.card.name == "tiny", timeout=PATIENCE)
    other.unlink()
    running.studio.undo.redo()
    qtbot.waitUntil(lambda: page.state.fault is not None, timeout=PATIENCE)
    assert "There is no model" in page.state.fault.text
    wait_for_pair(qtbot, page.state)
    assert a.model.card.name == "tiny"


def test_the_plots_are_empty_until_there_is_a_pair(qtbot, running):
    compare = running.compare
    running.show_page(compare)
    assert compare.state.group is None
    items = [curve.plot.getPlotItem() for curve in compare.timeline.plots.curves]
    assert not any(item.isVisible() for item in items)
    wait_for_pair(qtbot, compare.state)
    assert all(item.isVisible() for item in items)
    assert [item.getAxis("bottom").tickStrings([-1.0], 1.0, 1.0) for item in items] == [["−1"]] * 3


def run_long(qtbot, page) -> None:
    """Chains of B that take their time, and have begun."""
    b = page.state.sides[1]
    b.change(steps=400)
    qtbot.waitUntil(lambda: b.store is not None and b.store.run.steps == 400 and b.store.newest >= 5, timeout=PATIENCE)


def test_a_model_that_is_opened_elsewhere_lets_the_comparison_go_on(qtbot, running, page, tmp_path):
    run_long(qtbot, page)
    other = make_model(tmp_path / "other.safetensors", seed=3, steps=STEPS)
    running.studio.open.open_model(str(other))
    qtbot.waitUntil(lambda: running.state.model.card.name == "other", timeout=PATIENCE)
    wait_for_pair(qtbot, page.state)
    assert page.state.group.run.steps == 400
    assert page.exportables()


def test_a_comparison_that_was_cancelled_goes_on_when_it_is_asked_to(qtbot, running, page, tmp_path):
    run_long(qtbot, page)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    qtbot.waitUntil(page.timeline.go_on.isVisible, timeout=PATIENCE)
    stopped = page.state.sides[1].store
    other = make_model(tmp_path / "other.safetensors", seed=3, steps=STEPS)
    running.studio.open.open_model(str(other))
    qtbot.waitUntil(lambda: running.state.model.card.name == "other", timeout=PATIENCE)
    wait_for_chain(qtbot, running)
    assert page.state.sides[1].store is stopped
    QTest.mouseClick(page.timeline.go_on, Qt.MouseButton.LeftButton)
    wait_for_pair(qtbot, page.state)
    assert page.state.group.stores[1].begins == stopped.newest


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def sweep(qtbot, page, number, text: str) -> None:
    click(page.common.sweep)
    page.sweep.number.setCurrentIndex(page.sweep.number.findData(number))
    page.sweep.number.activated.emit(page.sweep.number.currentIndex())
    page.sweep.values.selectAll()
    QTest.keyClicks(page.sweep.values, text)
    click(page.sweep.go)
    wait_for_pair(qtbot, page.state)


def test_a_third_and_a_fourth_side(qtbot, running, page):
    state = page.state
    _, right = state.sides
    click(page.common.add)
    assert [side.name for side in state.sides] == ["Left", "Middle", "Right"]
    assert state.group.stores[2] is right.store  # what is set alike does not run again
    type_into(page.headers[2].steps, "20")
    wait_for_pair(qtbot, state)
    state.playback.go(20)
    click(page.common.add)
    assert [header.name.text() for header in page.headers] == ["Side 1", "Side 2", "Side 3", "Side 4"]
    assert [side.run.steps for side in state.sides] == [STEPS, STEPS, 20, 20]
    assert [pane.readout.text().split("  ·  ")[0] for pane in page.panes[1:3]] == [
        f"Step {STEPS}/{STEPS}",
        "Step 20/20",
    ]
    click(page.headers[1].remove)
    wait_for_pair(qtbot, state)
    assert [side.run.steps for side in state.sides] == [STEPS, 20, 20]
    assert len(page.timeline.plots.curves[0].table().names) == 4
    for count in (4, 3, 2):
        undo(running)
        assert len(state.sides) == len(page.headers) == len(page.panes) == count
        wait_for_pair(qtbot, state)
        if count == 3:  # its own change of K comes first
            undo(running)
    assert not page.headers[0].remove.isVisible()


def test_a_sweep_puts_one_parameter_over_a_row(qtbot, running, page, tiny_model):
    sweep(qtbot, page, STEPS_NUMBER, "3, 6, 9, 18")
    state = page.state
    assert [side.run.steps for side in state.sides] == [3, 6, 9, 18]
    state.playback.go(18)
    steps = list(load_model(tiny_model, "cpu").chain(9, 0, ShortRun(steps=18)))
    for side, last in zip(state.sides, (3, 6, 9, 18), strict=True):
        assert np.array_equal(state.pixels(side), to_pixels(steps[last].images.numpy()))
    assert page.panes[1].readout.text().startswith("Step 6/6")
    assert page.headers[1].steps.isVisible()
    assert not page.headers[1].start.isVisible()  # it is the same on all sides
    click(page.common.whole)
    assert page.headers[1].start.isVisible()
    assert page.headers[1].model.text() == "tiny"
    assert "from Side 1" in page.panes[1].readout.text().replace("\N{NO-BREAK SPACE}", " ")
    assert running.studio.undo.undo_text == "Steps K over 3, 6, 9, 18"
    page.setFocus()
    undo(running)
    assert len(state.sides) == 2


@pytest.mark.parametrize(
    ("number", "text", "said"),
    [
        (STEPS_NUMBER, "25, fifty", "whole numbers"),
        (STEPS_NUMBER, "25", "2 to 6 different values"),
        (STEPS_NUMBER, "1 2 3 4 5 6 7", "2 to 6 different values"),
        (STEPS_NUMBER, "5, 5", "2 to 6 different values"),
        (STEPS_NUMBER, "0, 5", "so 0 is out of range"),
        (NOISE_SCALE, "0.1, nan", "so nan is out of range"),
    ],
)
def test_a_sweep_that_cannot_be_says_why(number, text, said):
    with pytest.raises(SettingsError, match=said):
        parse_values(number, text)


def test_a_sweep_is_spaced_as_its_slider_is():
    assert spaced(STEPS_NUMBER, 25, 200, 4) == [25, 50, 100, 200]
    assert spaced(NOISE_SCALE, 0, 0.3, 4) == [0, 0.1, 0.2, 0.3]
    assert spaced(STEPS_NUMBER, 1, 3, 6) == [1, 2, 3]


def test_a_sweep_is_there_again_and_comes_out_whole(qtbot, opened, running, page, tmp_path):
    sweep(qtbot, page, STEPS_NUMBER, "3, 6, 9")
    film, still = running.compare.exportables()
    assert len(film.frames) == 10
    assert film.frames[9].caption.split("    ")[1].startswith("K 3: E ")
    assert len(still.frames[0].beside) == 2
    assert len(running.compare.command().splitlines()) == 3
    parameters = [side.parameters for side in page.state.sides]
    running.close()
    again = opened(None)
    qtbot.waitUntil(lambda: again.page is again.compare, timeout=PATIENCE)
    wait_for_pair(qtbot, again.compare.state)
    assert [side.parameters for side in again.compare.state.sides] == parameters


def test_a_readout_is_of_the_pictures_above_it_while_others_are_on_their_way(qtbot, page):
    right = page.state.sides[1]
    page.state.playback.go(STEPS)
    before = page.panes[1].readout.text()
    right.change(steps=20)
    assert page.panes[1].readout.text() == before  # as the pictures are
    wait_for_pair(qtbot, page.state)
    page.state.playback.go(20)
    assert page.panes[1].readout.text().startswith("Step 20/20")
