"""Whatever stands in the settings file, the window opens."""

from __future__ import annotations

import json
import random

from ebm_studio.app.shell.window import MainWindow
from ebm_studio.data.storage.settings import Settings

HUGE = 10**400
WRONG = ("=x", -1, HUGE, True, ["\udce9", "a" * 5000, "\0", 7, HUGE], {"x": {}}, "\0" + "a" * 5000)


def test_no_value_of_any_key_keeps_the_window_from_opening(qtbot, opened, settings: Settings):
    opened().close()
    sound = json.loads(settings.path.read_text())
    keys = {*sound, "export/kind", "export/look", "export/folder", "models/recent", "hint", "scheme", "memory", "loop"}
    assert {"window/geometry", "generate/left", "train/all"} <= keys
    chance = random.Random(0)
    for _ in range(4):
        settings.path.write_text(json.dumps({key: chance.choice(WRONG) for key in keys}))
        settings.__init__(settings.path)
        window = opened()
        window.show_page(window.models)
        window.close()


def test_no_damaged_place_makes_a_window_larger_than_the_screen(qapp, theme, settings: Settings):
    window = MainWindow(theme, settings)
    sound = bytes(window.saveGeometry().data())
    chance = random.Random(0)
    for _ in range(300):
        data = bytearray(sound)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 127, 128, 255))
        settings.set("window/geometry", bytes(data))
        window._restore()
        least, room = window.minimumSizeHint(), window.screen().availableSize()
        assert least.width() <= window.width() <= max(least.width(), room.width(), 1280)
        assert least.height() <= window.height() <= max(least.height(), room.height(), 800)
    window.close()
