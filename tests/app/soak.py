"""Seeded random actions on every page, like those of an impatient person.

    python -m tests.app.soak --minutes 10 --drops FOLDER

Files of the folder, and hostile ones that are made for it (tests/hostile.py), are dropped on the window meanwhile.

Ends with an error at the first exception, Qt warning, or thread that outlives the window, and when
memory goes on growing after the first third, three minutes at least. A few hundred actions are part of the test suite.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import platformdirs
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QtMsgType, QUrl, qInstallMessageHandler
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QScrollBar,
    QWidget,
)

from ebm_studio.app.pages.generate.canvas import Canvas
from ebm_studio.app.studio.shelf import Subject
from ebm_studio.app.widgets.images import SubjectMime
from ebm_studio.core.energy.memory import release_memory
from ebm_studio.data.storage.settings import Settings
from tests.app.driver import Window

STEPS, CHAINS, KEPT = 40, 24, 25  # little work, so that there are many actions
KEYS = [
    *(Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_R, Qt.Key.Key_K),
    *(Qt.Key.Key_A, Qt.Key.Key_B, Qt.Key.Key_L, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Escape),
    *(Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_0, Qt.Key.Key_H, Qt.Key.Key_S, Qt.Key.Key_F, Qt.Key.Key_F2),
    *(Qt.Key.Key_Delete, Qt.Key.Key_Tab, Qt.Key.Key_Question, Qt.Key.Key_C),
]
SETTLED = 7  # half minutes after which all models and libraries have been used
REST = 20  # seconds in which the engine mostly comes to rest
TOLERATED = ("propagateSizeHints", "does not support raise()", "does not support grabbing the keyboard")


class Soak:
    """One person at one window."""

    def __init__(self, window: Window, seed: int, drops: Sequence[Path] = ()) -> None:
        self.window = window
        self.random = random.Random(seed)
        self.drops = drops
        self.done: Counter[str] = Counter()
        self.log: list[str] = []
        self._guard = QTimer(interval=30)
        self._guard.timeout.connect(self._close_popups)
        self._ways: list[tuple[Callable[[], object], int]] = [
            (self.press_key, 5),
            (self.use_control, 6),
            (self.use_picture, 5),
            (self.undo, 2),
            (self.trigger, 2),
            (self.change_page, 1),
            (self.resize, 1),
            *([(self.drop_files, 2)] if drops else []),
        ]

    def run(self, goes_on: Callable[[int], bool]) -> None:
        """Act until `goes_on`, which gets the number of actions so far, returns false."""
        self._guard.start()
        try:
            while goes_on(sum(self.done.values())):
                self.act()
        finally:
            self._guard.stop()

    def act(self) -> None:
        """One action and its consequences."""
        ways, weights = zip(*self._ways, strict=True)
        way = self.random.choices(ways, weights)[0]
        self.log.append(way.__name__)
        way()
        self.done[way.__name__] += 1
        QTest.qWait(self.random.choice((0, 1, 5, 20)))
        self._keep_it_small()

    def press_key(self) -> None:
        """A key, where the focus is."""
        key = self.random.choice(KEYS)
        self.log.append(str(key))
        QTest.keyClick(QApplication.focusWidget() or self.window.page, key)

    def use_control(self) -> None:
        """A button, field, slider or choice of the page."""
        kinds = (QAbstractButton, QAbstractSpinBox, QAbstractSlider, QComboBox)
        found = [w for w in self.window.findChildren(QWidget) if isinstance(w, kinds) and self._usable(w)]
        controls = [w for w in found if not isinstance(w, QScrollBar)]
        if not controls:  # F11 shows the views of a landscape alone
            self.press_key()
            return
        control = self.random.choice(controls)
        self.log.append(f"{type(control).__name__} {control.accessibleName()}")
        if isinstance(control, QAbstractButton):
            QTest.mouseClick(control, Qt.MouseButton.LeftButton)
        elif isinstance(control, QAbstractSpinBox):
            control.findChild(QLineEdit).selectAll()
            QTest.keyClicks(control, self.random.choice(("1", "3", "7", "12", "20", "0.5", "1e-3", "", "-4", "x")))
            QTest.keyClick(control, Qt.Key.Key_Return)
        else:
            QTest.keyClick(control, self.random.choice((Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home)))

    def use_picture(self) -> None:
        """Something drawn: click, double-click, wheel, drag or menu."""
        found = [w for w in self.window.findChildren(QWidget) if self._usable(w) and _is_drawn(w)]
        widget = self.random.choice(found)
        point = QPoint(self.random.randrange(widget.width()), self.random.randrange(widget.height()))
        way = self.random.choice(("click", "double", "wheel", "drag", "menu", "hover"))
        self.log.append(f"{way} on {type(widget).__name__}")
        if way == "click":
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=point)
        elif way == "double":
            QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=point)
        elif way == "wheel":
            self._turn(widget, QPointF(point))
        elif way == "menu":
            event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, widget.mapToGlobal(point))
            QApplication.sendEvent(widget, event)
        elif way == "drag":
            QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=point)
            QTest.mouseMove(widget, point + QPoint(30, 12))
            QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=point + QPoint(30, 12))
        else:
            QTest.mouseMove(widget, point)

    def undo(self) -> None:
        """Undo or redo."""
        shift = self.random.choice((Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier))
        QTest.keyClick(self.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | shift)

    def trigger(self) -> None:
        """An action of the page or of the window, as the command palette does it."""
        actions = [a for a in (*self.window.page.actions(), *self.window.actions()) if a.isEnabled()]
        if actions:
            action = self.random.choice(actions)
            self.log.append(action.text())
            if not any(word in action.text().lower() for word in ("quit", "close")):
                action.trigger()

    def change_page(self) -> None:
        """Any page, including the current one."""
        self.random.choice(self.window.rail.pages).click()

    def resize(self) -> None:
        """Another size."""
        self.window.resize(self.random.randrange(900, 1700), self.random.randrange(640, 1000))

    def drop_files(self) -> None:
        """One of the files, or a few at once, on the window, as from a file manager."""
        paths = self.random.sample(self.drops, self.random.choice((1, 1, 1, 3)))
        self.log.append(f"drop {[path.name for path in paths]!a}")
        mime, point, window = QMimeData(), self.window.rect().center(), self.window
        mime.setUrls([QUrl(path.as_uri()) for path in paths])
        copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(window, QDragEnterEvent(point, copy, mime, left, none))
        QApplication.sendEvent(window, QDropEvent(QPointF(point), copy, mime, left, none))

    def carry(self, source: QWidget, subject: Subject) -> None:
        """Stands in for the window system's drag and drop; the drop itself is real."""
        targets = [w for w in self.window.findChildren(QWidget) if w.acceptDrops() and self._usable(w)]
        target = self.random.choice(targets)
        mime: QMimeData = SubjectMime(subject)
        point = target.rect().center()
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(point, Qt.DropAction.CopyAction, mime, left, none)
        enter.ignore()
        QApplication.sendEvent(target, enter)
        if enter.isAccepted():
            QApplication.sendEvent(target, QDropEvent(QPointF(point), Qt.DropAction.CopyAction, mime, left, none))

    def _turn(self, widget: QWidget, point: QPointF) -> None:
        event = QWheelEvent(
            point,
            QPointF(widget.mapToGlobal(point.toPoint())),
            QPoint(),
            QPoint(0, self.random.choice((-240, -120, 120, 240))),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    def _usable(self, widget: QWidget) -> bool:
        return widget.isVisible() and widget.isEnabled() and widget.width() > 4 and widget.height() > 4

    def _close_popups(self) -> None:
        """Use or close a menu, close a dialog: until then they may block an action."""
        popup = QApplication.activePopupWidget()
        if isinstance(popup, QMenu):
            actions = [a for a in popup.actions() if a.isEnabled() and not a.menu() and not a.isSeparator()]
            if actions and self.random.random() < 0.6:
                action = self.random.choice(actions)
                self.log.append(f"menu {action.text()}")
                popup.close()
                action.trigger()
                return
        if popup is not None:
            popup.close()
        elif (dialog := QApplication.activeModalWidget()) is not None:
            dialog.close()

    def _keep_it_small(self) -> None:
        state, shelf = self.window.state, self.window.studio.shelf
        if state.parameters.run.steps > STEPS:
            state.change_run(steps=12)
        if state.parameters.count > CHAINS:
            state.change(count=9)
        while len(shelf.items) > KEPT:
            shelf.remove(shelf.items[0])


def _is_drawn(widget: QWidget) -> bool:
    own = type(widget).paintEvent is not QWidget.paintEvent
    return isinstance(widget, Canvas) or (own and type(widget).__module__.startswith("ebm_studio"))


def soak(
    window: Window, seed: int, goes_on: Callable[[int], bool], drops: Sequence[Path] = ()
) -> tuple[Soak, list[str]]:
    """Act on a window that is shown; returns what was done, and every exception and Qt warning."""
    faults: list[str] = []
    person = Soak(window, seed, drops)

    def hear(kind: QtMsgType, context: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not any(known in text for known in TOLERATED):
            faults.append(f"Qt: {text}, after {person.log[-6:]}")

    def catch(kind: type[BaseException], error: BaseException, trace: object) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))  # type: ignore[arg-type]
        faults.append(f"{text}after {person.log[-6:]}")

    class Listener(logging.Handler):
        """A job that fails because of a bug is only logged, and the engine continues."""

        def emit(self, record: logging.LogRecord) -> None:
            faults.append(f"{logging.Formatter().format(record)}, after {person.log[-6:]}")

    listener = Listener(logging.ERROR)
    logging.getLogger("ebm_studio").addHandler(listener)
    patched = _without_dialogs(person)
    hooks = sys.excepthook, threading.excepthook
    sys.excepthook = catch
    threading.excepthook = lambda args: catch(args.exc_type, args.exc_value or Exception(), args.exc_traceback)
    before = qInstallMessageHandler(hear)
    try:
        person.run(lambda count: not faults and goes_on(count))
    finally:
        qInstallMessageHandler(before)
        logging.getLogger("ebm_studio").removeHandler(listener)
        sys.excepthook, threading.excepthook = hooks
        for owner, name, value in patched:
            setattr(owner, name, value)
    return person, faults


def _without_dialogs(person: Soak) -> list[tuple[object, str, object]]:
    """Answer at once whatever would leave the window; returns the originals."""
    import ebm_studio.app.pages.generate.canvas
    import ebm_studio.app.shell.shelf_tiles
    from ebm_studio.app.pages.train.runs.state import Runs

    stand_ins = [
        (QFileDialog, "getOpenFileName", staticmethod(lambda *_, **__: ("", ""))),
        (QFileDialog, "getOpenFileNames", staticmethod(lambda *_, **__: ([], ""))),
        (QFileDialog, "getSaveFileName", staticmethod(lambda *_, **__: ("", ""))),
        (QFileDialog, "getExistingDirectory", staticmethod(lambda *_, **__: "")),
        (QDesktopServices, "openUrl", staticmethod(lambda *_: True)),
        (Runs, "start", lambda *_: None),  # it would outlive the window
        (ebm_studio.app.pages.generate.canvas, "carry", person.carry),
        (ebm_studio.app.shell.shelf_tiles, "carry", person.carry),
    ]
    old = [(owner, name, getattr(owner, name)) for owner, name, _ in stand_ins]
    for owner, name, value in stand_ins:
        setattr(owner, name, value)
    return old


def resident() -> int:
    """The memory of the process in bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def come_to_rest(window: Window) -> bool:
    """Wait until the engine has nothing to do, or `REST`: a job's own memory is not kept.

    Then cancel what is left, since what hidden pages have begun goes on, and wait once more. Returns whether it rests:
    one update of a huge network, as measured for an estimate, takes minutes.
    """
    for stop in ((), (window.landscape.state.pause, window.link.cancel)):
        for each in stop:
            each()
        until = time.monotonic() + REST
        while window.link.engine.busy and time.monotonic() < until:
            QTest.qWait(20)
    return not window.link.engine.busy


def main() -> str:
    """Run it by hand; returns what went wrong, after the window has closed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", help="a bundled model or a file (default: a tiny untrained one)")
    parser.add_argument("--drops", type=Path, help="a folder whose files are dropped on the window, with hostile ones")
    args = parser.parse_args()

    from ebm_studio.app.look.theme import Theme
    from ebm_studio.core.specs import NetSpec
    from tests.hostile import make_hostile
    from tests.making import make_model

    app = QApplication([])
    app.setStyle("Fusion")
    threads = set(threading.enumerate())
    with tempfile.TemporaryDirectory() as folder:
        platformdirs.user_data_path = lambda *_, **__: Path(folder)  # a folder whose runs and models may be deleted
        model = args.model or str(
            make_model(Path(folder) / "tiny.safetensors", NetSpec(size=16, channels=1, width=8), 12)
        )
        theme = Theme(app, Settings(Path(folder, "settings.json")))
        window = Window(theme, Settings(Path(folder, "settings.json")), model)
        window.show()
        began, due, memory = time.monotonic(), 0.0, list[float]()

        def goes_on(count: int) -> bool:
            nonlocal due
            passed = time.monotonic() - began
            if passed >= due:
                due = passed + 30
                if come_to_rest(window):
                    gc.collect()
                    release_memory()  # count the memory in use, not what is kept for the next step
                    memory.append(resident() / 2**20)
                    print(f"{passed:5.0f} s  {count:6d} actions  {memory[-1]:.0f} MB", flush=True)
            return passed < 60 * args.minutes

        drops = sorted([*args.drops.iterdir(), *make_hostile(Path(folder, "hostile")).iterdir()]) if args.drops else []
        person, faults = soak(window, args.seed, goes_on, drops)
        window.close()
        theme.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    print(dict(person.done))
    faults += [f"thread {t.name} still runs" for t in threading.enumerate() if t not in threads]
    early = memory[: max(len(memory) // 3 + 1, SETTLED)]
    if not memory:
        faults.append("memory was never measured: the engine was never at rest")
    elif memory[-1] > 1.1 * max(early):
        faults.append(f"memory grew from {max(early):.0f} to {memory[-1]:.0f} MB")
    return "\n".join(faults)


if __name__ == "__main__":
    sys.exit(main() or 0)
