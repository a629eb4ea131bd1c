import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ebm_studio.cli.main import main
from ebm_studio.core.specs import ShortRun
from ebm_studio.data.models.latent import FromSeed, Latent, save_latent
from ebm_studio.data.storage.desktop import FILES, quoted
from tests.making import make_picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="for desktops on Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "share"


def test_the_entry_starts_this_copy_and_can_be_removed_again(home, capsys):
    other = home / "applications" / "other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("[Desktop Entry]\n")
    assert main(["install-desktop", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert sorted(written) == sorted(str(home / place) for place in FILES)
    entry = (home / "applications" / "ebm-studio.desktop").read_text()
    [line] = [line for line in entry.splitlines() if line.startswith("Exec=")]
    assert line == f"Exec={sys.executable} -m ebm_studio %F"
    assert main(["install-desktop"]) == 0  # once more does no harm
    capsys.readouterr()
    assert main(["install-desktop", "--remove", "--json"]) == 0
    assert sorted(json.loads(capsys.readouterr().out)["removed"]) == sorted(written)
    assert not any(Path(file).exists() for file in written)
    assert other.exists()
    assert main(["install-desktop", "--remove"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_a_place_with_odd_letters_is_quoted():
    assert quoted('/a b/$x`"%') == '"/a b/\\\\$x\\\\`\\\\"%%"'


@pytest.mark.skipif(not shutil.which("update-mime-database"), reason="needs shared-mime-info")
@pytest.mark.skipif(not shutil.which("gio"), reason="needs gio, which asks the desktop's database")
def test_the_desktop_knows_our_files_by_their_content(home, tmp_path, tiny_model):
    assert main(["install-desktop"]) == 0
    latent = tmp_path / "z.safetensors"
    save_latent(latent, Latent(np.zeros((1, 16, 16), np.float32), FromSeed(1, 0), "tiny", "0" * 16, ShortRun()))
    recipe = tmp_path / "film.gif.recipe.json"
    recipe.write_text("{}")
    plain = tmp_path / "plain.json"
    plain.write_text("{}")
    photo = tmp_path / "photo.png"
    make_picture().save(photo)
    kinds = {
        tiny_model: "application/x-ebm-studio-model",
        latent: "application/x-ebm-studio-latent",
        recipe: "application/x-ebm-studio-recipe",
        plain: "application/json",
        photo: "image/png",
    }
    for file, kind in kinds.items():
        command = ["gio", "info", "--attributes=standard::content-type", str(file)]
        told = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True).stdout
        assert f"standard::content-type: {kind}\n" in told
    if not shutil.which("update-desktop-database"):
        return
    opens = subprocess.run(
        ["gio", "mime", "application/x-ebm-studio-model"], env=os.environ, capture_output=True, text=True, check=True
    )
    assert "ebm-studio.desktop" in opens.stdout
