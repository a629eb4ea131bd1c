"""Makes docs/images/: every page, dark and light, at two sizes and two scales.

    python docs/screenshots.py [MODEL] [--only reconstruct]

MODEL is a bundled name or a file; the default is the first bundled model. `--only` takes the pictures whose
name begins so. Qt fixes the scale at its
start, so each picture comes from a process of its own.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebm_studio.app.shell.window import MainWindow

IMAGES = Path(__file__).resolve().parent / "images"
SIZES = {"small": (1280, 800), "large": (1920, 1080)}
SHARES = {"start": 0.0, "half": 0.6, "end": 1.0}
SCENES = ("shelf", "one", "zoomed", "history", "beyond")
PAGES = ("compare", "landscape", "diagnose", "models", "settings", "help")
TRAIN = ("train", "train-settings", "train-run", "train-compare")
LEARNED = ("--size", "16", "--width", "8", "--steps", "40", "--batch", "32", "--data-batch", "64", "--ema", "0.99")
RUNS = {"garments-gently": ("--updates", "150", "--learning-rate", "3e-4"), "garments": ("--updates", "500")}
PATHS = ("path", "surface", "pad", "export")
RECONSTRUCT = {
    f"reconstruct{state}": state.removeprefix("-")
    for state in ("", "-empty", "-crop", "-mask", "-running", "-difference", "-faults")
}
ITERATIONS = 40
UPDATES = 1500  # of the landscape
FOLDER = Path("/home/me/Pictures")  # where an export would go, on whatever machine the picture is made
MEASURED = ("fashion32", "fashion-mnist", 64)  # the model on Diagnose, its pictures, and how many
GARMENTS = slice(3, 6)  # of the sample photos, in name order: three that the first bundled model knows


def main() -> None:
    """Take them all, or, told which, one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("-o", "--output", type=Path, default=IMAGES)
    parser.add_argument("--only", default="", metavar="NAME")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="of the Train page's runs, to keep them")
    parser.add_argument("--one", nargs=3, metavar=("SCHEME", "SIZE", "SHARE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    runs = args.runs or Path(tempfile.mkdtemp(prefix="ebm-studio-runs-"))
    os.environ["XDG_DATA_HOME"] = str(runs)  # the user's own runs and models are not in the pictures
    if args.one:
        scheme, size, share = args.one
        page = f"generate-{scheme}-{size}-{share}" if share in SHARES else f"{share}-{scheme}-{size}"
        name = f"{page}-{os.environ['QT_SCALE_FACTOR']}x.png"
        take(args.model, scheme, SIZES[size], share, args.output / name)
        return
    args.output.mkdir(parents=True, exist_ok=True)
    wanted = [
        *itertools.product(("dark", "light"), SIZES, ("end", *PAGES, *SCENES, *TRAIN, *PATHS, *RECONSTRUCT), "12"),
        ("dark", "small", "half", "1"),
    ]
    for scheme, size, share, scale in wanted:
        if not ("generate" if share in SHARES else share).startswith(args.only):
            continue
        if share in TRAIN:
            make_runs(runs / "ebm-studio" / "runs")
        command = [sys.executable, __file__, "-o", args.output, "--runs", runs, "--one", scheme, size, share]
        if args.model:
            command.insert(2, args.model)
        environment = os.environ | {"QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"}
        subprocess.run(command, env=environment, check=True)
        print(f"{scheme} {size} {share} {scale}x")


def make_runs(folder: Path) -> None:
    """Two short runs on the bundled pictures, unless they are there."""
    for name, words in RUNS.items():
        if not (folder / name / "run.json").exists():
            command = [sys.executable, "-m", "ebm_studio", "train", "fashion-mnist", "-o", folder / name]
            subprocess.run([*command, "--learning-rate", "1e-3", *LEARNED, *words], check=True)


def take(model: str | None, scheme: str, size: tuple[int, int], what: str, path: Path) -> None:
    """One picture of the window: the Generate page at a share of a whole chain, or another page."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from ebm_studio.app.look.theme import Theme
    from ebm_studio.app.shell.window import MainWindow
    from ebm_studio.data.storage.settings import Settings

    app = QApplication([])
    app.setStyle("Fusion")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder, "settings.json"))
        settings.set("scheme", scheme)
        settings.set("hint", "seen")
        theme = Theme(app, settings)
        window = MainWindow(theme, settings, model)
        window.resize(*size)
        window.show()
        stages = _stages(window, what)
        is_ready = [lambda: _at_rest(window)]

        def ready() -> None:
            for fault in (_page(window, "generate").state.fault, window.studio.faults.fault):
                if fault is not None:
                    raise SystemExit(fault.text)
            if not is_ready[0]():
                return
            if after := next(stages, None):
                is_ready[0] = after
            else:
                for button in window.rail.pages:
                    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)  # there is no mouse in a picture
                app.processEvents()
                (window.exports if what == "export" else window).grab().save(str(path))
                window.close()
                app.quit()

        timer = QTimer(interval=400)
        timer.timeout.connect(ready)
        timer.start()
        app.exec()
        timer.stop()
        window.studio.link.close()
        theme.close()


def _page(window: MainWindow, key: str) -> Any:
    return next(page for page in window.pages if page.key == key)


def _at_rest(window: MainWindow) -> bool:
    store = _page(window, "generate").state.playback.store
    return store is not None and not window.studio.link.engine.busy and not _page(window, "compare").state.waiting


def _stages(window: MainWindow, what: str) -> Iterator[Callable[[], bool]]:
    """What is done to the window before the picture; what is yielded must be true before it goes on."""

    def at_rest() -> bool:
        return _at_rest(window)

    if what in RECONSTRUCT:
        yield from _reconstruct(window, RECONSTRUCT[what])
        return
    if what in SHARES:
        playback = _page(window, "generate").state.playback
        playback.go(round(SHARES[what] * playback.store.run.steps))
        if SHARES[what] < 1:
            _page(window, "generate").state.select(5)
        return
    if what in SCENES:
        yield from _scene(window, what)
        return
    if what in PATHS:
        yield from _path(window, what)
        return
    if what in TRAIN:
        yield from _train(window, what)
        return
    window.show_page(_page(window, what))
    yield at_rest
    if what == "landscape":
        state = _page(window, "landscape").state
        state.train(UPDATES)
        yield lambda: not state.is_training and state.sight.updates == UPDATES
        yield lambda: state.counted is not None and state.counted.updates == UPDATES and len(state.counted.steps) > 1
        state.playback.go(state.setup.run.steps)
    if what == "diagnose":
        yield from _diagnose(window)
    if what == "compare":
        state = _page(window, "compare").state
        state.sides[1].change(steps=80, noise_scale=0.03)
        yield at_rest
        state.playback.go(60)
        state.select(4)


def _diagnose(window: MainWindow) -> Iterator[Callable[[], bool]]:
    """The model of garments, measured on Fashion-MNIST: minutes the first time, then it is known."""
    page = _page(window, "diagnose")
    side = page.state.sides[0]
    window.open_model(MEASURED[0])
    yield lambda: _at_rest(window) and side.model is not None and side.model.name == MEASURED[0]
    window.show_page(page)
    page.count.setValue(MEASURED[2])
    side.set_source(MEASURED[1])
    if missing := [claim for claim in page.cards[0] if side.finding(claim) is None]:
        side.measure(missing)
    yield lambda: not side.waiting


def _scene(window: MainWindow, what: str) -> Iterator[Callable[[], bool]]:
    """The Generate page after some work."""
    state, shelf = _page(window, "generate").state, window.studio.shelf
    for chain in (0, 3, 5, 7, 10, 12):
        subject = state.subject(chain)
        shelf.keep(subject.latent, subject.picture)
    shelf.favourite(shelf.items[1], True)
    shelf.set_slot("A", shelf.items[2])
    shelf.set_slot("B", shelf.items[4])
    if what == "history":
        for seed in (7, 8):
            state.change(seed=seed)
            state.run()
            yield lambda: _at_rest(window)
        _page(window, "generate").history.star(_page(window, "generate").history.runs[1], True)
        _page(window, "generate").inspector.show_side("history")
    elif what == "beyond":
        state.change_run(steps=4 * state.parameters.run.steps)
        state.run()
        yield lambda: _at_rest(window)
    state.playback.go(state.parameters.run.steps)
    if what == "one":
        state.enlarge(5)
    elif what == "zoomed":
        _page(window, "generate").canvas.zoom_by(3)
    yield lambda: _at_rest(window)


def _train(window: MainWindow, what: str) -> Iterator[Callable[[], bool]]:
    """The Train page: a new run, all its settings, a run, or two that are compared."""
    page = _page(window, "train")
    window.show_page(page)
    if what in ("train-run", "train-compare"):
        page.runs.select(*(RUNS if what == "train-compare" else ("garments",)))
        yield lambda: True
        return
    yield lambda: page.setup.preview is not None and page.setup.seconds_in_all is not None and _at_rest(window)
    if what == "train-settings":
        page.setup_inspector.expert.set_open(True)
        yield lambda: True
        bar = page.setup_inspector.verticalScrollBar()
        bar.setValue(bar.maximum() // 2)
    yield lambda: True


def _reconstruct(window: MainWindow, state_name: str) -> Iterator[Callable[[], bool]]:
    """The Reconstruct page: `empty`, with `crop`, `mask` or `faults`, `running`, or with what was found."""
    from ebm_studio.app.pages.reconstruct.sample_photos import sample_photos

    window.show_page(_page(window, "reconstruct"))
    state, samples = _page(window, "reconstruct").state, sample_photos()
    yield lambda: _at_rest(window)
    if state_name == "empty":
        return
    state.open_files(samples if state_name in ("crop", "mask") else samples[GARMENTS])
    yield lambda: not state.reading
    if state_name == "crop":
        state.change("Crop", lambda photo: photo.scaled(0.75).moved(10, 15))
    elif state_name == "mask":
        state.set_view("mask")
        state.set_brush(8)
        state.paint((10, 16), (22, 16))
    elif state_name == "faults":
        with tempfile.TemporaryDirectory() as folder:
            photo, notes = Path(folder) / "broken.jpg", Path(folder) / "notes.txt"
            photo.write_bytes(b"\xff\xd8\xff")
            notes.write_text("Not a picture.")
            state.open_files([photo, notes])
            yield lambda: not state.reading
    else:
        state.look_at(state.photos[1])
        state.set(iterations=ITERATIONS, tolerance=0)
        state.start()
        yield lambda: state.search is not None and state.search.done >= ITERATIONS // 3
        if state_name != "running":
            yield lambda: state.playback.store is not None and _at_rest(window)
            state.playback.go(state.playback.store.run.steps)
            state.set_view("difference" if state_name == "difference" else "split")


def _path(window: MainWindow, what: str) -> Iterator[Callable[[], bool]]:
    """The Interpolate page over four chains, and the export dialog on it."""
    state = _page(window, "interpolate").state
    window.show_page(_page(window, "interpolate"))
    for index, chain in enumerate((2, 11, 6, 13)[: 4 if what == "pad" else 2]):
        subject = _page(window, "generate").state.subject(chain)
        state.set_stop(index, window.studio.shelf.made(subject.latent, subject.picture))
    yield lambda: _at_rest(window)
    while state.surface is None or not state.surface.chain.whole:
        yield lambda: _at_rest(window)
    if what != "export":
        state.set_view(what)
    state.go_point(0.4, 0.6)
    state.go(0.4)
    if what == "surface":
        state.go_step(round(0.7 * state.parameters.run.steps))
    elif what == "export":
        window.exports.state.folder = FOLDER
        window.exports.resize(960, 760)
        window.export()
        while window.exports.state.encoded is None:
            yield lambda: _at_rest(window)
    yield lambda: _at_rest(window)


if __name__ == "__main__":
    main()
