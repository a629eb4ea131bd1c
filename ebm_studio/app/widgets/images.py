"""Pictures as Qt wants them: images, drags, the clipboard."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QImage, QPixmap
from PySide6.QtWidgets import QWidget

from ebm_studio.app.studio.shelf import Subject
from ebm_studio.data.pictures.pictures import Pixels, interleaved

MIME = "application/x-ebm-studio-picture"
LARGE = 256  # pixels that a copied or saved picture has at least a side
CARRIED = 64  # pixels of the picture under the pointer in a drag


def to_image(pixels: Pixels) -> QImage:
    """A picture (C, H, W) as a QImage of its own."""
    channels, height, width = pixels.shape
    if channels == 1:
        return QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
    data = interleaved(pixels).tobytes()
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def enlargement(pixels: Pixels) -> int:
    """How many times a picture (C, H, W) is enlarged, with crisp pixels, for other programs."""
    return max(1, -(-LARGE // int(pixels.shape[2])))


def enlarged(pixels: Pixels) -> QImage:
    """A picture (C, H, W) as other programs get it."""
    factor = enlargement(pixels)
    return to_image(pixels.repeat(factor, axis=1).repeat(factor, axis=2))


class SubjectMime(QMimeData):
    """A picture of this window on its way to another place in it; other programs see the image."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject
        self.setData(MIME, b"")
        self.setImageData(enlarged(subject.seen))


def subject_of(mime: QMimeData) -> Subject | None:
    """What is dragged, when it comes from this window."""
    return mime.subject if isinstance(mime, SubjectMime) else None


def carry(source: QWidget, subject: Subject) -> None:
    """Drag a picture; returns when it is dropped."""
    drag = QDrag(source)
    drag.setMimeData(SubjectMime(subject))
    image = to_image(subject.seen).scaled(CARRIED, CARRIED, Qt.AspectRatioMode.KeepAspectRatio)
    drag.setPixmap(QPixmap.fromImage(image))
    drag.setHotSpot(QPoint(CARRIED // 2, CARRIED // 2))
    drag.exec(Qt.DropAction.CopyAction)


def as_png(image: QImage) -> bytes:
    """A picture as the content of a PNG file."""
    content = QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(content, "PNG")  # type: ignore[call-overload]  # its stubs want bytes, which it refuses
    return bytes(content.data().data())
