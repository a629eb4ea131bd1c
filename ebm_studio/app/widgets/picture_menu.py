"""The menu of any picture of the window: on the canvas, on the shelf, in a slot, on any page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.studio.shelf import SLOTS, Shelf, Slot, Subject
from ebm_studio.app.widgets.images import enlarged, enlargement
from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.latent import FromSeed, save_latent
from ebm_studio.data.pictures.pictures import grid, save_picture


class PictureMenu(QMenu):
    """Built again for each click. It only has what the picture can do.

    >>> PictureMenu(self, theme, shelf, subject).popup(event.globalPos())
    """

    def __init__(self, parent: QWidget, theme: Theme, shelf: Shelf, subject: Subject) -> None:
        super().__init__(parent)
        self.aboutToHide.connect(self.deleteLater)
        self._shelf = shelf
        self._subject = subject
        on_shelf = subject.kept is not None and subject.kept in shelf.items
        if subject.open:
            self.addAction(subject.open_text, QKeySequence("Return"), subject.open)
            self.addSeparator()
        if subject.latent is not None and not on_shelf:
            self.addAction("Keep", QKeySequence("K"), self.keep)
        for slot in SLOTS if subject.latent is not None else ():
            self.addAction(f"Use as {slot}", QKeySequence(slot), partial(self.use_as, slot))
        self.addSeparator()
        self.addAction("Copy image", QKeySequence(QKeySequence.StandardKey.Copy), self.copy_image)
        self.addAction("Save image…", self.save_image)
        if subject.latent is not None:
            self.addAction("Save latent…", self.save_latent)
        if self._seed is not None:
            self.addAction("Copy seed", self.copy_seed)
        if subject.run_longer:
            self.addSeparator()
            self.addAction("Run longer", QKeySequence("L"), subject.run_longer)

    @property
    def _seed(self) -> str | None:
        origin = self._subject.latent.origin if self._subject.latent else None
        return f"{origin.seed}:{origin.chain}" if isinstance(origin, FromSeed) else None

    def keep(self) -> None:
        """Put it on the shelf."""
        keep(self._shelf, self._subject)

    def use_as(self, slot: Slot) -> None:
        """Put it in a slot."""
        self._shelf.set_slot(slot, self._subject.on(self._shelf))

    def copy_image(self) -> None:
        """Put the picture in the clipboard."""
        copy_image(self._subject)

    def copy_seed(self) -> None:
        """Put seed and chain in the clipboard."""
        if self._seed is not None:
            QGuiApplication.clipboard().setText(self._seed)

    def save_image(self) -> None:
        """Ask where, and write the picture."""
        name, _ = QFileDialog.getSaveFileName(self.parentWidget(), "Save the image", f"{self._name}.png", "PNG (*.png)")
        if name:
            path = Path(name) if Path(name).suffix else Path(f"{name}.png")
            seen = self._subject.seen
            self._try(lambda: save_picture(grid(seen[None], 1, enlargement(seen)), path))

    def save_latent(self) -> None:
        """Ask where, and write the latent."""
        latent = self._subject.latent
        name, _ = QFileDialog.getSaveFileName(
            self.parentWidget(), "Save the latent", f"{self._name}.safetensors", "Latents (*.safetensors)"
        )
        if name and latent is not None:
            path = Path(name) if Path(name).suffix else Path(f"{name}.safetensors")
            self._try(lambda: save_latent(path, latent))

    @property
    def _name(self) -> str:
        return "".join(c if c.isalnum() or c in "-_. " else "-" for c in self._subject.name)

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except StudioError as error:
            self._shelf.failed.emit(str(error))


def keep(shelf: Shelf, subject: Subject) -> None:
    """Put a picture's latent on the shelf, if it has one."""
    kept = subject.on(shelf)
    if kept is not None and kept not in shelf.items:
        shelf.put_back(kept)


def copy_image(subject: Subject) -> None:
    """Put a picture in the clipboard as it is seen, enlarged with crisp pixels."""
    QGuiApplication.clipboard().setImage(enlarged(subject.seen))
