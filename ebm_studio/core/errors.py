"""The errors that a person can cause and fix."""

import re

MOST = 1000  # letters of a message
_DIGITS = re.compile(r"\d{50,}")


class StudioError(Exception):
    """An error in what the program was given: one line that says what is wrong and what to do.

    The command line prints it and ends with exit code 2; the window shows it in a banner. Anything
    that is not a `StudioError` is a bug in the program.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class SettingsError(StudioError):
    """A number or a choice out of its range."""


class CheckpointError(StudioError):
    """A model file that is missing, damaged, or not one of ours."""


class DataError(StudioError):
    """Pictures or latents that are missing, damaged, or something else."""


class DivergedError(StudioError):
    """A run whose numbers are no longer finite."""


class DiskFullError(StudioError):
    """A file for which there is no space, on a full disk or beyond a quota. It can be written when there is space
    again.
    """


class LostRankError(StudioError):
    """One of the processes that train together is gone."""


def one_line(text: str) -> str:
    """Text that can be printed in one line anywhere, whatever a file's name or content contains."""
    words = "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\ufffd" for letter in text[: 2 * MOST]
    )
    line = _DIGITS.sub(lambda number: f"{number[0][:20]}…", " ".join(words.split()))
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"
