"""What a card says in words."""

from __future__ import annotations

import pytest

from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.card import Card, DataCard
from ebm_studio.data.models.card_text import data_title, data_total, weaknesses


@pytest.mark.parametrize(
    ("name", "licence", "title"),
    [
        ("faces64", "CelebA: non-commercial research only", "CelebA faces"),
        ("faces64", "", "faces64"),  # a zip of somebody's own
        ("fashion-mnist", "MIT", "Fashion-MNIST clothes"),
        ("blossoms", "public flower photos without a licence text: research use", "Flowers"),
        ("birds", "CC0", "birds"),
        ("unknown", "", "unknown data"),
    ],
)
def test_data_is_called_by_what_it_is(name, licence, title):
    assert data_title(DataCard(name=name, licence=licence)) == title


def test_all_pictures_are_counted():
    assert data_total(DataCard(count=24_000, held_out=1_000)) == 25_000


def test_weaknesses_have_a_label():
    card = Card(name="m", net=NetSpec(), short_run=ShortRun(), note="Known weaknesses: glasses are smeared.")
    assert weaknesses(card) == ("Known weaknesses:", "glasses are smeared.")


def test_another_note_has_none():
    card = Card(name="m", net=NetSpec(), short_run=ShortRun(), note="Weakened on purpose.")
    assert weaknesses(card) == ("", "Weakened on purpose.")
