"""Garbage is collected in the window's thread and in no other."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject

from ebm_studio.app.studio.collector import Collector
from tests.app.conftest import PATIENCE


class Loop:
    """Refers to itself, so only the collector deletes it."""

    def __init__(self, told: list[threading.Thread]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: told.append(threading.current_thread()))


def test_garbage_of_any_thread_is_collected_in_the_windows(qtbot):
    parent, told = QObject(), []
    collector = Collector(parent)
    try:

        def litter() -> None:
            for _ in range(20 * gc.get_threshold()[0]):
                Loop(told)

        other = threading.Thread(target=litter)
        other.start()
        other.join()
        assert told == []
        qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
        assert set(told) == {threading.current_thread()}
    finally:
        collector.close()
    assert gc.isenabled()


def test_an_open_window_keeps_collection_to_its_thread(opened):
    window = opened()
    assert not gc.isenabled()
    window.close()
    assert gc.isenabled()
