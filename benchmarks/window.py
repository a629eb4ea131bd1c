"""How the window responds, measured in its own process: `python -m benchmarks.window launch|bare|chain|train MODEL`.

Prints one JSON object. Times of launch count from `--began`, the caller's `time.time()`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebm_studio.data.training.run_folder import RunFolder

PERIOD_MS = 4
SECONDS = 3.0
PATIENCE_MS = 60_000


def main() -> None:
    """Run one probe."""
    parser = argparse.ArgumentParser()
    parser.add_argument("probe", choices=("launch", "bare", "chain", "train"))
    parser.add_argument("model")
    parser.add_argument("--began", type=float, default=time.time())
    args = parser.parse_args()
    result = bare(args.began) if args.probe == "bare" else window(args.probe, args.model, args.began)
    print(json.dumps(result))


def bare(began: float) -> dict[str, float]:
    """Seconds to the first paint of a window with nothing in it."""
    from PySide6.QtCore import QEvent, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Window(QMainWindow):
        def event(self, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and not found:
                found["first_paint_s"] = time.time() - began
                QTimer.singleShot(0, app.quit)
            return super().event(event)

    found: dict[str, float] = {}
    app = QApplication(sys.argv[:1])
    window = Window()
    window.show()
    app.exec()
    return found


def window(probe: str, model: str, began: float) -> dict[str, float]:
    """Launch with a model; then, for `chain` and `train`, feel the event loop while they run."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from ebm_studio.app.look.theme import Theme
    from ebm_studio.app.pages.generate.page import GeneratePage
    from ebm_studio.app.shell.window import MainWindow
    from ebm_studio.data.storage.settings import Settings

    found: dict[str, float] = {}
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder, "settings.json"))
        theme = Theme(app, settings)
        shown = MainWindow(theme, settings, model)
        stalls = Stalls()

        def painted() -> None:
            found["first_paint_s"] = time.time() - began
            found["first_paint_cpu_s"] = time.process_time()  # the same on a busy machine

        def framed() -> None:
            if "first_frame_s" in found:
                return
            found["first_frame_s"] = time.time() - began
            if probe == "launch":
                QTimer.singleShot(0, shown.close)
            elif probe == "chain":
                shown.page_of(GeneratePage).state.change_run(steps=5000)
                QTimer.singleShot(1000, stalls.start)
                QTimer.singleShot(1000 + int(1000 * SECONDS), shown.close)
            else:
                runs.append(train(Path(folder)))
                waiting.start(50)

        def training() -> None:
            if runs[0].status().updates:
                waiting.stop()
                stalls.start()
                QTimer.singleShot(int(1000 * SECONDS), shown.close)

        runs: list[RunFolder] = []
        waiting = QTimer(interval=50)
        waiting.timeout.connect(training)
        shown.painted.connect(painted)
        shown.page_of(GeneratePage).state.playback.chain_changed.connect(framed)
        QTimer.singleShot(PATIENCE_MS, shown.close)
        shown.show()
        try:
            app.exec()
        finally:
            shown.studio.link.close()
            theme.close()
            for run in runs:
                run.order("stop")
                while run.alive:
                    time.sleep(0.1)
    return found | stalls.result()


def train(root: Path) -> RunFolder:
    """Start training as the window does: n_f 32, K 50, in its own process."""
    from ebm_studio.core.specs import Learning, NetSpec, ShortRun
    from ebm_studio.data.training.plan import Plan
    from ebm_studio.data.training.run_folder import new_run

    source = "fashion-mnist-test"
    plan = Plan(net=NetSpec(channels=1), short_run=ShortRun(), learning=Learning(), source=source, name="stalls")
    run = new_run(root, plan)
    run.launch()
    return run


class Stalls:
    """How late a timer of the event loop comes."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._late: list[float] = []
        self._timer: Any = QTimer(interval=PERIOD_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to feel."""
        self._last = time.perf_counter()
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self._late.append(max(0.0, 1000 * (now - self._last) - PERIOD_MS))
        self._last = now

    def result(self) -> dict[str, float]:
        """The 99th percentile and the longest, in milliseconds."""
        self._timer.stop()
        late = sorted(self._late)
        return {"stall_p99_ms": late[int(0.99 * len(late))], "stall_max_ms": late[-1]} if late else {}


if __name__ == "__main__":
    main()
