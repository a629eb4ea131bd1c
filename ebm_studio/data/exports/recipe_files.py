"""Where a recipe is in a file, and where its models are.

It travels in a GIF's comment, a PNG's text, the Exif description of WebP, JPEG and TIFF, the comment tag of an MP4, or
in a side file where a format has no place for it.
"""

from __future__ import annotations

from pathlib import Path

from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.data.exports.mp4 import read_comment
from ebm_studio.data.exports.recipe import MARK, Recipe, Side, recipe_from_json
from ebm_studio.data.models.card import SUFFIX as MODEL_SUFFIX
from ebm_studio.data.models.card import Card, bundled_models, read_card
from ebm_studio.data.pictures.decoding import opened
from ebm_studio.data.storage.outside import FileKind, kind_of_place

SUFFIX = ".recipe.json"
MAX_TEXT = 1_000_000
"""Bytes of a recipe inside a file: what readers of PNG text accept."""
EXPORT = FileKind("file", 2**31, DataError)
SIDE_FILE = FileKind("recipe", 16_000_000, DataError)
DESCRIPTION = 0x010E  # Exif's ImageDescription
FORMATS = ("GIF", "PNG", "WEBP", "JPEG", "TIFF", "BMP")


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file, or in the side file next to it. Raises `DataError` when there is none, or a bad one."""
    text = _find_text(path)
    if text is None:
        raise DataError(f"{path} contains no recipe: EBM Studio did not export it, or another program saved it again.")
    try:
        return recipe_from_json(text)
    except DataError as error:
        raise DataError(f"{path} cannot be replayed. {error}") from None


def holds_recipe(path: Path) -> bool:
    """Whether a file has a recipe, good or bad, in it or beside it. A quick look, for files dropped on the window."""
    if path.suffix.lower() == ".json" and not path.name.endswith(SUFFIX):
        return False
    try:
        return _find_text(path) is not None
    except DataError:
        return False


def side_file(path: Path) -> Path:
    """Where the recipe of a file is that cannot hold it."""
    return path.with_name(path.name + SUFFIX)


def find_recipe_model(side: Side, beside: Path) -> Path:
    """The file of a recipe's model: a bundled one, or one of that name beside the recipe or in the current folder.

    Raises `DataError` when there is none. `check_same_model` checks whether it is the same model.
    """
    bundled = {path.stem: path for path in bundled_models()}
    if side.model in bundled:
        return bundled[side.model]
    for folder in (beside.parent, Path.cwd()):
        for file in sorted(folder.glob(f"*{MODEL_SUFFIX}")):
            try:
                if read_card(file).name == side.model:
                    return file
            except StudioError:  # a latent, a model of another program
                continue
    raise DataError(
        f"{beside} was made with the model {side.model} (hash {side.model_hash[:16]}), "
        "which cannot be found: give its file with --model."
    )


def check_same_model(side: Side, card: Card, fingerprint: str) -> None:
    """Raises `DataError` when the model is not the recipe's."""
    if side.model_hash != fingerprint:
        raise DataError(
            f"The recipe was made with a different model: it needs {side.model} with hash {side.model_hash[:16]}, but "
            f"{card.name} has {fingerprint}. Give the right file with --model."
        )


def _find_text(path: Path) -> bytes | str | None:
    """The text of a file's recipe, or of the side file next to it; None when there is none.

    Raises `DataError` for a file that cannot be read.
    """
    with EXPORT.open(path) as file:
        head = file.read(16)
    text: bytes | str | None = None
    if path.suffix.lower() == ".json":
        text = SIDE_FILE.read(path)
    elif head[4:8] == b"ftyp":
        text = read_comment(path, MAX_TEXT)
    else:
        text = _text_of_picture(path)
    if text is None and kind_of_place(side_file(path)) == "file":
        text = SIDE_FILE.read(side_file(path))
    return text


def _text_of_picture(path: Path) -> bytes | str | None:
    try:
        with opened(path, str(path), FORMATS) as image:
            found = [image.info.get("comment"), image.info.get(MARK), image.getexif().get(DESCRIPTION)]
    except DataError:
        raise DataError(f"{path} is not a picture or film that this program can read.") from None
    for text in found:
        if isinstance(text, str | bytes) and len(text) <= MAX_TEXT:
            start = text[:40] if isinstance(text, str) else text[:40].decode("latin-1")
            if MARK in start:
                return text
    return None
