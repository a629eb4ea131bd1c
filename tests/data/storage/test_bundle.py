import tomllib
import zlib
from pathlib import Path

from ebm_studio.data.storage.bundle import CHECKPOINTS, RESOURCES

ROOT = Path(__file__).parents[3]


def test_a_wheel_has_all_that_the_program_brings_but_what_is_fetched():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    taken = options["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    own = [file.relative_to(ROOT) for place in (RESOURCES, CHECKPOINTS) for file in place.rglob("*") if file.is_file()]
    left = {str(file) for file in own if not any(file.is_relative_to(path) for path in taken)}
    assert left == {"resources/fashion-mnist/train-images.idx3.xz"}
    assert all(target == f"ebm_studio/_bundle/{source}" for source, target in taken.items())


def test_the_wheel_stays_below_20_megabytes():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    taken = options["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    places = [ROOT / "ebm_studio", *(ROOT / source for source in taken)]
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    packed = sum(len(zlib.compress(file.read_bytes())) for file in files if file.suffix != ".pyc")
    assert packed < 19.5e6
