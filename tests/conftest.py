"""What all tests share: small real models in temporary folders."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

SIZE = 16
STEPS = 12


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own cache and logs."""
    for name in ("user_cache_path", "user_config_path", "user_log_path", "user_data_path", "user_state_path"):
        monkeypatch.setattr(platformdirs, name, lambda *_, name=name, **__: tmp_path / name)


@pytest.fixture
def many(request: pytest.FixtureRequest) -> int:
    """How many damaged files a fuzzer tries: a few hundred, or as many as `--fuzz` says."""
    count: int = request.config.getoption("--fuzz")
    return count


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an untrained grey 16x16 model, K = 12: its chains are real, its pictures are not."""
    from ebm_studio.core.specs import NetSpec
    from tests.making import make_model

    folder = tmp_path_factory.mktemp("models")
    return make_model(folder / "tiny.safetensors", NetSpec(size=SIZE, channels=1, width=8), steps=STEPS)
