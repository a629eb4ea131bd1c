"""Explain mode and the tour, driven as a person would."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest

from ebm_studio.app.studio.glossary import GLOSSARY
from tests.app.conftest import PATIENCE, Opened, wait_for_chain
from tests.conftest import STEPS


def test_a_key_explains_every_page_and_the_next_launch_remembers_it(qtbot, running, opened: Opened) -> None:
    assert running.captions.bubbles == []
    running.generate.setFocus()
    QTest.keyClick(running.generate, Qt.Key.Key_E)
    assert running.explain.isChecked()
    explained = 0
    for page in running.pages:
        running.show_page(page)
        shown = [bubble for bubble in running.captions.bubbles if bubble.isVisible()]
        explained += bool(shown)
        places = [bubble.geometry() for bubble in shown]
        assert all(running.stack.rect().contains(place) for place in places), page.title
        for i, place in enumerate(places):
            assert not any(place.intersects(other) for other in places[:i]), page.title
    assert explained >= 6  # all but settings and help, and those that have nothing to show yet
    running.close()

    again = opened()
    wait_for_chain(qtbot, again)
    assert again.explain.isChecked()
    assert again.captions.bubbles
    qtbot.mouseClick(again.explain, Qt.MouseButton.LeftButton)
    assert again.captions.bubbles == []


def test_captions_stay_at_the_sides_of_a_comparison_when_these_are_built_anew(qtbot, running) -> None:
    running.show_page(running.compare)
    qtbot.mouseClick(running.explain, Qt.MouseButton.LeftButton)
    assert len(running.captions.bubbles) == 2
    qtbot.mouseClick(running.compare.common.add, Qt.MouseButton.LeftButton)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # the sides that were there are gone
    qtbot.waitUntil(lambda: [bubble.isVisible() for bubble in running.captions.bubbles] == [True, True])
    running.resize(1200, 760)  # captions are placed anew
    QTest.keyClick(running, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert running.page is running.generate
    assert running.captions.bubbles


def test_a_symbol_leads_to_its_entry_in_the_glossary(qtbot, running) -> None:
    qtbot.mouseClick(running.explain, Qt.MouseButton.LeftButton)
    bubble = running.captions.bubbles[0]
    terms = re.findall(r'href="([^"]+)"', bubble.text())
    assert terms
    bubble.linkActivated.emit(terms[0])
    assert running.page is running.help
    entry = running.help.words.entries[terms[0]]
    assert entry.isVisible()
    assert GLOSSARY[terms[0]].name in entry.text()
    assert entry.property("role") == ""


def test_captions_follow_their_things(qtbot, running) -> None:
    qtbot.mouseClick(running.explain, Qt.MouseButton.LeftButton)
    bubble = running.captions.bubbles[1]  # of the timeline
    timeline = running.generate.timeline
    running.resize(running.width() + 200, running.height() + 150)
    qtbot.waitUntil(
        lambda: (
            timeline.mapTo(running.stack, QPoint(0, 0)).x() <= bubble.x()
            and bubble.geometry().bottom() <= timeline.mapTo(running.stack, QPoint(0, timeline.height())).y()
        ),
        timeout=PATIENCE,
    )


def test_every_caption_leads_to_words_that_are_there(running) -> None:
    for page in running.pages:
        for caption in page.captions():
            assert set(caption.terms) <= set(GLOSSARY)
            assert caption.text.endswith(".")


def test_the_tour_drives_the_real_controls_and_can_be_left(qtbot, running) -> None:
    tour, state = running.tour, running.state
    running.show_page(running.help)
    qtbot.mouseClick(running.help.tour, Qt.MouseButton.LeftButton)
    assert tour.isVisible()
    assert tour.count == 8
    assert running.page is running.generate
    seen = [tour.text.text()]
    pages = [running.page.key]
    for _ in range(7):
        wait_for_chain(qtbot, running)
        qtbot.mouseClick(tour.next, Qt.MouseButton.LeftButton)
        seen.append(tour.text.text())
        pages.append(running.page.key)
        if len(seen) == 2:
            assert state.playback.position == STEPS // 2
        if len(seen) == 3:
            assert state.parameters.run.steps == STEPS // 4
        if len(seen) == 4:
            assert state.parameters.run.steps == 4 * STEPS
        if len(seen) == 5:
            qtbot.waitUntil(lambda: bool(running.reconstruct.state.photos), timeout=PATIENCE)
    assert pages == ["generate"] * 4 + ["reconstruct"] * 2 + ["interpolate", "train"]
    assert len(set(seen)) == 8
    assert not running.path.empty or running.path.making
    assert tour.next.text() == "Done"
    qtbot.mouseClick(tour.back, Qt.MouseButton.LeftButton)
    assert running.page is running.interpolate
    qtbot.mouseClick(tour.leave, Qt.MouseButton.LeftButton)
    assert not tour.isVisible()
    running.studio.open.cancel()
    qtbot.waitUntil(lambda: not running.link.engine.busy, timeout=PATIENCE)
