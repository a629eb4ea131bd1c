"""Room for the picture: an empty shelf is folded, plots fold, and F11 leaves the picture alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QToolButton, QWidget

from ebm_studio.app.pages.help.page import Shortcuts
from ebm_studio.app.widgets.chart_head import ChartHead, symbol_of
from ebm_studio.app.widgets.panels import Panel, PanelColumn
from ebm_studio.app.widgets.plots import Chart, quiet_plot
from ebm_studio.app.widgets.timeline import ROOMY
from ebm_studio.data.exports.recipe import MOST_SIDES
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.conftest import STEPS


def test_an_empty_shelf_is_folded_until_something_is_kept(running):
    shelf = running.shelf
    assert shelf.folded
    assert "Press K" in shelf.summary.text()
    low = shelf.height()
    running.pages[0].state.select(2)
    QTest.keyClick(running.pages[0].canvas, Qt.Key.Key_A)
    assert shelf.folded  # one picture in A has room in its line
    assert shelf.summary.text() == "Shelf  0   ·   A  0:2"
    QTest.keyClick(running.pages[0].canvas, Qt.Key.Key_K)
    assert not shelf.folded
    assert shelf.height() > low


def test_an_empty_shelf_opens_by_hand(running):
    QTest.mouseClick(running.shelf.fold, Qt.MouseButton.LeftButton)
    assert not running.shelf.folded
    QTest.mouseClick(running.shelf.fold, Qt.MouseButton.LeftButton)
    assert running.shelf.folded
    assert not running.shelf.folded_by_hand  # so that it opens when something is kept


def test_plots_fold_by_key_and_leave_their_room_to_the_pictures(qtbot, running):
    page = running.pages[0]
    before = page.canvas.height()
    QTest.keyClick(page.canvas, Qt.Key.Key_P)
    assert not page.timeline.plots.isVisible()
    qtbot.waitUntil(lambda: page.canvas.height() > before, timeout=PATIENCE)
    QTest.keyClick(page.canvas, Qt.Key.Key_P)
    assert page.timeline.plots.isVisible()


def test_a_page_that_was_hidden_in_a_large_window_lets_it_get_small(qtbot, running):
    running.state.run_steps(5000)
    qtbot.waitUntil(lambda: running.state.playback.store.run.steps == 5000, timeout=PATIENCE)
    running.state.cancel()  # with all that a timeline may have: another axis, and a way on
    qtbot.waitUntil(lambda: running.generate.timeline.go_on.isVisible(), timeout=PATIENCE)
    running.resize(1600, 800)
    qtbot.waitUntil(lambda: running.generate.timeline.memory.isVisible(), timeout=PATIENCE)
    running.show_page(running.compare)
    lay_out()
    assert running.minimumSizeHint().width() <= 960
    running.resize(960, 600)
    running.show_page(running.generate)
    lay_out()
    assert running.width() == 960
    running.resize(1600, 800)
    qtbot.waitUntil(lambda: running.generate.timeline.memory.isVisible(), timeout=PATIENCE)


def test_presenting_shows_the_picture_alone_and_ends_as_it_began(qtbot, running):
    page = running.pages[0]
    QTest.keyClick(running, Qt.Key.Key_F11)
    assert running.isFullScreen()
    assert page.canvas.isVisible()
    assert running.presentation.isVisible()
    for widget in (running.rail, running.status, running.shelf, page.inspector, page.timeline, page.header):
        assert not widget.isVisible()
    QTest.keyClick(running, Qt.Key.Key_F11)
    assert not running.isFullScreen()
    for widget in (running.rail, running.status, running.shelf, page.inspector, page.timeline, page.header):
        assert widget.isVisible()
    assert not running.presentation.isVisible()


def test_the_views_of_a_landscape_are_presented_alone(running):
    running.show_page(running.landscape)
    QTest.keyClick(running, Qt.Key.Key_F11)
    assert running.landscape.views.isVisible()
    for widget in (running.rail, running.landscape.header, running.landscape.timeline, running.landscape.inspector):
        assert not widget.isVisible()
    QTest.keyClick(running, Qt.Key.Key_F11)
    assert running.landscape.header.isVisible()


def test_keys_in_the_command_palette_stand_apart(qtbot, running):
    QTest.keyClick(running, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    signs = [text for text in running.palette_of_commands.findChildren(QLabel) if text.property("role") == "key"]
    lines = [sign for sign in signs if sign.parentWidget().isVisible()]
    assert lines
    qtbot.waitUntil(lambda: all(sign.height() < sign.parentWidget().height() for sign in lines), timeout=PATIENCE)


def test_going_to_another_page_ends_the_presentation(running):
    QTest.keyClick(running, Qt.Key.Key_F11)
    QTest.keyClick(running, Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    assert running.rail.isVisible()
    assert not running.presentation.isVisible()


def test_pages_are_named_on_the_rail(running):
    for button, page in zip(running.rail.pages, running.pages, strict=True):
        assert button.text() == page.title
        assert button.fontMetrics().horizontalAdvance(page.title) <= button.width()
    assert "(Ctrl+1)" in running.rail.pages[0].toolTip()


def test_every_button_of_the_rail_has_its_name_under_it(running):
    running.resize(960, 600)
    buttons = running.rail.findChildren(QToolButton)
    assert {button.text() for button in buttons} > {"Undo", "Redo", "Export", "Explain"}
    for button in buttons:
        assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextUnderIcon
        assert 0 < button.fontMetrics().horizontalAdvance(button.text()) <= button.width() - 4
        assert running.rail.rect().contains(button.geometry()), button.text()


def test_nothing_is_cut_in_the_smallest_window(qtbot, running):
    assert running.minimumSizeHint().width() <= 960
    assert running.minimumSizeHint().height() <= 600
    running.resize(960, 600)
    for page in running.pages:
        running.show_page(page)
        qtbot.waitUntil(page.isVisible, timeout=PATIENCE)
        for area in page.findChildren(QScrollArea):
            if area.isVisible() and area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
                assert area.widget().width() <= area.viewport().width(), (page.title, area)


def test_cards_of_models_stand_in_fewer_columns_when_the_window_becomes_narrow(qtbot, running):
    running.show_page(running.models)
    section = next(s for s in (running.models.bundled, running.models.own, running.models.recent) if s.isVisible())
    for width in (1600, 960):
        running.resize(width, 700)
        qtbot.waitUntil(lambda width=width: running.width() == width, timeout=PATIENCE)
        seen = running.models.area.viewport().width()
        qtbot.waitUntil(
            lambda seen=seen: section.mapTo(running.models.area.viewport(), section.rect().topRight()).x() < seen
        )


def test_rows_of_the_settings_do_not_overlap(qtbot, running):
    running.show_page(running.settings)
    for width in (960, 1600):
        running.resize(width, 600)
        qtbot.waitUntil(lambda width=width: running.width() == width, timeout=PATIENCE)
        for text in running.settings.findChildren(QLabel):
            assert text.height() >= text.heightForWidth(text.width()) if text.wordWrap() else text.sizeHint().height()


def test_choices_of_the_settings_are_whole(running):
    running.show_page(running.settings)
    for box in running.settings.boxes.values():
        assert box.width() >= box.sizeHint().width(), box.accessibleName()


def test_a_title_of_a_chart_gives_way_to_its_symbol(qtbot):
    head = ChartHead("Energy E")
    qtbot.addWidget(head)
    head.value.setText("−0.201")
    head.show()
    for width, title in ((300, "Energy E"), (head.value.sizeHint().width() + 50, "E")):
        head.resize(width, 16)
        assert head.title.text() == title
    head.value.setText("0")
    lay_out()
    assert head.title.text() == "E"  # not one title for every figure


@pytest.mark.parametrize(
    ("title", "symbol"), [("Energy E", "E"), ("TV by update", "TV"), ("Distance to the next frame", ""), ("v", "v")]
)
def test_a_title_says_enough_with_its_symbol(title, symbol):
    assert symbol_of(title) == symbol


def test_a_short_title_of_a_chart_stays_beside_two_figures(qtbot):
    head = ChartHead("TV")
    qtbot.addWidget(head)
    head.value.setText("0.29  0.36")
    head.show()
    head.resize(100, 16)  # as five charts in the smallest window
    lay_out()
    assert head.title.text() == "TV"


def test_keys_stand_in_as_many_columns_as_fit(qtbot, running):
    running.show_page(running.help)
    keys = running.help.findChild(Shortcuts)
    for width in (1600, 960):
        running.resize(width, 700)
        qtbot.waitUntil(lambda width=width: running.width() == width, timeout=PATIENCE)
        area = keys.parentWidget()
        qtbot.waitUntil(lambda area=area: keys.childrenRect().right() < area.width(), timeout=PATIENCE)


def test_a_window_starts_as_small_as_it_may_be(opened):
    assert opened().minimumSizeHint().width() <= 960


def test_the_stops_of_a_path_leave_the_height_of_the_page_to_its_picture(running):
    running.show_page(running.interpolate)
    stops, stage, header = running.interpolate.stops, running.interpolate.stage, running.interpolate.view.parentWidget()
    below = header.mapTo(running, header.rect().bottomLeft()).y() + 1
    assert stops.mapTo(running, QPoint()).y() == below
    assert stage.mapTo(running, QPoint()).y() == below
    assert stops.mapTo(running, stops.rect().topRight()).x() < stage.mapTo(running, QPoint()).x()


def test_the_distances_of_a_landscape_are_whole_in_the_smallest_window(qtbot, running):
    running.resize(960, 600)
    running.show_key("landscape")
    header = running.page.header
    lines = (header.progress, header.rate, *header.distances.values())
    qtbot.waitUntil(lambda: all(line.text() for line in lines), timeout=PATIENCE)
    for line in lines:
        line.setText(line.text() + "00")  # and there is room for larger figures
        qtbot.waitUntil(lambda line=line: QLabel.text(line) == line.text(), timeout=PATIENCE)
    assert header.distances["Short run"].text().startswith("TV short run ")


def test_a_column_of_panels_tells_the_window_when_it_needs_more_width(qtbot):
    column, panel, window = PanelColumn(), Panel("Title"), QWidget()
    qtbot.addWidget(window)
    QHBoxLayout(window).addWidget(column)
    column.stack(panel)
    window.show()
    wide = QLabel("wide")
    wide.setMinimumWidth(500)
    panel.column.addWidget(wide)
    qtbot.waitUntil(lambda: column.viewport().width() >= column.widget().width() > 500, timeout=PATIENCE)


def test_figures_of_an_axis_have_room(qtbot):
    axis = quiet_plot("steps").getAxis("bottom")
    for room in (40, 70, 100, 400):
        spacing, _ = axis.tickSpacing(0, 100, room)[0]
        assert spacing / 100 * room > QFontMetrics(QFont()).horizontalAdvance("80")


def make_small(qtbot, window) -> None:
    """The smallest window, whose pages have taken their new sizes."""
    window.resize(960, 600)
    qtbot.waitUntil(lambda: window.generate.timeline.width() < ROOMY, timeout=PATIENCE)


def lay_out() -> None:
    """All layouts, from what has changed up to the window."""
    for _ in range(9):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)


def test_titles_of_plots_are_whole_in_the_smallest_window(qtbot, running):
    make_small(qtbot, running)
    charts = running.generate.timeline.plots.curves
    qtbot.waitUntil(lambda: all(chart.isVisible() and chart.width() < 200 for chart in charts), timeout=PATIENCE)
    assert [chart.title.text() for chart in charts] == ["Energy E", "Gradient step length v", "Path length"]
    for chart in charts:
        assert chart.title.geometry().right() < chart.value.geometry().left()


def test_the_smallest_window_stays_so_with_a_chain_that_was_stopped(qtbot, running):
    timeline, before = running.generate.timeline, running.state.playback.store
    make_small(qtbot, running)
    assert timeline.transport.first.isVisible()
    running.state.run_steps(100_000)
    qtbot.waitUntil(lambda: running.state.playback.store is not before, timeout=PATIENCE)
    QTest.keyClick(running.generate, Qt.Key.Key_Escape)
    qtbot.waitUntil(timeline.go_on.isVisible, timeout=PATIENCE)
    assert timeline.log.isVisible()
    assert (running.width(), running.height()) == (960, 600)
    running.resize(1280, 800)
    qtbot.waitUntil(timeline.transport.first.isVisible, timeout=PATIENCE)
    assert timeline.total.isVisible()


def test_the_smallest_window_stays_so_with_a_chain_past_k_and_with_all_sides(qtbot, running):
    make_small(qtbot, running)
    rooms, timeline = [], running.generate.timeline
    running.state.playback.chain_changed.connect(lambda: rooms.append(timeline.minimumSizeHint().width()))
    running.state.run_steps(2 * STEPS)
    wait_for_chain(qtbot, running)
    assert timeline.log.isVisible()
    assert max(rooms) <= timeline.width()  # at no time more than there is
    assert (running.width(), running.height()) == (960, 600)
    running.show_page(running.compare)
    while len(running.compare_state.sides) < MOST_SIDES:
        QTest.mouseClick(running.compare.common.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: running.compare_state.group is not None and running.compare_state.group.whole, timeout=PATIENCE
    )
    assert (running.width(), running.height()) == (960, 600)
    assert running.minimumSizeHint().width() <= 960
    for chart in running.findChildren(Chart):
        chart.value.setText("−123.456 " * 12)  # a figure of other digits
    lay_out()
    assert running.minimumSizeHint().width() <= 960


def test_the_smallest_window_stays_so_with_a_landscape_that_was_measured(qtbot, running):
    make_small(qtbot, running)
    running.show_page(running.landscape)
    qtbot.waitUntil(lambda: "TV" in running.landscape.header.distances["Energy"].text(), timeout=PATIENCE)
    lay_out()
    assert (running.width(), running.height()) == (960, 600)
    assert running.minimumSizeHint().width() <= 960
