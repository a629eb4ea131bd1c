"""A diagnosis as one HTML file that stands alone: plots as SVG and pictures as PNG inside it, nothing from outside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from ebm_studio.core.evaluation.findings import Diagnosis, Finding, Measure, Strip, told
from ebm_studio.data.exports.svg_plot import svg
from ebm_studio.data.pictures.pictures import grid
from ebm_studio.data.storage.atomic_write import write_whole

VERDICTS = {"holds": "holds", "partly": "holds in part", "fails": "does not hold"}
SCALE = 2
PAGE = """:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 32px auto; padding: 0 16px; }
"""
"""Of the whole page."""
STYLE = """.diagnosis { --line: #8884; --quiet: #777; }
.diagnosis h1 { font-size: 22px; margin: 0 0 8px; }
.diagnosis h2 { font-size: 18px; margin: 0 0 8px; display: flex; gap: 12px; align-items: baseline; }
.diagnosis article { border-top: 1px solid var(--line); padding: 24px 0; }
.diagnosis .verdict { font-size: 12px; font-weight: 600; padding: 2px 8px; border-radius: 10px; color: #fff; }
.diagnosis .holds { background: #00795a; }
.diagnosis .partly { background: #8a6d00; }
.diagnosis .fails { background: #b23a00; }
.diagnosis .plots { display: flex; flex-wrap: wrap; gap: 16px; margin: 16px 0; }
.diagnosis .plots svg { max-width: 100%; height: auto; }
.diagnosis table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
.diagnosis td { padding: 2px 16px 2px 0; }
.diagnosis td + td { text-align: right; }
.diagnosis td + td + td, .diagnosis .quiet, .diagnosis figcaption { color: var(--quiet); text-align: left; }
.diagnosis .paper { border-left: 3px solid var(--line); padding-left: 12px; }
.diagnosis figure { margin: 8px 0; }
.diagnosis figcaption { font-size: 12px; }
.diagnosis figure img { image-rendering: pixelated; max-width: 100%; }
.diagnosis code { font-size: 13px; }
"""
"""Of a diagnosis alone: it changes nothing around it."""
# The policy lets a browser fetch nothing at all, whatever a name in the report may look like.
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""


def html_report(diagnoses: Sequence[Diagnosis]) -> str:
    """One diagnosis, or several below each other, as HTML."""
    title = "Diagnosis of " + " and ".join(diagnosis.model for diagnosis in diagnoses)
    bodies = "\n".join(diagnosis_html(diagnosis) for diagnosis in diagnoses)
    return f"{HEAD.format(title=escape(title), style=PAGE + STYLE)}{bodies}\n</body>\n</html>\n"


def save_report(path: Path, diagnoses: Sequence[Diagnosis]) -> None:
    """Write the report to an .html file. Raises `StudioError`."""
    text = html_report(diagnoses)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """A diagnosis as a part of a page that has `STYLE`."""
    findings = "\n".join(_finding(finding) for finding in diagnosis.findings)
    return f"""<div class="diagnosis">
<h1>{escape(diagnosis.model)}: why a short run is a model</h1>
<p>The paper’s argument, measured on this model with {diagnosis.count:,} samples of K = {diagnosis.steps} steps and with
pictures of {escape(diagnosis.data)}. ± is a bootstrap standard error: how much the number would vary with other
pictures. A chain that hardly moves would also keep its identity and could also be inverted, so read those claims
together with the others.</p>
<p class="quiet">{escape(diagnosis.machine)} · weights {escape(diagnosis.fingerprint)} ·
<code>{escape(diagnosis.command)}</code></p>
{findings}
</div>"""


def _finding(finding: Finding) -> str:
    plots = "\n".join(svg(plot) for plot in finding.plots)
    strips = "\n".join(_strip(strip) for strip in finding.strips)
    paper = f'<p class="paper"><b>In the paper.</b> {escape(finding.paper)}</p>' if finding.paper else ""
    return f"""<article id="{finding.claim}">
<h2>{escape(finding.title)} <span class="verdict {finding.verdict}">{VERDICTS[finding.verdict]}</span></h2>
<p>{escape(finding.text)}</p>
<div class="plots">
{plots}
</div>
{strips}
<table>{"".join(_row(measure) for measure in finding.measures)}</table>
{paper}
</article>"""


def _row(measure: Measure) -> str:
    return f"<tr><td>{escape(measure.name)}</td><td>{told(measure.value)}</td><td>{escape(measure.unit)}</td></tr>"


def _strip(strip: Strip) -> str:
    label = escape(strip.label)
    return f'<figure><img alt="{label}" src="{png_data(strip)}"><figcaption>{label}</figcaption></figure>'


def png_data(strip: Strip) -> str:
    """The pictures side by side, as the address of a PNG that is its own content."""
    buffer = BytesIO()
    grid(strip.pictures, columns=len(strip.pictures), scale=SCALE).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
