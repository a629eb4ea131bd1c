"""A recipe as a line of the command line, and the line read again."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest

from ebm_studio.cli.main import build_parser
from ebm_studio.cli.options import short_run
from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import Interpolation, ShortRun
from ebm_studio.data.exports.commands import PathLine, SampleLine, command_of, is_command, parse_command
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.recipe import ChainRecipe, ComparisonRecipe, LatentRecipe, PathRecipe, Side
from ebm_studio.data.exports.recipe_sources import Seeds
from ebm_studio.data.models.latent import FromPhoto, Latent

RUN = ShortRun(steps=7, step_size=0.85, noise_scale=0.02, start="gaussian", noise_steps=3, settle=2)
PATH = Interpolation(frames=9, path="slerp", noise="off", closed=True)


SIDE = Side(model="my model", model_hash="0" * 16, short_run=RUN)
CHAINS = ChainRecipe(side=SIDE, seeds=Seeds(5, 0, 9), moving=False, look=Look())


def path(*stops, **more) -> PathRecipe:
    return PathRecipe(side=SIDE, sources=stops, path=PATH, look=Look(), **more)


def test_a_line_says_all_that_the_command_needs_and_can_be_read_again() -> None:
    line = command_of(CHAINS, "some folder/my model.safetensors")
    args = build_parser().parse_args(shlex.split(line)[1:])
    assert (args.model, args.count, args.seed) == ("some folder/my model.safetensors", 9, 5)
    assert short_run(args, ShortRun()) == RUN
    assert is_command(line)
    read = parse_command(line)
    assert (read.model, read.seeds) == (args.model, Seeds(5, 0, 9))
    assert ShortRun(**read.run) == RUN

    line = command_of(path(Seeds(1), Seeds(2, 3, 2)))
    args = build_parser().parse_args(shlex.split(line)[1:])
    assert args.stops == ["seed:1", "seed:2:3", "seed:2:4"]
    assert (args.frames, args.path, args.spacing, args.noise, args.loop) == (9, "slerp", "angle", "off", True)
    read = parse_command(line)
    assert read == PathLine("my model", (Seeds(1), Seeds(2, 3), Seeds(2, 4)), PATH, read.run)
    made = read.recipe(SIDE)
    assert (made.side, made.sources, made.path) == (SIDE, read.stops, PATH)


def test_a_comparison_is_two_lines() -> None:
    other = Side(model="other", model_hash="1" * 16, short_run=ShortRun())
    pair = ComparisonRecipe(sides=(SIDE, other), seed=5, count=9, moving=True, look=Look())
    one, two = command_of(pair).splitlines()
    assert parse_command(one).model == "my model"
    assert parse_command(two).model == "other"


def test_what_no_line_can_say_is_refused() -> None:
    z = np.zeros((1, 16, 16), np.float32)
    latent = Latent(z, FromPhoto("photo.png", "free", 0.1), "my model", "0" * 16, RUN)
    for odd in (
        replace(CHAINS, seeds=Seeds(5, 2, 1)),
        LatentRecipe(side=SIDE, sources=(latent,), moving=True, look=Look()),
        LatentRecipe(side=SIDE, sources=(Seeds(1), Seeds(2)), moving=False, look=Look()),
        path(Seeds(1), latent),
        path(Seeds(1), Seeds(2), step=3),
    ):
        with pytest.raises(StudioError, match="replay"):
            command_of(odd)


def test_a_line_that_a_person_wrote_is_read_as_well() -> None:
    read = parse_command("ebm-studio sample faces32 --seed 7 -o faces.png --scale 3 --json --steps 20 --device cpu\n")
    assert read == SampleLine("faces32", Seeds(7, 0, 64), {"steps": 20})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ebm-studio sample", "starts with"),
        ("ebm-studio train faces.zip -o run", "starts with"),
        ("ebm-studio sample faces32 'oh", "quotation mark"),
        ("ebm-studio sample faces32 --steps many", "--steps many"),
        ("ebm-studio sample faces32 --steps 0", "K must be"),
        ("ebm-studio sample faces32 --count 99999999", "out of range"),
        ("ebm-studio sample faces32 --frames 9", "--frames"),
        ("ebm-studio sample faces32 photo.png", "photo.png"),
        ("ebm-studio sample --seed 3", "no model"),
        ("ebm-studio interpolate faces32 seed:1 photo.png", "Only seeds"),
        ("ebm-studio interpolate faces32 seed:1", "path goes over"),
        ("ebm-studio interpolate faces32 seed:1 seed:2 --path curly", "path must be"),
    ],
)
def test_a_line_that_cannot_be_restored_says_why(line: str, reason: str) -> None:
    with pytest.raises(StudioError, match=reason):
        parse_command(line)
