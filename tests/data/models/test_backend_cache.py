import json
from pathlib import Path

import pytest

from ebm_studio.core.energy import choice
from ebm_studio.core.energy.choice import Choice
from ebm_studio.core.energy.nets import EnergyNet, make_net
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.models import backend_cache
from ebm_studio.data.models.backend_cache import resolve_backend


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The cache's file, on a machine where there is a choice."""
    path = tmp_path / "cache" / "backends.json"
    monkeypatch.setattr(backend_cache, "cache_file", lambda: path)
    monkeypatch.setattr(choice, "preferred", lambda *_: [Choice("winograd", "a test"), Choice("fp32", "a test")])
    return path


@pytest.fixture
def net() -> EnergyNet:
    return make_net(NetSpec(size=16, width=4)).requires_grad_(False)


def test_a_choice_is_checked_once_and_kept(cache: Path, net: EnergyNet) -> None:
    chosen = resolve_backend(net, 2)
    assert list(json.loads(cache.read_text()).values()) == [{"backend": chosen.backend, "why": chosen.why}]
    other = Choice("fp32", "as it was kept")
    cache.write_text(cache.read_text().replace(chosen.backend, other.backend).replace(chosen.why, other.why))
    assert resolve_backend(net, 2) == other


def test_a_named_backend_is_taken_unchecked(cache: Path, net: EnergyNet) -> None:
    assert resolve_backend(net, 2, "winograd") == Choice("winograd", "you chose it")
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"\xff", b'{"a": 1}', b'{"a": {"backend": "fp32"}}'])
def test_a_damaged_cache_is_made_anew(cache: Path, net: EnergyNet, content: bytes) -> None:
    cache.parent.mkdir()
    cache.write_bytes(content)
    chosen = resolve_backend(net, 2)
    assert f'"{chosen.backend}"' in cache.read_text()


def test_a_place_that_cannot_be_written_is_no_fault(cache: Path, net: EnergyNet) -> None:
    cache.parent.write_text("a file where the folder would be")
    assert resolve_backend(net, 2).backend != "auto"
