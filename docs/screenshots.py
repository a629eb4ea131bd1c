"""Makes docs/images/: the window with a finished chain and half way, dark and light, at two sizes and two scales.

    python docs/screenshots.py [MODEL]

MODEL is a bundled name or a file; the default is the first bundled model. Qt fixes the scale at its
start, so each picture comes from a process of its own.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).resolve().parent / "images"
SIZES = {"small": (1280, 800), "large": (1920, 1080)}
SHARES = {"start": 0.0, "half": 0.6, "end": 1.0}


def main() -> None:
    """Take them all, or, told which, one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("-o", "--output", type=Path, default=IMAGES)
    parser.add_argument("--one", nargs=3, metavar=("SCHEME", "SIZE", "SHARE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        scheme, size, share = args.one
        name = f"generate-{scheme}-{size}-{share}-{os.environ['QT_SCALE_FACTOR']}x.png"
        take(args.model, scheme, SIZES[size], SHARES[share], args.output / name)
        return
    args.output.mkdir(parents=True, exist_ok=True)
    wanted = [*itertools.product(("dark", "light"), SIZES, ("end",), "12"), ("dark", "small", "half", "1")]
    for scheme, size, share, scale in wanted:
        command = [sys.executable, __file__, "-o", args.output, "--one", scheme, size, share]
        if args.model:
            command.insert(2, args.model)
        environment = os.environ | {"QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"}
        subprocess.run(command, env=environment, check=True)
        print(f"{scheme} {size} {share} {scale}x")


def take(model: str | None, scheme: str, size: tuple[int, int], share: float, path: Path) -> None:
    """One picture of the window, at `share` of a whole chain."""
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from ebm_studio.app.theme import Theme
    from ebm_studio.app.window import MainWindow

    app = QApplication([])
    app.setStyle("Fusion")
    with tempfile.TemporaryDirectory() as folder:
        settings = QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat)
        settings.setValue("scheme", scheme)
        settings.setValue("seed", "42")
        theme = Theme(app, settings)
        window = MainWindow(theme, settings, model)
        window.resize(*size)
        window.show()
        playback = window.state.playback

        def ready() -> None:
            if window.state.fault is not None:
                raise SystemExit(window.state.fault.text)
            if playback.store is None or not playback.store.finished or window.link.engine.busy:
                return
            playback.go(round(share * playback.store.run.steps))
            if share < 1:
                window.state.select(5)
            app.processEvents()
            window.grab().save(str(path))
            window.close()
            app.quit()

        timer = QTimer(interval=200)
        timer.timeout.connect(ready)
        timer.start()
        app.exec()
        timer.stop()
        window.link.close()
        theme.close()


if __name__ == "__main__":
    main()
