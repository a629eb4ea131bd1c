"""Data in the plane: those that come along, and whatever else a person has."""

import json

import numpy as np
import pytest
from PIL import Image

from ebm_studio.core.errors import DataError
from ebm_studio.core.evaluation.plane import Grid, total_variation
from ebm_studio.data.points.shapes import SHAPES
from ebm_studio.data.points.sources import from_origin, of_darkness, of_points, of_text, open_points
from ebm_studio.data.storage.plain_data import plain

GRID = Grid()


@pytest.mark.parametrize("name", SHAPES)
def test_the_density_of_a_shape_is_that_of_its_points(name):
    data = SHAPES[name]
    points = data.draw(50_000, 1)
    assert np.abs(points).max() < 1.5
    assert np.array_equal(points, data.draw(50_000, 1))
    assert not np.array_equal(points, data.draw(50_000, 2))
    blurred = [GRID.smoothed(masses, GRID.cell) for masses in (data.density(GRID), GRID.histogram(points))]
    assert total_variation(*blurred) < 0.05


@pytest.mark.parametrize("data", [of_text("EBM"), of_points(np.eye(2, dtype=np.float32)), SHAPES["moons"]])
def test_data_come_back_from_their_origin(data):
    again = from_origin(json.loads(json.dumps(plain(data.origin))))
    assert again.name == data.name
    assert np.array_equal(again.draw(100, 3), data.draw(100, 3))


@pytest.mark.parametrize("origin", [None, {}, {"kind": "shape", "name": "x"}, {"kind": "points", "name": "x"},
    {"kind": "points", "name": "x", "points": "AAAA"}, {"kind": "shape", "name": []},
    {"kind": "picture", "name": "x", "width": 0, "darkness": ""}, {"kind": "other", "name": "x"}])  # fmt: skip
def test_another_origin_is_refused(origin):
    with pytest.raises(DataError):
        from_origin(origin)


def test_a_picture_is_a_density_the_right_way_up():
    darkness = np.zeros((40, 20), np.uint8)
    darkness[:10, 10:] = 255  # at the top right
    points = of_darkness(darkness, "corner").draw(500, 0)
    assert points[:, 1].min() > 0.4
    assert points[:, 0].min() > -0.01


def test_a_table_of_points(tmp_path):
    (tmp_path / "p.csv").write_text("x,y\n0.5,-0.5\n-0.25;1\n\n0\t0\n")
    points = open_points(str(tmp_path / "p.csv")).draw(1000, 0)
    assert points[:, 1].max() == pytest.approx(1, abs=0.15)


def test_points_far_away_are_brought_near(tmp_path):
    np.save(tmp_path / "p.npy", np.array([[1e6, 5], [1e6 + 10, 5], [1e6 + 5, 9]]))
    points = open_points(str(tmp_path / "p.npy")).draw(1000, 0)
    assert np.abs(points).max() < 1.1
    assert points[:, 0].max() > 0.8


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\nthree,4\n", "text in row 2"),
        ("1,2\nnan,3\n", "not finite"),
        ("1,2\n1e999,3\n", "not finite"),
        ("1\n2\n3\n", "1 column"),
        ("1,2,3\n", "3 columns"),
        ("0.1,0.2\n", "1 point:"),
        ("", "no points"),
        ("x,y\n", "no points"),
    ],
)
def test_a_bad_table_is_refused_in_a_sentence(tmp_path, content, says):
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(DataError, match=says) as error:
        open_points(str(tmp_path / "p.csv"))
    assert "\n" not in str(error.value)


def test_bad_arrays_are_refused(tmp_path):
    path = tmp_path / "p.npy"
    for array, says in (
        (np.array([["a", "b"]]), "plain numbers"),
        (np.zeros(5), "1 column"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        (np.zeros((3, 3)), "3 columns"),
        (np.broadcast_to(np.float32(0), (1_000_001, 2)), "at most 1,000,000"),
    ):
        np.save(path, array)
        with pytest.raises(DataError, match=says):
            open_points(str(path))
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="NumPy"):
        open_points(str(path))


def test_an_array_that_claims_to_be_huge_is_refused(tmp_path):
    path = tmp_path / "p.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 2)})
    with pytest.raises(DataError):
        open_points(str(path))


def test_a_million_points_are_taken(tmp_path):
    np.save(tmp_path / "p.npy", np.random.default_rng(0).random((1_000_000, 2), np.float32))
    assert len(open_points(str(tmp_path / "p.npy")).draw(100, 0)) == 100


@pytest.mark.parametrize(("colour", "says"), [("white", "completely white"), ("black", "equally dark")])
def test_a_blank_picture_is_refused(tmp_path, colour, says):
    Image.new("L", (50, 50), colour).save(tmp_path / "p.png")
    with pytest.raises(DataError, match=says):
        open_points(str(tmp_path / "p.png"))


@pytest.mark.parametrize("source", ["nothing", "text:", "text: ", "text:" + "a" * 30, "/"])
def test_what_is_no_data_is_refused(source):
    with pytest.raises(DataError):
        open_points(source)
