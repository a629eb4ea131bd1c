import math

import pytest
import torch

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.sampling.interpolation import (
    mix,
    pad_weights,
    path_weights,
    smoothness,
    space_by_image,
)
from ebm_studio.core.sampling.path_positions import position_of, positions, rho
from ebm_studio.core.specs import Interpolation, check_stops


@pytest.fixture
def stops():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("path", ["paper", "slerp", "linear"])
@pytest.mark.parametrize("spacing", ["angle", "rho"])
def test_every_stop_that_a_frame_falls_on_is_exactly_that_latent(stops, path, spacing):
    spec = Interpolation(path=path, spacing=spacing, frames=9)
    z = mix(stops, path_weights(positions(spec, 3), stops, path))
    assert z.shape == (9, 3, 16, 16)
    for frame, stop in ((0, 0), (4, 1), (8, 2)):
        assert torch.equal(z[frame], stops[stop])
    assert not torch.equal(z[1], z[0])


def test_the_papers_path_is_the_papers_formula(stops):
    spec = Interpolation(spacing="rho", frames=5)
    places = positions(spec, 2)
    z = mix(stops[:2], path_weights(places, stops[:2]))
    for place, frame, value in zip(places, z, (1, 0.75, 0.5, 0.25, 0), strict=True):
        assert rho(place, "paper", 1) == pytest.approx(value, abs=1e-12)
        torch.testing.assert_close(frame, value * stops[0] + math.sqrt(1 - value**2) * stops[1])


def test_the_papers_path_and_slerp_keep_the_variance_and_the_line_does_not(stops):
    for path, least, most in (("paper", 0.9, 1.1), ("slerp", 0.9, 1.1), ("linear", 0.4, 0.6)):
        middle = mix(stops[:2], path_weights([0.5], stops[:2], path))
        assert least < float(middle.var()) < most, path


def test_slerp_of_equal_latents_is_that_latent(stops):
    same = stops[:1].repeat(2, 1, 1, 1)
    torch.testing.assert_close(mix(same, path_weights([0.3], same, "slerp")), same[:1])


def test_a_loop_ends_a_step_before_its_beginning(stops):
    spec = Interpolation(frames=12, closed=True)
    places = positions(spec, 3)
    z = mix(stops, path_weights(places, stops, closed=True))
    assert places[0] == 0
    assert places[-1] == 2.75
    assert torch.equal(z[8], stops[2])
    weights = path_weights([2.5], stops, closed=True)[0]
    assert weights.tolist() == pytest.approx([math.sqrt(0.5), 0, math.sqrt(0.5)])


def test_a_pad_has_the_latents_at_its_corners_and_keeps_the_variance():
    corners = pad_weights([(0, 0), (1, 0), (0, 1), (1, 1)])
    assert torch.equal(corners, torch.eye(4))
    inside = pad_weights([(0.5, 0.5), (0.2, 0.9)])
    torch.testing.assert_close(inside.square().sum(1), torch.ones(2))
    with pytest.raises(SettingsError, match="unit square"):
        pad_weights([(1.1, 0)])


def ramp(curve):
    """Pictures whose value is a curve of their position."""
    return lambda places: torch.tensor([curve(place) for place in places]).view(-1, 1, 1, 1).expand(-1, 3, 4, 4)


def test_spacing_by_image_evens_out_what_the_angle_does_not():
    render = ramp(lambda place: math.tanh(6 * (place - 0.5)))
    places = positions(Interpolation(frames=17), 2)
    before = smoothness(render(places))
    spaced = space_by_image(places, render)
    after = smoothness(render(spaced))
    assert before.unevenness > 2
    assert after.unevenness < 1.1
    assert (spaced[0], spaced[-1], len(spaced)) == (0, 1, 17)
    assert spaced == sorted(spaced)


def test_spacing_a_loop_by_image_counts_the_way_back():
    render = ramp(lambda place: math.sin(2 * math.pi * (place / 3) ** 2))
    places = positions(Interpolation(frames=24, closed=True), 3)
    spaced = space_by_image(places, render, 3)
    assert smoothness(render(spaced), True).unevenness < smoothness(render(places), True).unevenness
    assert spaced[0] == 0
    assert spaced[-1] < 3


def test_smoothness_is_in_units_of_pixels():
    images = torch.tensor([0.0, 0.1, 0.4]).view(3, 1, 1, 1).expand(3, 3, 8, 8)
    measured = smoothness(images)
    assert measured.distances == pytest.approx((0.1, 0.3))
    assert measured.unevenness == pytest.approx(1.5)
    assert smoothness(images, closed=True).length == pytest.approx(0.8)


@pytest.mark.parametrize("bad", [{"path": "curved"}, {"spacing": "x"}, {"frames": 1}, {"frames": 9999}, {"noise": "?"}])
def test_bad_paths_are_refused(bad):
    with pytest.raises(SettingsError):
        Interpolation(**bad)
    for count, closed in ((1, False), (2, True), (99, False)):
        with pytest.raises(SettingsError):
            check_stops(count, closed)


@pytest.mark.parametrize("path", ["paper", "slerp", "linear"])
@pytest.mark.parametrize("value", [1.0, 0.7, 0.25, 0.0])
def test_a_position_is_found_by_its_rho(path, value):
    assert rho(position_of(value, 1, path), path, 2) == pytest.approx(value)
