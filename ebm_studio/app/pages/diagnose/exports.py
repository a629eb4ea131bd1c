"""Findings as files: a picture of them, or a report that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog, QWidget

from ebm_studio.app.widgets.images import as_png
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.evaluation.findings import Diagnosis
from ebm_studio.data.exports.report import save_report
from ebm_studio.data.exports.svg_card import findings_svg
from ebm_studio.data.storage.atomic_write import write_whole

REPORT = "Report (*.html)"
PICTURES = ";;SVG picture (*.svg);;PNG picture (*.png)"
SCALE = 2
"""Pixels of a PNG for each of the SVG."""


def choose_file(parent: QWidget, name: str, models: int) -> str:
    """Ask where to save diagnoses of so many models; empty when the person thought better of it."""
    filters = REPORT + PICTURES * (models == 1)
    chosen, _ = QFileDialog.getSaveFileName(parent, "Save the diagnosis", f"{name}.html", filters)
    return chosen


def save_findings(path: Path, diagnoses: Sequence[Diagnosis]) -> None:
    """Write diagnoses as the kind of file that the suffix names. Raises `StudioError`."""
    suffix = path.suffix.lower()
    if suffix in (".html", ".htm"):
        save_report(path, diagnoses)
    elif suffix in (".svg", ".png"):
        if len(diagnoses) != 1:
            raise SettingsError("Only an .html report can show two models; a picture shows one.")
        text = findings_svg(diagnoses[0], diagnoses[0].findings)
        if suffix == ".svg":
            write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))
        else:
            content = _png(text)
            write_whole(path, lambda file: file.write_bytes(content))
    else:
        raise SettingsError(f"A diagnosis can be saved as .html, .svg or .png, not as {path.name}.")


def _png(svg: str) -> bytes:
    renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", "#1a1c1f").encode()))
    image = QImage(renderer.defaultSize() * SCALE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return as_png(image)
