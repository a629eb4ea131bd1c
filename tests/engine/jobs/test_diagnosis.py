"""A diagnosis in the background: claim by claim, kept, stopped and found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ebm_studio.core.evaluation.findings import Claim
from ebm_studio.core.specs import Diagnosing
from ebm_studio.data.models.diagnosis.kept import diagnosis_file, joined, keep_diagnosis, read_diagnosis
from ebm_studio.engine.engine import Engine
from ebm_studio.engine.jobs.diagnosis import Diagnosed, DiagnoseModel, Examining, FindDiagnosis
from ebm_studio.engine.requests import Posted
from tests.engine.test_engine import heard, is_end_of
from tests.making import make_data

FEW = Diagnosing(count=16)


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(make_data(tmp_path / "pictures.zip", 30))


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine("cpu")
    yield engine
    engine.close()


def diagnose(engine: Engine, model: Path, data: str, *claims: Claim) -> list[object]:
    """What is posted until the claims are measured."""
    request = DiagnoseModel(model=str(model), source=data, claims=claims, settings=FEW)
    *posted, ended = heard(engine, is_end_of(engine.submit(request)))
    assert ended.fault is None
    return [item.value for item in posted]


def test_claims_come_one_by_one_and_are_found_again(engine: Engine, tiny_model: Path, data: str) -> None:
    values = diagnose(engine, tiny_model, data, "moments", "energies")
    assert [value.claim for value in values if isinstance(value, Examining)] == ["moments", "moments", "energies"]
    found = [value.diagnosis for value in values if isinstance(value, Diagnosed)]
    assert [[f.claim for f in diagnosis.findings] for diagnosis in found] == [["moments"], ["moments", "energies"]]

    last = diagnose(engine, tiny_model, data, "inversion")[-1].diagnosis
    posted, _ = heard(engine, is_end_of(engine.submit(FindDiagnosis(model=str(tiny_model)))))
    kept = posted.value.diagnosis
    assert [finding.claim for finding in kept.findings] == ["moments", "energies", "inversion"]
    strips = kept.findings[2].strips
    assert strips[0].pictures.shape == (8, 1, 16, 16)
    assert (last.findings[2].strips[1].pictures == strips[1].pictures).all()
    assert kept.to_dict() == last.to_dict()


def test_a_diagnosis_can_be_stopped_in_the_middle_of_a_claim(engine: Engine, tiny_model: Path, data: str) -> None:
    request = engine.submit(DiagnoseModel(model=str(tiny_model), source=data, claims=("convergence",), settings=FEW))
    heard(engine, lambda item: isinstance(item, Posted) and isinstance(item.value, Examining))
    engine.cancel(request)
    *posted, ended = heard(engine, is_end_of(request))
    assert ended.cancelled
    assert not [item for item in posted if isinstance(item.value, Diagnosed)]
    assert read_diagnosis(diagnosis_file(tiny_model)) is None


def test_another_count_or_set_begins_anew_and_a_damaged_file_is_none(
    engine: Engine, tiny_model: Path, data: str
) -> None:
    found = diagnose(engine, tiny_model, data, "inversion")[-1].diagnosis
    file = diagnosis_file(tiny_model)
    assert joined(found, replace(found, count=17, findings=())).findings == ()
    assert joined(found, replace(found, source="other", findings=())).findings == ()
    assert joined(found, replace(found, findings=())).findings == found.findings

    whole = file.read_text(encoding="utf-8")
    assert read_diagnosis(file) is not None
    for name, value in (("shape", [10**9, 3, 16, 16]), ("shape", [8, 1, 16]), ("data", "eJw="), ("data", 7)):
        broken = json.loads(whole)
        broken["findings"][0]["strips"][0][name] = value
        file.write_text(json.dumps(broken), encoding="utf-8")
        assert read_diagnosis(file) is None
    for text in ("", "[]", whole[:200]):
        file.write_text(text, encoding="utf-8")
        assert read_diagnosis(file) is None
    keep_diagnosis(file, found)
    assert read_diagnosis(file) is not None
