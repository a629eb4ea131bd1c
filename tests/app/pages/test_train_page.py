"""The Train page on real pictures, real run folders and, once, the real process."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from ebm_studio.app.pages.train.runs import state as runs
from ebm_studio.app.pages.train.runs.chart_kinds import KINDS
from ebm_studio.app.pages.train.runs.plots import BEST_DOT, DOT
from ebm_studio.app.pages.train.runs.run_reader import RunView
from ebm_studio.app.pages.train.runs.run_text import WORDS, health_of, line_of
from ebm_studio.app.pages.train.setup import draft, presets_panel
from ebm_studio.app.pages.train.setup import state as train_setup
from ebm_studio.app.pages.train.setup.initial_weights_box import FILE
from ebm_studio.app.widgets.data_set_box import ZIP
from ebm_studio.app.widgets.thinning import POINTS
from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.specs import Learning, ShortRun, point_net
from ebm_studio.data.exports.recipe_files import read_recipe
from ebm_studio.data.models.card import Card, read_card, user_models
from ebm_studio.data.models.model import load_model, save_model
from ebm_studio.data.pictures.datasets import set_name
from ebm_studio.data.pictures.named_sets import NAMED
from ebm_studio.data.storage.download import Remote
from ebm_studio.data.training.fidelity_log import Fidelity, append_fidelity
from ebm_studio.data.training.plan import Plan, read_plan, write_plan
from ebm_studio.data.training.presets import PRESETS
from ebm_studio.data.training.run_folder import RunFolder, default_root, list_runs
from ebm_studio.data.training.run_log import METRICS, Event, append, append_event
from ebm_studio.data.training.training_run import TrainingRun
from ebm_studio.engine.jobs import training
from tests.app.conftest import PATIENCE, wait_for_chain
from tests.app.pages.test_export_dialog import wait_for_preview
from tests.app.shell.test_drops import drop
from tests.app.shell.test_window import type_into
from tests.making import TINY, encoded, make_data, make_picture, make_zip
from tests.serving import serving

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
SMALL = tuple(
    replace(
        preset,
        net=replace(preset.net, width=4),
        short_run=ShortRun(steps=2 + number),
        learning=Learning(updates=10**6, chains=4, images=4),
    )
    for number, preset in enumerate(PRESETS)
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Presets that a busy machine measures in a moment, and folders that are looked at often."""
    for module in (draft, train_setup, presets_panel):
        monkeypatch.setattr(module, "PRESETS", SMALL)
    monkeypatch.setattr(training, "PATIENCE", 0.0)
    monkeypatch.setattr(runs, "POLL", 50)


@pytest.fixture(autouse=True)
def _no_process_left():
    """Whatever a test leaves learning ends with it."""
    yield
    for run in list_runs(default_root()):
        if run.alive:
            run.order("stop")


def show(qtbot, window):
    """Click the page's button on the rail, and wait until it is there."""
    QTest.mouseClick(window.rail.pages[window.stack.indexOf(window.train)], LEFT)
    qtbot.waitUntil(lambda: window.train.setup.preview is not None, timeout=PATIENCE)
    return window.train


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "birds.zip")


@pytest.fixture
def page(qtbot, running):
    """The page over the bundled pictures."""
    return show(qtbot, running)


def made_run(folder: Path, data: Path, updates: int = 6, **learning) -> RunFolder:
    """A short run that is done."""
    plan = Plan(
        net=TINY,
        short_run=ShortRun(steps=3),
        learning=Learning(updates=updates, chains=4, images=4, **learning),
        source=str(data),
        name=folder.name,
        licence="CC0",
        backend="fp32",
    )
    TrainingRun.start(folder, plan, torch.device("cpu")).learn()
    return RunFolder(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs that are done."""
    folder = tmp_path_factory.mktemp("runs")
    data = make_data(folder / "birds.zip")
    for name, rate in (("one", 1e-3), ("two", 1e-4)):
        made_run(folder / "runs" / name, data, learning_rate=rate)
    return folder / "runs"


@pytest.fixture
def two(made: Path, data: Path) -> list[RunFolder]:
    """Two runs that are done, in the window's own folder."""
    shutil.copytree(made, default_root())
    found = [RunFolder(default_root() / name) for name in ("one", "two")]
    for run in found:
        write_plan(run.path, replace(run.plan(), source=str(data)))
    return found


def click_run(page, name: str, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    rows = page.column.list
    item = next(rows.item(row) for row in range(rows.count()) if rows.item(row).text() == name)
    QTest.mouseClick(rows.viewport(), LEFT, modifier, rows.visualItemRect(item).center())


def choose(combo, value) -> None:
    """Take an item of a combo box as a person does."""
    row = combo.findData(value)
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


def test_the_bundled_pictures_are_shown_and_every_preset_is_measured(qtbot, page):
    assert page.setup.preview.count == 60_000
    assert page.data_stage.caption.text() == "60,000 pictures · 32 × 32 grey · MIT"
    assert page.data_stage.mosaic.pixels.shape == (64, 1, 32, 32)
    buttons = page.setup_inspector.presets.buttons
    qtbot.waitUntil(lambda: all(button.time.text().startswith("about ") for button in buttons), timeout=PATIENCE)
    assert page.setup_header.start.isEnabled()


def test_a_dropped_zip_is_counted_and_what_is_left_out_is_said(qtbot, running, page, tmp_path):
    pictures = {f"{i}.png": encoded(make_picture((20, 20), i)) for i in range(5)}
    assert drop(running, make_zip(tmp_path / "mixed.zip", pictures | {"bad.png": b"\x89PNG broken", "notes.txt": b"-"}))
    qtbot.waitUntil(lambda: page.setup.preview is not None, timeout=PATIENCE)
    assert page.setup.plan.name == "mixed"
    assert page.setup.plan.net.channels == 3
    assert page.data_stage.caption.text().startswith("6 pictures · 32 × 32 colour · licence not stated")
    assert page.data_stage.skipped.text() == "1 of 6 cannot be used · 1 other file"
    QTest.mouseClick(page.data_stage.skipped, LEFT)
    assert page.data_stage.reasons.isVisible()
    assert "bad.png" in page.data_stage.reasons.toPlainText()
    assert "notes.txt does not have the name of a picture" in page.data_stage.reasons.toPlainText()
    QTest.keyClick(page, Qt.Key.Key_Z, CONTROL)
    assert page.setup.plan.source == "fashion-mnist"
    assert page.setup_header.source.currentText() == "Fashion-MNIST clothes"


def test_of_two_folders_the_first_is_learned_from_and_the_page_says_so(qtbot, running, page, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(encoded(make_picture()))
    assert drop(running, tmp_path / "one", tmp_path / "two")
    qtbot.waitUntil(lambda: page.setup.preview is not None, timeout=PATIENCE)
    assert page.setup.plan.source == str(tmp_path / "one")
    assert page.setup_banner.isVisible()
    assert "here one" in page.setup_banner.text.text()


def test_data_that_cannot_be_read_says_why_and_cannot_be_started(qtbot, page, tmp_path, monkeypatch):
    empty = make_zip(tmp_path / "empty.zip", {"notes.txt": b"-"})
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(empty), ""))
    choose(page.setup_header.source, ZIP)
    qtbot.waitUntil(lambda: bool(page.setup.data_problem), timeout=PATIENCE)
    assert "no image" in page.setup.problem
    assert not page.setup_header.start.isEnabled()
    assert page.setup_header.start.toolTip() == page.setup.problem
    assert page.data_stage.mosaic._hint.startswith("empty.zip has no image")
    QTest.keyClick(page, Qt.Key.Key_Return, CONTROL)
    assert not page.runs.views


def test_a_set_that_must_be_fetched_is_not_fetched_unasked(page):
    choose(page.setup_header.source, "cifar10")
    assert not page.setup.looking
    assert page.data_stage.fetch.isVisible()
    assert page.setup_header.start.isEnabled()


def test_a_set_is_fetched_and_looked_at_or_the_page_says_why_not(qtbot, page, monkeypatch):
    content = gzip.compress(struct.pack(">4I", 0x803, 3, 28, 28) + bytes(3 * 28 * 28))
    with serving() as site:
        remote = Remote(f"{site.url}/digits.gz", hashlib.sha256(content).hexdigest(), len(content))
        monkeypatch.setitem(NAMED, "mnist", replace(NAMED["mnist"], files=(remote,)))
        choose(page.setup_header.source, "mnist")
        QTest.mouseClick(page.data_stage.fetch, LEFT)
        qtbot.waitUntil(lambda: page.setup.data_problem != "", timeout=PATIENCE)
        assert "answered 404 Not Found" in page.setup.data_problem
        site.files["/digits.gz"], site.held = content, threading.Event()
        QTest.mouseClick(page.data_stage.fetch, LEFT)
        status = page.window().status
        qtbot.waitUntil(lambda: status.job.text() == "Downloading digits.gz (MB) 0 / 1", timeout=PATIENCE)
        site.held.set()
        qtbot.waitUntil(lambda: page.setup.preview is not None, timeout=PATIENCE)
    assert page.data_stage.caption.text() == "3 pictures · 32 × 32 grey · CC BY-SA 3.0"
    assert not page.data_stage.fetch.isVisible()


def test_presets_and_settings_are_set_reset_and_undone(qtbot, page):
    inspector = page.setup_inspector
    QTest.mouseClick(inspector.presets.buttons[1], LEFT)
    assert page.setup.draft.preset == "Good"
    assert not inspector.presets.edited.isVisible()
    QTest.mouseClick(inspector.expert.fold, LEFT)
    steps = next(f for knob, f in inspector.expert.short_run.fields.items() if knob.name == "steps")
    type_into(steps.field, "7")
    assert page.setup.plan.short_run.steps == 7
    assert inspector.presets.edited.isVisible()
    qtbot.waitUntil(lambda: page.setup.seconds_in_all is not None, timeout=PATIENCE)  # measured anew
    QTest.keyClick(page, Qt.Key.Key_Z, CONTROL)
    assert page.setup.plan.short_run.steps == SMALL[1].short_run.steps
    QTest.keyClick(page, Qt.Key.Key_Y, CONTROL)
    assert steps.field.value() == 7
    QTest.mouseClick(steps.reset, LEFT)
    assert page.setup.plan.short_run.steps == SMALL[1].short_run.steps
    type_into(steps.field, "8")
    QTest.mouseClick(inspector.presets.buttons[1], LEFT)
    assert not page.setup.draft.edited
    assert inspector.presets.buttons[1].isChecked()
    limit = next(f for knob, f in inspector.expert.learning.fields.items() if knob.name == "time_limit")
    type_into(limit.field, "2")
    assert page.setup.plan.time_limit == 120
    assert page.setup.seconds_in_all <= 120
    type_into(inspector.data.held_out, "60000")
    assert "cannot be held out" in page.setup.problem


def test_a_draft_is_found_again(qtbot, opened, data):
    window = opened()
    wait_for_chain(qtbot, window)
    page = show(qtbot, window)
    page.setup.set_source(str(data))
    page.setup.set_preset(SMALL[2])
    window.close()
    again = opened()
    wait_for_chain(qtbot, again)
    assert again.train.setup.plan.source == str(data)
    assert again.train.setup.draft.preset == SMALL[2].name


def test_a_run_is_started_paused_tried_and_found_again_by_another_window(qtbot, opened, data):
    window = opened()
    wait_for_chain(qtbot, window)
    page = show(qtbot, window)
    drop(window, data)
    page.setup.change_part("net", size=16)
    qtbot.waitUntil(lambda: page.setup.preview is not None, timeout=PATIENCE)
    QTest.keyClick(page, Qt.Key.Key_Return, CONTROL)
    view = page.runs.view
    assert view.name == "birds"
    qtbot.waitUntil(lambda: view.updates > 5 and view.folder.model.exists(), timeout=PATIENCE)
    assert window.learns.isVisible()
    assert page.run_stage.samples.mosaics[0].pixels.shape == (64, 3, 16, 16)
    assert page.run_stage.plots.charts[0].most() >= 5

    # Its model is run while it learns, and again when there is a newer one.
    QTest.keyClick(page, Qt.Key.Key_T)
    qtbot.waitUntil(lambda: window.state.model.name == str(view.folder.model), timeout=PATIENCE)
    wait_for_chain(qtbot, window)
    first = window.state.model.card.updates
    QTest.mouseClick(window.learns, LEFT)
    assert window.page is page
    page.run_header.pause.setFocus()
    QTest.mouseClick(page.run_header.pause, LEFT)
    assert not page.run_header.pause.isEnabled()
    assert QApplication.focusWidget() is page.run_header  # and not Stop, which the next Space would press
    assert "left" not in page.run_header.line.text()
    qtbot.waitUntil(lambda: view.status.state == "paused" and page.runs.asked(view) is None, timeout=PATIENCE)
    assert page.run_header.pause.text() == "Resume"
    assert page.run_header.pause.hasFocus()
    window.show_page(window.generate)
    qtbot.waitUntil(window.snapshot.isVisible, timeout=PATIENCE)
    QTest.mouseClick(window.snapshot, LEFT)
    qtbot.waitUntil(lambda: window.state.model.card.updates > first, timeout=PATIENCE)
    wait_for_chain(qtbot, window)
    assert not window.snapshot.isVisible()

    # Going on, the window closes with a question, and a second window finds the run.
    window.show_page(page)
    paused_at = view.status.updates
    QTest.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: view.updates > paused_at, timeout=PATIENCE)
    window.close()
    assert window.isVisible()
    assert "birds is still training" in window.leaving.text.text()
    QTest.mouseClick(window.leaving.answers[0], LEFT)
    assert not window.isVisible()
    again = opened()
    wait_for_chain(qtbot, again)
    found = again.runs.find("birds")
    assert found.alive
    assert again.runs.view is found  # the page has it before it, whenever it is shown
    QTest.mouseClick(again.learns, LEFT)
    qtbot.waitUntil(lambda: again.train.run_stage.samples.mosaics[0].pixels is not None, timeout=PATIENCE)

    # Stopped, its model is kept among the person's own, and generates.
    QTest.mouseClick(again.train.run_header.stop, LEFT)
    qtbot.waitUntil(lambda: not found.alive and found.status.state == "stopped", timeout=PATIENCE)
    assert not again.learns.isVisible()
    QTest.mouseClick(again.train.run_header.save, LEFT)
    (model,) = user_models()
    assert read_card(model).updates == found.status.updates
    QTest.mouseClick(again.train.notice.answers[0], LEFT)
    qtbot.waitUntil(lambda: again.state.model.name == str(model), timeout=PATIENCE)
    wait_for_chain(qtbot, again)
    again.generate.header.model.choices.aboutToShow.emit()
    assert any(action.text().startswith("birds\t") for action in again.generate.header.model.choices.actions())
    kinds = [event.kind for event in found.folder.events() if event.kind != "warning"]
    assert [kind for kind in kinds if kind not in ("warning", "rollback")] == ["start", "pause", "go", "stop"]


def test_closing_can_stop_what_learns_and_remember_it(qtbot, opened, data):
    window = opened()
    wait_for_chain(qtbot, window)
    page = show(qtbot, window)
    page.setup.set_source(str(data))
    page.setup.change_part("net", size=16)
    qtbot.waitUntil(lambda: not page.setup.problem, timeout=PATIENCE)
    QTest.mouseClick(page.setup_header.start, LEFT)
    view = page.runs.view
    qtbot.waitUntil(lambda: view.updates > 0, timeout=PATIENCE)
    window.close()
    window.leaving.always.click()
    QTest.mouseClick(window.leaving.answers[1], LEFT)
    assert not window.isVisible()
    assert window.preferences.values.leaving == "stop"
    qtbot.waitUntil(lambda: not view.folder.alive, timeout=PATIENCE)
    assert view.folder.status().state == "stopped"


def test_nothing_is_measured_while_a_run_trains_and_it_is_when_that_pauses(qtbot, page, data):
    page.setup.set_source(str(data))
    page.setup.change_part("net", size=16)
    page.setup.change_part("learning", updates=10**6)
    qtbot.waitUntil(lambda: not page.setup.problem, timeout=PATIENCE)
    QTest.mouseClick(page.setup_header.start, LEFT)
    view = page.runs.view
    qtbot.waitUntil(lambda: view.updates > 0 and page.setup.training, timeout=PATIENCE)
    QTest.keyClick(page, Qt.Key.Key_N)
    page.setup.change_part("net", width=24)  # nothing is known of that yet
    total = page.setup_inspector.estimate.total
    assert total.text() == "measured later"
    assert "would slow down the other" in total.toolTip()
    click_run(page, "birds")
    QTest.mouseClick(page.run_header.pause, LEFT)
    qtbot.waitUntil(lambda: total.text().startswith("about "), timeout=PATIENCE)
    page.runs.order(view, "stop")
    qtbot.waitUntil(lambda: not view.alive, timeout=PATIENCE)


def test_the_end_of_a_run_is_said_on_whatever_page_is_shown(qtbot, running, page, data):
    page.setup.set_source(str(data))
    page.setup.change_part("net", size=16)
    page.setup.change_part("learning", updates=20)
    qtbot.waitUntil(lambda: not page.setup.problem, timeout=PATIENCE)
    QTest.mouseClick(page.setup_header.start, LEFT)
    running.show_page(running.models)
    room = running.stack.geometry()
    qtbot.waitUntil(page.done_notice.isVisible, timeout=PATIENCE)
    assert page.done_notice.text.text().startswith("birds is done: 20 updates in ")
    assert running.stack.geometry() == room  # nothing was pushed
    assert not page.done_notice.visibleRegion().isEmpty()
    QTest.mouseClick(page.done_notice.answers[0], LEFT)
    assert running.page is page
    assert page.runs.view.name == "birds"
    assert not page.done_notice.isVisible()


def test_a_run_that_ended_while_the_window_was_closed_is_told_and_shown(qtbot, two, settings, opened):
    settings.set("train/running", ["two", "gone"])
    window = opened()
    page = window.train
    qtbot.waitUntil(page.done_notice.isVisible, timeout=PATIENCE)
    assert page.done_notice.text.text().startswith("two is done: 6 updates in ")
    assert page.runs.view.name == "two"
    window.close()
    assert settings.data("train/running") == []


def test_how_far_a_run_is_fits_its_list(two):
    view = RunView(two[0])
    assert line_of(view, short=True) == "done"
    view.alive = True
    view.status = replace(view.status, state="learning", progress=0.12, seconds_left=149.0)
    assert line_of(view, short=True) == "12 % · 2 min left"
    assert line_of(view) == "training · 12 % · about 2 min left"


def test_a_runs_line_is_whole_beside_a_short_name(qtbot, page, two):
    page.runs.refresh()
    page.runs.select("one")
    name, line = page.run_header.name, page.run_header.line
    view = page.runs.view
    view.alive = True
    view.status = replace(view.status, state="learning", progress=0.12, seconds_left=149.0)
    page.runs.looked.emit()
    qtbot.waitUntil(lambda: line.width() >= line.fontMetrics().horizontalAdvance(line.text()), timeout=PATIENCE)
    assert name.width() >= name.fontMetrics().horizontalAdvance("one")


def test_events_are_wrapped_to_their_column_also_when_it_becomes_narrower(qtbot, page, two):
    page.runs.refresh()
    page.runs.select("one")
    events = page.run_inspector.events
    qtbot.waitUntil(events.isVisible, timeout=PATIENCE)
    for width in (400, 250):
        events.resize(width, events.height())
        widths = [events.list.itemWidget(events.list.item(row)).width() for row in range(events.list.count())]
        assert set(widths) == {width}


def test_how_a_run_goes_is_said_in_words(two):
    view = RunView(two[0])
    assert health_of(view) == ("No updates yet.", False)
    view.read()
    assert health_of(view) == ("Too early to tell: the first updates differ much from each other.", False)
    swinging = np.tile([1.0, -1.0], 150)
    for d, v, words in (
        (swinging, np.ones(300), "Healthy"),
        (swinging - 2, np.ones(300), "stays below 0"),
        (swinging, np.linspace(0.1, 1, 300), "grow longer"),
    ):
        rows = np.zeros((300, len(METRICS)))
        rows[:, METRICS.index("update")] = np.arange(1, 301)
        rows[:, METRICS.index("d")] = d
        rows[:, METRICS.index("v")] = v
        view._rows = rows
        assert words in health_of(view)[0]
    append_event(two[0].path, Event(1.0, 290, "rollback", "It ran away."))
    view.read()
    view._rows = rows
    assert health_of(view) == (WORDS["rollback"], True)


def test_in_a_narrow_window_one_curve_is_shown_whole_and_all_samples(qtbot, two, running, page):
    click_run(page, "one")
    running.resize(960, 600)
    qtbot.waitUntil(lambda: running.width() == 960, timeout=PATIENCE)
    mosaic, plots = page.run_stage.samples.mosaics[0], page.run_stage.plots
    assert len(mosaic.tiles()) == 64
    for kind in KINDS:
        QTest.mouseClick(plots.bar.which._buttons[kind.word], LEFT)
        [chart] = [chart for chart in plots.charts if chart.isVisible()]
        assert chart.kind is kind
        qtbot.waitUntil(lambda chart=chart: chart.title.text() == chart.kind.title, timeout=PATIENCE)
        assert chart.width() > 300
    running.resize(1280, 800)
    charts = plots.charts[: len(KINDS)]
    qtbot.waitUntil(lambda: all(chart.isVisible() for chart in charts), timeout=PATIENCE)
    assert [chart.title.text() for chart in charts] == [kind.title for kind in KINDS]


def test_the_history_of_the_samples_goes_out_as_a_film_and_shows_its_run_again(qtbot, two, running, page, tmp_path):
    click_run(page, "one")
    grids = page.runs.view.grids
    assert len(grids) > 1
    running.exports.state.folder = tmp_path
    QTest.keyClick(running, Qt.Key.Key_E, CONTROL)
    dialog = running.exports
    assert [thing.title for thing in dialog.state.things] == ["Training", "Newest samples"]
    wait_for_preview(qtbot, dialog)
    QTest.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog.state.exported is not None and dialog.state.running is None, timeout=PATIENCE)
    film = dialog.state.exported.path
    with Image.open(film) as image:
        assert image.n_frames == len(grids)
    recipe = read_recipe(film)
    assert recipe.updates == tuple(update for update, _ in grids)
    assert recipe.command.startswith("ebm-studio train birds.zip")
    dialog.close()

    page.runs.select()
    running.show_page(running.models)
    assert drop(running, film)
    qtbot.waitUntil(lambda: running.page is page and page.runs.selected == ("one",), timeout=PATIENCE)
    shutil.rmtree(two[0].path)
    page.runs.refresh()
    assert drop(running, film)
    qtbot.waitUntil(lambda: running.faults.fault is not None, timeout=PATIENCE)
    assert running.faults.fault.text.startswith("The run one is not here. To train like it: ebm-studio train")


def test_fidelity_is_a_chart_and_the_best_model_can_be_saved(qtbot, two, page):
    click_run(page, "two")
    kid = page.run_stage.plots.charts[-1]
    assert not kid.isVisible()  # nothing was measured of it
    for update, value in ((2, 0.5), (4, 0.2), (6, 0.3)):
        append_fidelity(two[0].path, Fidelity(update, float(update), value, 0.05))
    shutil.copyfile(two[0].model, two[0].best)
    click_run(page, "one")
    page.runs.refresh()
    QTest.mouseClick(page.run_stage.plots.bar.which._buttons["KID"], LEFT)
    assert kid.isVisible()
    assert kid.value.text() == "0.3000 ± 0.0500"
    assert [point.size() for point in kid._dots.points()] == [DOT, BEST_DOT, DOT]
    low, high = kid.plot.getPlotItem().vb.viewRange()[1]
    assert low < 0.15
    assert high > 0.55
    assert kid.table().csv() == "run,update,kid\none,2,0.5\none,4,0.2\none,6,0.3\n"
    assert page.run_inspector.figures._lines["KID-lite0"].text() == "0.3000, best 0.2000"

    QTest.mouseClick(page.run_header.save, LEFT)
    assert "of update 4 (KID-lite0 0.2000 ± 0.0500)" in page.notice.text.text()
    QTest.mouseClick(page.notice.answers[0], LEFT)
    assert [path.stem for path in user_models()] == ["one-best"]
    QTest.mouseClick(page.run_header.save, LEFT)
    QTest.mouseClick(page.notice.answers[1], LEFT)
    assert sorted(path.stem for path in user_models()) == ["one", "one-best"]


def test_two_runs_are_compared(qtbot, two, page):
    click_run(page, "one")
    assert page.runs.view.name == "one"
    assert page.run_inspector.figures.isVisible()
    click_run(page, "two", CONTROL)
    assert [view.name for view in page.runs.watch.views] == ["two", "one"]
    shown = [mosaic.isVisible() for mosaic in page.run_stage.samples.mosaics]
    assert shown == [True, True, False, False, False, False]
    curves = page.run_stage.plots.charts[0]._means
    assert [len(curve.xData) for curve in curves] == [6, 6]
    assert curves[0].opts["pen"].color() != curves[1].opts["pen"].color()
    assert page.run_inspector.compare.isVisible()
    assert not page.run_header.pause.isVisible()

    # Where there is room for both, the titles are whole.
    page.window().resize(1480 + page.window().rail.width(), 800)
    charts = page.run_stage.plots.charts
    qtbot.waitUntil(lambda: all(chart.value.width() >= chart.value.sizeHint().width() for chart in charts))
    assert [chart.title.text() for chart in charts] == [chart.kind.title for chart in charts]
    charts[0].value.setText("−123.4 " * 40)  # and where there is none, the title gives way to the figures
    qtbot.waitUntil(lambda: charts[0].title.text() != charts[0].kind.title, timeout=PATIENCE)


def test_a_run_that_is_done_learns_longer_and_one_whose_pictures_moved_finds_them(qtbot, two, page, data, monkeypatch):
    click_run(page, "one")
    view = page.runs.view
    assert page.run_header.pause.text() == "Train longer"
    moved = data.rename(data.with_name("moved.zip"))
    QTest.mouseClick(page.run_header.pause, LEFT)
    qtbot.waitUntil(lambda: view.status.state == "failed" and not view.alive, timeout=PATIENCE)
    kinds = [event.kind for event in view.events]
    assert kinds[-1] == "data_lost"  # said once
    assert "failed" not in kinds
    assert page.run_banner.isVisible()
    assert page.run_header.pause.text() == "Resume"

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    page.run_header.fill()
    next(a for a in page.run_header.menu.actions() if a.text() == "The pictures have moved…").trigger()
    qtbot.waitUntil(lambda: view.status.state == "done" and not view.alive, timeout=PATIENCE)
    assert view.updates == 12
    assert not page.run_banner.isVisible()


def test_a_run_steps_back_from_its_menu(qtbot, page, data):
    plan = Plan(
        net=TINY,
        short_run=ShortRun(steps=3),
        learning=Learning(updates=8, chains=4, images=4, learning_rate=1e-3),
        source=str(data),
        name="one",
        backend="fp32",
    )
    run = TrainingRun.start(default_root() / "one", plan, torch.device("cpu"))
    run.learn(stopped=lambda: run.learner.updates == 5)
    page.runs.refresh()
    click_run(page, "one")
    view = page.runs.view
    page.run_header.fill()
    next(a for a in page.run_header.menu.actions() if a.text() == "Step back and resume").trigger()
    qtbot.waitUntil(lambda: view.status.state == "done" and not view.alive, timeout=PATIENCE)
    assert [event.kind for event in view.events] == ["start", "stop", "resume", "rollback", "done"]
    assert view.updates == 8
    assert view.plan.learning.learning_rate == pytest.approx(3e-4)


def test_a_run_can_begin_with_a_model(qtbot, page, tiny_model, tmp_path, monkeypatch):
    model = load_model(tiny_model, "cpu")
    drawn = tmp_path / "tiny.safetensors"  # found to draw best with a larger step than it was trained with
    data = replace(model.card.data, name=set_name(page.setup.plan.source), licence="CC0")
    card = replace(model.card, trained_step=0.5, data=data)
    save_model(drawn, model.net, card)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(drawn), ""))
    box = page.setup_inspector.data.origin
    choose(box, FILE)
    assert page.setup.plan.origin == str(drawn)
    assert (page.setup.plan.net, page.setup.plan.short_run) == (card.net, replace(card.short_run, step_size=0.5))
    assert page.setup.plan.licence == "CC0"  # what the card says of a set of this name
    assert box.currentText() == "tiny"
    qtbot.waitUntil(lambda: not page.setup.problem, timeout=PATIENCE)
    page.setup.change_part("net", width=5)
    assert "fit only the same network" in page.setup.problem
    QTest.keyClick(page, Qt.Key.Key_Z, CONTROL)
    assert page.setup.plan.short_run.start_range == 1
    for part in ("size", "width"):  # which is then grown, or widened
        page.setup.change_part("net", **{part: 2 * getattr(card.net, part)})
        qtbot.waitUntil(lambda: not page.setup.problem, timeout=PATIENCE)
    page.setup.change_part("net", width=card.net.width // 2)  # too narrow to grow
    assert "n_f 8 or more" in page.setup.problem
    assert page.setup.plan.short_run.start_range == 2  # for means of four pixels
    choose(box, "")
    assert page.setup.plan.short_run.start_range == 1


def test_a_run_cannot_begin_with_a_landscape(qtbot, page, tmp_path, monkeypatch):
    land, net = tmp_path / "rings.safetensors", make_net(point_net(width=8))
    save_model(land, net, Card(name="rings", net=net.spec, short_run=ShortRun()))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(land), ""))
    choose(page.setup_inspector.data.origin, FILE)
    assert "is a landscape" in page.setup_banner.text.text()
    assert page.setup.plan.origin == ""


def test_the_history_of_the_samples_is_looked_back_at(qtbot, two, page):
    click_run(page, "one")
    watch = page.runs.watch
    assert [update for update, _ in watch.view.grids] == [0, 6]
    assert watch.update_shown == 6
    newest = page.run_stage.samples.mosaics[0].pixels
    QTest.keyClick(page, Qt.Key.Key_Left)
    assert watch.update_shown == 0
    assert not watch.follows
    assert (page.run_stage.samples.mosaics[0].pixels != newest).any()
    scrub = page.run_stage.bar.scrub
    QTest.mouseClick(scrub, LEFT, pos=QPoint(scrub.width() - 2, scrub.height() // 2))
    assert watch.follows
    chart = page.run_stage.plots.charts[1]
    QTest.mouseClick(chart.plot.viewport(), LEFT, pos=QPoint(chart.plot.width() // 4, chart.plot.height() // 2))
    assert watch.update_shown == 0
    QTest.keyClick(page, Qt.Key.Key_End)
    assert watch.follows


def test_very_long_curves_are_cut_down_smoothed_and_drawn_on_other_axes(qtbot, two, page):
    rng = np.random.default_rng(0)
    updates = np.arange(7, 100_007)
    figures = np.column_stack([updates, updates, *(rng.normal(size=(100_000, 6)).T)])
    append(two[0].path / "metrics.csv", "".join(",".join(f"{x:.6g}" for x in row) + "\n" for row in figures))
    click_run(page, "one")
    assert page.runs.view.updates == 100_006
    chart = page.run_stage.plots.charts[0]
    choose(page.run_stage.plots.bar.smooth, 1000)
    for curve in (*chart._means, *chart._raw):
        assert 0 < len(curve.xData) <= POINTS
    spread = np.nanstd(chart._means[0].yData[POINTS // 2 :])
    assert spread < 0.3 * np.nanstd(chart._raw[0].yData)
    before = chart._means[0].xData[-1]
    QTest.mouseClick(page.run_stage.plots.bar.log_x, LEFT)
    assert chart._means[0].xData[-1] == pytest.approx(np.log10(before))
    QTest.mouseClick(page.run_stage.plots.bar.log_y, LEFT)
    assert chart.is_log
    assert not page.run_stage.plots.charts[2].is_log
    assert chart.place_at(chart.plot.width() - 5 * 8) > 1000


def test_a_warning_is_a_banner_until_it_is_put_away_and_marked_on_the_curves(qtbot, two, page):
    append_event(two[0].path, Event(2e9, 4, "warning", "d swings ever wider."))
    click_run(page, "one")
    assert page.run_banner.isVisible()
    assert page.run_banner.text.text() == "d swings ever wider."
    events = page.run_inspector.events.list
    assert events.item(0).data(Qt.ItemDataRole.AccessibleTextRole) == "d swings ever wider."
    assert len(page.run_stage.plots.charts[0]._marks) == len(page.runs.view.events)
    QTest.mouseClick(page.run_banner.dismiss, LEFT)
    assert not page.run_banner.isVisible()
    click_run(page, "two")
    click_run(page, "one")
    assert not page.run_banner.isVisible()


def test_a_run_is_deleted_and_brought_back(qtbot, two, page):
    click_run(page, "one")
    QTest.keyClick(page, Qt.Key.Key_Delete)
    assert [view.name for view in page.runs.views] == ["two"]
    assert not two[0].path.exists()
    assert page.data_stage.isVisible()
    QTest.keyClick(page, Qt.Key.Key_Z, CONTROL)
    assert two[0].path.exists()
    assert page.runs.view.name == "one"

    # Emptied, the trash gives nothing back, and says so.
    page.run_header.fill()
    empty = page.run_header.menu.actions()[-1]
    empty.trigger()
    assert page.notice.text.text() == "The trash of runs is empty."
    QTest.keyClick(page, Qt.Key.Key_Delete)
    page.empty_trash()
    assert page.notice.text.text().startswith("The trash contains 1 run, ")
    QTest.mouseClick(page.notice.answers[0], LEFT)
    QTest.keyClick(page, Qt.Key.Key_Z, CONTROL)
    assert "one cannot be restored" in page.setup_banner.text.text() + page.run_banner.text.text()
    assert [view.name for view in page.runs.views] == ["two"]


def test_settings_are_taken_over_the_model_exported_the_folder_shown(qtbot, two, page, tmp_path, monkeypatch):
    shown, target = [], tmp_path / "out.safetensors"
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click_run(page, "one")
    page.run_header.fill()
    actions = {action.text(): action for action in page.run_header.menu.actions()}
    actions["Export the model…"].trigger()
    assert read_card(target).name == "one"
    actions["Show the folder"].trigger()
    assert shown == [QUrl.fromLocalFile(str(two[0].path))]
    actions["New run with these settings"].trigger()
    assert page.data_stage.isVisible()
    plan = read_plan(two[0].path)
    assert page.setup.plan == replace(plan, command="", backend="auto", images=0, fingerprint="")
    assert page.setup.draft.edited
    qtbot.waitUntil(lambda: page.setup.preview is not None, timeout=PATIENCE)


def test_nothing_of_the_panels_is_cut_off_at_the_right(page):
    for column in (page.setup_inspector, page.run_inspector):
        assert column.widget().minimumSizeHint().width() <= column.viewport().width()


def png_of_size(side: int) -> bytes:
    """A picture file that says it is so large, and is only a few bytes."""
    header = struct.pack(">II5B", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


SHEETS = {
    "huge": png_of_size(60_000),
    "one pixel": encoded(make_picture((1, 1))),
    "another size": encoded(make_picture((100, 100))),
    "transparent": encoded(Image.new("RGBA", (128, 128))),
    "no picture": b"%!PS-Adobe-3.0 EPSF-3.0",
}


def test_hostile_sample_grids_are_no_samples_and_the_window_goes_on(qtbot, two, running):
    page = show(qtbot, running)
    click_run(page, "one")
    for number, (name, content) in enumerate(SHEETS.items(), 90):
        (two[0].path / "samples" / f"{number}.png").write_bytes(content)
        page.runs.refresh()
        assert page.runs.watch.update_shown == number
        page.grab()
        pixels = page.run_stage.samples.mosaics[0].pixels
        assert pixels is None if name != "transparent" else pixels.shape == (64, 1, 16, 16), name
    click_run(page, "two")
    assert page.run_stage.samples.mosaics[0].pixels.shape == (64, 1, 16, 16)
    assert running.faults.fault is None


def test_damaged_run_folders_are_said_once_and_the_others_work(qtbot, two, opened):
    (two[0].path / "run.json").write_text("[" * 9999)
    (two[1].path / "status.json").write_text('{"state": "done", "text": 5, "progress": "x", "updates": []}')
    with (two[1].path / "metrics.csv").open("a") as file:
        file.write("7,1.5,inf,nan,1e308,-1e308,inf,0.1\n")
    page = show(qtbot, opened())
    assert [view.name for view in page.runs.views] == ["two"]
    assert "settings of the run" in page.runs.fault.text
    page.runs.dismiss()
    page.runs.refresh()
    assert page.runs.fault is None
    click_run(page, "two")
    page.grab()
    assert page.run_stage.samples.mosaics[0].pixels is not None
    assert page.runs.view.status.updates == 7
    assert "damaged or missing" in page.runs.view.status.text
