"""The program in a Linux desktop: an entry in its menu, an icon, and the types of our files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ebm_studio.core.errors import StudioError
from ebm_studio.data.storage.atomic_write import write_whole, writing_failed
from ebm_studio.data.storage.bundle import RESOURCES

FILES = {
    "applications/ebm-studio.desktop": "desktop/ebm-studio.desktop",
    "icons/hicolor/scalable/apps/ebm-studio.svg": "icons/ebm-studio.svg",
    "mime/packages/ebm-studio.xml": "desktop/ebm-studio.xml",
}
"""In the user's data folder, and where each comes from in our resources."""
UPDATERS = (("update-mime-database", "mime"), ("update-desktop-database", "applications"))
"""What reads a folder anew. Desktops bring both along."""
PATIENCE = 60  # seconds


def data_home() -> Path:
    """The user's data folder, as the desktops' specification has it."""
    given = os.environ.get("XDG_DATA_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"


def install_desktop(command: Sequence[str]) -> list[Path]:
    """Write the files, so that the menu and the file manager start `command`; returns them. Raises `StudioError`."""
    written = []
    for place, source in FILES.items():
        text = (RESOURCES / source).read_text(encoding="utf-8").replace("@EXEC@", " ".join(map(quoted, command)))
        path = data_home() / place
        write_whole(path, partial(_write, text.encode()))
        written.append(path)
    _update()
    return written


def remove_desktop() -> list[Path]:
    """Delete what `install_desktop` wrote, and nothing else; returns what was there. Raises `StudioError`."""
    there = [path for place in FILES if (path := data_home() / place).exists()]
    for path in there:
        try:
            path.unlink()
        except OSError as error:
            raise writing_failed(path, error) from error
    _update()
    return there


def quoted(word: str) -> str:
    """A word of a command as a desktop entry wants it. Raises `StudioError` for one that it cannot hold."""
    if not word.isprintable():
        raise StudioError(
            f"The program's path, {word!r}, cannot be used in a desktop entry: install the program in another folder."
        )
    if re.fullmatch(r"[\w@:,./+=-]+", word, re.ASCII):
        return word  # as it is, since xdg-open outside the large desktops knows no quotes
    # Quoted for the command line, and then, as every text of the file, its backslashes once more.
    inner = re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%")
    return f'"{inner}"'.replace("\\", "\\\\")


def _write(content: bytes, file: Path) -> None:
    file.write_bytes(content)


def _update() -> None:
    for program, folder in UPDATERS:
        if (found := shutil.which(program)) and (data_home() / folder).is_dir():
            try:
                subprocess.run([found, str(data_home() / folder)], capture_output=True, timeout=PATIENCE, check=False)
            except (OSError, subprocess.SubprocessError) as error:
                raise StudioError(
                    f"{program} failed, so the desktop may not notice the files until later ({error})."
                ) from None
