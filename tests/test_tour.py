"""docs/tour.ipynb runs from its first cell to its last, and shows pictures; names in its output are escaped."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import torch
from nbclient import NotebookClient

import ebm_studio
from ebm_studio.core.specs import NetSpec, Reconstruction, ShortRun
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.model import Model
from tests.making import make_data, make_model

ROOT = Path(__file__).parents[1]
PNG = b"\x89PNG"


def test_the_tour_runs_and_shows_what_it_tells_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # the kernel is another process
    told = nbformat.read(ROOT / "docs" / "tour.ipynb", as_version=4)
    fresh = nbformat.from_dict(told)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(fresh, timeout=280, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()

    assert kinds(fresh) == kinds(told)  # the notebook in the repository shows what it would show now
    assert kinds(fresh).count("image/png") == 8
    assert kinds(fresh).count("text/html") == 2


def kinds(notebook: nbformat.NotebookNode) -> list[str]:
    """The kinds of output of its cells, other than text."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [kind for output in outputs for kind in output.get("data", {}) if kind != "text/plain"]


def test_results_show_themselves_and_names_stay_text(tmp_path: Path) -> None:
    made = ebm_studio.load_model(
        make_model(tmp_path / "tiny.safetensors", NetSpec(size=16, channels=3, width=4)), "cpu"
    )
    net, name = made.net, "<img src=x>"
    model = Model(net, Card(name=name, net=made.card.net, short_run=ShortRun(steps=3)), "cpu")
    html = model._repr_html_()
    assert html.count("<img") == 1
    assert "&lt;img src=x&gt;" in html

    *_, last = model.chain(count=2)
    assert last._repr_png_().startswith(PNG)
    *_, found = model.reconstruct(torch.zeros(2, 3, 16, 16), Reconstruction(iterations=2))
    assert found._repr_png_().startswith(PNG)
    assert model.interpolate([model.latent(0), model.latent(1)])._repr_png_().startswith(PNG)

    told: list[tuple[str, float]] = []
    data = str(make_data(tmp_path / "pictures.zip", 12))
    report = ebm_studio.diagnose(model, data, only=["energies"], count=16, progress=lambda *news: told.append(news))
    assert told[-1] == ("energies", 1.0)
    assert name not in report._repr_html_()
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
