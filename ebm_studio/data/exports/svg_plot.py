"""Plots of a diagnosis as SVG text: for reports that stand alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from ebm_studio.core.evaluation.findings import Plot, Series

WIDTH, HEIGHT = 440, 280
LEFT, RIGHT, TOP, BOTTOM = 62, 20, 30, 46
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00")
"""Told apart by people who see colours differently (after Okabe and Ito)."""
TICKS = 5
LEGEND_LINE = 15


@dataclass(frozen=True)
class Axis:
    """Values to pixels."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, self._inside(value)))
        return self.begin + (at - low) / (high - low) * (self.end - self.begin)

    @property
    def ticks(self) -> list[float]:
        """Round values: powers of ten on a log axis, or 1, 2 and 5 times these, else about five steps."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            factors = (1, 2, 5) if self.high < 300 * self.low else (1,)
            values = [factor * 10.0**power for power in powers for factor in factors]
            return [value for value in values if self.low <= value <= self.high]
        rough = (self.high - self.low) / TICKS
        unit: float = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [step * i for i in range(first, last + 1)]

    def _inside(self, value: float) -> float:
        return min(max(value, self.low), self.high)


FONT = 'font-family="system-ui, sans-serif" font-size="11" fill="currentColor"'


def svg(plot: Plot, colours: Sequence[str] = COLOURS) -> str:
    """A plot as one <svg> element, whose lines and letters take the colour of the text around it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'{FONT} role="img">',
        f"<title>{escape(plot.title)}</title>",
        *plot_parts(plot, colours),
        "</svg>",
    ]
    return "\n".join(parts)


def plot_parts(plot: Plot, colours: Sequence[str] = COLOURS) -> list[str]:
    """The elements of a plot, `WIDTH` by `HEIGHT`, for an <svg> that has `FONT`."""
    x_axis, y_axis = _axes(plot)
    parts = [
        f'<text x="{LEFT}" y="16" font-size="13" font-weight="600">{escape(plot.title)}</text>',
        *_frame(plot, x_axis, y_axis),
        *_guides(plot, x_axis, y_axis),
    ]
    chosen = [colours[i % len(colours)] for i in range(len(plot.series))]
    for series, colour in zip(plot.series, chosen, strict=True):
        parts += _SHAPES[series.style](series, colour, x_axis, y_axis)
    return parts + (_legend(plot, chosen) if len(plot.series) > 1 else [])


def values_at(plot: Plot, x: float, y: float) -> str:
    """What each series has nearest to a pixel of the plot, a line each; nothing outside of the axes."""
    if not (LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM):
        return ""
    x_axis, y_axis = _axes(plot)
    lines = []
    for series in plot.series:
        points = [point for point in zip(series.x, series.y, strict=True) if _shown(*point, x_axis)]
        if not points:
            continue
        height = 1 if series.style == "dots" else 0  # along a curve only x counts
        away = [(x_axis(a) - x) ** 2 + height * (y_axis(b) - y) ** 2 for a, b in points]
        nearest = points[away.index(min(away))]
        spread = f" ± {number(series.sd[series.x.index(nearest[0])])}" if series.sd else ""
        lines.append(f"{series.name}: {number(nearest[1])}{spread} at {number(nearest[0])}")
    return "\n".join(lines)


def number(value: float) -> str:
    """A short number for a tick."""
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")


def _axes(plot: Plot) -> tuple[Axis, Axis]:
    xs = [x for series in plot.series for x in series.x if math.isfinite(x) and (x > 0 or not plot.log_x)]
    ys = [
        y + sign * sd
        for series in plot.series
        for y, sd in zip(series.y, series.sd or (0.0,) * len(series.y), strict=True)
        for sign in (-1, 1)
        if math.isfinite(y + sd)
    ]
    ys += [0.0] if any(series.style == "bars" for series in plot.series) else []
    x_low, x_high = _range(xs, 0 if plot.log_x else 0.03)
    y_low, y_high = _range(ys, 0.05)
    return (
        Axis(x_low, x_high, LEFT, WIDTH - RIGHT, plot.log_x),
        Axis(y_low, y_high, HEIGHT - BOTTOM, TOP),
    )


def _range(values: Sequence[float], margin: float) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (1.0, 2.0)
    if high <= low:
        return low - abs(low) * 0.1 - 0.1 * (margin > 0), low + abs(low) * 0.1 + 0.1
    return low - margin * (high - low), high + margin * (high - low)


def _frame(plot: Plot, x_axis: Axis, y_axis: Axis) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="currentColor" opacity=".5"/>']
    for tick in x_axis.ticks:
        at = x_axis(tick)
        parts.append(f'<path d="M{at:.1f} {bottom}v4" stroke="currentColor" opacity=".5"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{number(tick)}</text>')
    for tick in y_axis.ticks:
        at = y_axis(tick)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{right}" stroke="currentColor" opacity=".12"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    middle_x, middle_y = (LEFT + right) / 2, (TOP + bottom) / 2
    parts.append(f'<text x="{middle_x}" y="{HEIGHT - 10}" text-anchor="middle">{escape(plot.x_label)}</text>')
    parts.append(
        f'<text transform="translate(13 {middle_y}) rotate(-90)" text-anchor="middle">{escape(plot.y_label)}</text>'
    )
    return parts


def _guides(plot: Plot, x_axis: Axis, y_axis: Axis) -> list[str]:
    parts = []
    if plot.mark is not None and x_axis.low <= plot.mark <= x_axis.high:
        at = x_axis(plot.mark)
        parts.append(
            f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="currentColor" stroke-dasharray="3 3" opacity=".7"/>'
        )
        parts.append(f'<text x="{at + 4:.1f}" y="{HEIGHT - BOTTOM - 6}">{escape(plot.mark_label)}</text>')
    if plot.diagonal:
        low, high = max(x_axis.low, y_axis.low), min(x_axis.high, y_axis.high)
        if high > low:
            parts.append(
                f'<path d="M{x_axis(low):.1f} {y_axis(low):.1f}L{x_axis(high):.1f} {y_axis(high):.1f}" '
                'stroke="currentColor" stroke-dasharray="3 3" opacity=".7"/>'
            )
    return parts


def _legend(plot: Plot, colours: Sequence[str]) -> list[str]:
    width = 14 + 6.2 * max(len(series.name) for series in plot.series)
    left = WIDTH - RIGHT - width
    parts = []
    for i, (series, colour) in enumerate(zip(plot.series, colours, strict=True)):
        y = TOP + 8 + i * LEGEND_LINE
        parts.append(f'<rect x="{left:.1f}" y="{y - 8}" width="9" height="9" fill="{colour}"/>')
        parts.append(f'<text x="{left + 14:.1f}" y="{y}">{escape(series.name)}</text>')
    return parts


def _line(series: Series, colour: str, x_axis: Axis, y_axis: Axis) -> list[str]:
    points = [(x, y) for x, y in zip(series.x, series.y, strict=True) if _shown(x, y, x_axis)]
    path = " ".join(f"{x_axis(x):.1f},{y_axis(y):.1f}" for x, y in points)
    parts = []
    if series.sd:
        rows = [
            row for row in zip(series.x, series.y, series.sd, strict=True) if _shown(row[0], row[1] + row[2], x_axis)
        ]
        above = [f"{x_axis(x):.1f},{y_axis(y + sd):.1f}" for x, y, sd in rows]
        below = [f"{x_axis(x):.1f},{y_axis(y - sd):.1f}" for x, y, sd in reversed(rows)]
        parts.append(f'<polygon points="{" ".join(above + below)}" fill="{colour}" opacity=".22"/>')
    parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    if len(points) <= 12:
        parts += [f'<circle cx="{x_axis(x):.1f}" cy="{y_axis(y):.1f}" r="2.6" fill="{colour}"/>' for x, y in points]
    return parts


def _dots(series: Series, colour: str, x_axis: Axis, y_axis: Axis) -> list[str]:
    return [
        f'<circle cx="{x_axis(x):.1f}" cy="{y_axis(y):.1f}" r="1.5" fill="{colour}" opacity=".55"/>'
        for x, y in zip(series.x, series.y, strict=True)
        if _shown(x, y, x_axis)
    ]


def _bars(series: Series, colour: str, x_axis: Axis, y_axis: Axis) -> list[str]:
    """A histogram's outline over evenly spaced middles, filled lightly, so that several can lie over each other."""
    half = (series.x[1] - series.x[0]) / 2 if len(series.x) > 1 else 0.5
    outline = [
        f"{x_axis(x + side):.1f},{y_axis(y):.1f}"
        for x, y in zip(series.x, series.y, strict=True)
        for side in (-half, half)
    ]
    ends = [f"{x_axis(series.x[-1] + half):.1f},{y_axis(0):.1f}", f"{x_axis(series.x[0] - half):.1f},{y_axis(0):.1f}"]
    return [f'<polygon points="{" ".join(outline + ends)}" fill="{colour}" fill-opacity=".18" stroke="{colour}"/>']


def _shown(x: float, y: float, x_axis: Axis) -> bool:
    return math.isfinite(x) and math.isfinite(y) and (x > 0 or not x_axis.log)


_SHAPES: dict[str, Callable[[Series, str, Axis, Axis], list[str]]] = {"line": _line, "dots": _dots, "bars": _bars}
