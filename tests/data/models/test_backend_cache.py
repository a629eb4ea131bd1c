from pathlib import Path

import pytest

from ebm_studio.core.energy.backends import available
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.models import backend_cache
from ebm_studio.data.models.backend_cache import resolve_backend


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "cache" / "backends.json"
    monkeypatch.setattr(backend_cache, "cache_file", lambda: path)
    return path


def test_a_choice_is_measured_once_and_kept(cache: Path) -> None:
    net = ConvNet(NetSpec(size=16, width=4)).requires_grad_(False)
    chosen = resolve_backend(net, 2)
    other = next(name for name in available(net.f[0].weight.device) if name != chosen)
    cache.write_text(cache.read_text().replace(f'"{chosen}"', f'"{other}"'))
    assert resolve_backend(net, 2) == other


def test_a_named_backend_is_taken_unmeasured(cache: Path) -> None:
    assert resolve_backend(ConvNet(NetSpec(size=16, width=4)), 2, "winograd") == "winograd"
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"\xff", b'{"a": 1}'])
def test_a_damaged_cache_is_made_anew(cache: Path, content: bytes) -> None:
    cache.parent.mkdir()
    cache.write_bytes(content)
    net = ConvNet(NetSpec(size=16, width=4)).requires_grad_(False)
    chosen = resolve_backend(net, 2)
    assert f'"{chosen}"' in cache.read_text()


def test_a_place_that_cannot_be_written_is_no_fault(cache: Path) -> None:
    cache.parent.write_text("a file where the folder would be")
    assert resolve_backend(ConvNet(NetSpec(size=16, width=4)).requires_grad_(False), 2) != "auto"
