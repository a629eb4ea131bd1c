"""Find a text by a few of its letters."""

from __future__ import annotations


def score(query: str, text: str) -> float | None:
    """How well the letters of `query`, in order, match `text`: higher is better, None means no match.

    Letters at the start of words and in a row count more, a name that begins with the query more than one that has
    it further on, and a short text more than a long one.
    """
    text, total, at = text.lower(), 0.0, -1
    for letter in "".join(query.lower().split()):
        starts = (i for i in range(at + 1, len(text)) if text[i] == letter and (i == 0 or text[i - 1] in " :-…"))
        if at + 1 < len(text) and text[at + 1] == letter:
            found, gain = at + 1, 4.0 if at >= 0 else 3.0
        elif (found := next(starts, -1)) >= 0:
            gain = 3.0
        elif (found := text.find(letter, at + 1)) >= 0:
            gain = 0.5
        else:
            return None
        total += gain
        at = found
    begins = text.rpartition(": ")[2].startswith(query.strip().lower())  # the name, without the page it is on
    return total + begins - len(text) / 100
