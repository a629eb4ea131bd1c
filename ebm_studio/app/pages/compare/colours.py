"""A colour for each side, of its name and its curves."""

from __future__ import annotations

from ebm_studio.app.look.tokens import Tokens


def colour_of(tokens: Tokens, place: int) -> str:
    """The first side has the text's colour, the second the accent, those after them the other series."""
    return (tokens.text, *tokens.series)[place]
