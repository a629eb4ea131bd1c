"""What a card says, in a person's words. Free of torch."""

from __future__ import annotations

from ebm_studio.data.models.card import Card, DataCard

TITLES = {
    "celeba": "CelebA faces",
    "cifar10": "CIFAR-10 photos",
    "fashion-mnist": "Fashion-MNIST clothes",
    "flowers102": "Oxford flowers",
    "mnist": "MNIST digits",
    "svhn": "SVHN house numbers",
}
"""What is in the public sets, by their names."""
BY_LICENCE = {"CelebA": "CelebA faces", "public flower photos": "Flowers"}
"""What is in the sets that the bundled models were trained on: their files have names that say nothing."""
OPENING = "Known weaknesses:"


def data_title(data: DataCard) -> str:
    """What the pictures are; the name of a person's own set."""
    known = next((title for start, title in BY_LICENCE.items() if data.licence.startswith(start)), data.name)
    return TITLES.get(data.name, "unknown data" if known == "unknown" else known)


def set_title(name: str) -> str:
    """What is in a public set; the name of another one."""
    return TITLES.get(name, name)


def title_beside(card: Card | None, name: str) -> str:
    """What is in the set of that name, if it is the one of the card; else its name: it may be another crop of it."""
    return data_title(card.data) if card is not None and card.data.name == name else name


def data_total(data: DataCard) -> int:
    """All pictures of the set: those for training and those held out."""
    return data.count + data.held_out


def weaknesses(card: Card) -> tuple[str, str]:
    """The label and the text of a card's note; the label is empty when the note begins with no weaknesses."""
    if card.note.startswith(OPENING):
        return OPENING, card.note.removeprefix(OPENING).strip()
    return "", card.note
