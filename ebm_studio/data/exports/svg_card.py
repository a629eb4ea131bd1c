"""The findings of a diagnosis as one SVG picture, for slides and papers: sentence, plots, pictures, numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

from ebm_studio.core.evaluation.findings import Diagnosis, Finding, Strip, told
from ebm_studio.data.exports.report import VERDICTS, png_data
from ebm_studio.data.exports.svg_plot import FONT, HEIGHT, WIDTH, plot_parts

MARGIN, LINE, GAP = 24, 18, 16
LETTERS = 128
"""In a line of text."""
SIDE = 2 * WIDTH + GAP + 2 * MARGIN
STRIP = 48
"""Height of a picture in a strip."""


def findings_svg(diagnosis: Diagnosis, findings: Sequence[Finding]) -> str:
    """Some findings of a diagnosis below each other, on white."""
    parts, y = [], MARGIN
    about = f"{diagnosis.model} · {diagnosis.data} · {diagnosis.count} samples, K = {diagnosis.steps}"
    for finding in findings:
        drawn, y = _finding(finding, y)
        parts += drawn
    parts.append(_text(about, y + LINE, 'opacity=".6"'))
    height = y + LINE + MARGIN
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {SIDE} {height}" width="{SIDE}" height="{height}" color="#1a1c1f" {FONT}>',
            f'<rect width="{SIDE}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>",
        ]
    )


def _finding(finding: Finding, y: int) -> tuple[list[str], int]:
    """The elements of a finding whose top is at y, and where it ends."""
    y += LINE
    parts = [_text(f"{finding.title} ({VERDICTS[finding.verdict]})", y, 'font-size="16" font-weight="600"')]
    for line in textwrap.wrap(finding.text, LETTERS):
        y += LINE
        parts.append(_text(line, y, 'font-size="13"'))
    y += GAP
    for first in range(0, len(finding.plots), 2):
        for column, plot in enumerate(finding.plots[first : first + 2]):
            x = MARGIN + column * (WIDTH + GAP)
            parts += [f'<g transform="translate({x} {y})">', *plot_parts(plot), "</g>"]
        y += HEIGHT + GAP
    for strip in finding.strips:
        parts += [_picture(strip, y), _text(strip.label, y + STRIP + 14, 'opacity=".6"')]
        y += STRIP + 14 + GAP
    for measure in finding.measures:
        y += LINE
        parts.append(_text(f"{measure.name}: {told(measure.value)} {measure.unit}".rstrip(), y, 'font-size="12"'))
    return parts, y + 2 * GAP


def _text(text: str, y: int, look: str) -> str:
    return f'<text x="{MARGIN}" y="{y}" {look}>{escape(text)}</text>'


def _picture(strip: Strip, y: int) -> str:
    width = STRIP * len(strip.pictures)
    return (
        f'<image x="{MARGIN}" y="{y}" width="{width}" height="{STRIP}" preserveAspectRatio="none" '
        f'style="image-rendering: pixelated" xlink:href="{png_data(strip)}"/>'
    )
