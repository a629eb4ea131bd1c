"""Plots as SVG: whole, well-formed, and true to their numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.evaluation.findings import Plot, Series, curve
from ebm_studio.data.exports.svg_plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, svg, values_at

NAMESPACE = {"s": "http://www.w3.org/2000/svg"}


def test_every_kind_of_series_is_drawn() -> None:
    plot = Plot(
        "Energy & <contrast>",
        "steps",
        "E",
        (
            curve("line", [0.0, 1, 10, 100], [Estimate(v, 0.1) for v in (5, 1, 2, float("nan"))]),
            Series("dots", (1, 2, 3), (1, 2, 3), style="dots"),
            Series("bars", (10, 20, 30), (0.1, 0.5, 0.4), style="bars"),
        ),
        log_x=True,
        mark=10,
    )
    root = ET.fromstring(svg(plot))
    assert root.findtext("s:title", namespaces=NAMESPACE) == "Energy & <contrast>"
    points = root.find("s:polyline", NAMESPACE)
    assert points is not None
    assert len(points.attrib["points"].split()) == 2  # 0 has no place on a log axis, nan nowhere
    assert len(root.findall("s:polygon", NAMESPACE)) == 2  # the band and the bars
    assert "K" in [text.text for text in root.findall("s:text", NAMESPACE)]


def test_a_plot_of_one_point_or_none_is_drawn_all_the_same() -> None:
    for series in (Series("a", (5,), (3,)), Series("a", (), ()), Series("a", (1,), (2,), style="bars")):
        for log in (False, True):
            ET.fromstring(svg(Plot("t", "x", "y", (series,), log_x=log)))


def test_axes_have_round_ticks() -> None:
    assert Axis(1, 5000, 0, 100, log=True).ticks == [1, 10, 100, 1000]
    assert Axis(50, 1000, 0, 100, log=True).ticks == [50, 100, 200, 500, 1000]
    assert Axis(-0.1, 1.05, 0, 100).ticks == pytest.approx([0, 0.5, 1])
    assert Axis(1, 100, 10, 30, log=True)(10) == pytest.approx(20)


def test_the_pointer_is_told_what_is_nearest() -> None:
    noise = curve("from noise", [1.0, 10, 100], [Estimate(v, 0.5) for v in (5, 1, 2)])
    dots = Series("dots", (10, 10, 100), (1, 4, 4), style="dots")
    plot = Plot("Energy", "steps", "E", (noise, dots), log_x=True)
    middle = (LEFT + WIDTH - RIGHT) / 2
    assert values_at(plot, middle + 20, TOP + 5) == "from noise: 1 ± 0.5 at 10\ndots: 4 at 10"
    assert values_at(plot, middle + 20, HEIGHT - BOTTOM - 5).endswith("dots: 1 at 10")
    assert values_at(plot, WIDTH - RIGHT, TOP + 5).startswith("from noise: 2 ± 0.5 at 100")
    assert values_at(plot, 5, 5) == ""
