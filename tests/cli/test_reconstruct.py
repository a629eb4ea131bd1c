import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ebm_studio.cli.main import main
from ebm_studio.cli.reconstruct import BATCH
from ebm_studio.core.errors import StudioError
from ebm_studio.data.models.latent import FromPhoto, read_latent
from ebm_studio.data.models.model import Model, load_model
from tests.making import make_model, make_picture, step_that_loses_one


@pytest.fixture
def tiny(tmp_path) -> Path:
    return make_model(tmp_path / "tiny.safetensors")


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    make_picture((40, 30), 1).save(folder / "b.jpg")
    make_picture((16, 16), 2).save(folder / "a.png")
    make_picture((50, 70), 3).save(folder / "a.webp")
    return folder


def run(capsys, *words):
    code = main(["reconstruct", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_folder_becomes_pictures_latents_and_a_report(capsys, tmp_path, tiny, photos):
    out_dir = tmp_path / "out"
    code, out, err = run(capsys, tiny, photos, "-o", out_dir, "--iterations", 30, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report == json.loads((out_dir / "report.json").read_text())
    assert [Path(photo["path"]).name for photo in report["photos"]] == ["a.png", "a.webp", "b.jpg"]
    errors = [photo["error"] for photo in report["photos"]]
    assert report["mean_error"] == pytest.approx(sum(errors) / 3)
    assert max(errors) < 0.1  # an untrained net cannot reach every picture
    for photo in report["photos"]:
        assert photo["psnr"] > 15
        assert photo["ssim"] > 0.2
        assert photo["typicality"].keys() == {"range", "variance", "correlation", "flatness"}
    assert sorted(file.name for file in out_dir.iterdir()) == [
        "a-2.png",
        "a-2.safetensors",
        "a.png",
        "a.safetensors",
        "b.png",
        "b.safetensors",
        "overview.png",
        "report.json",
    ]
    assert Image.open(out_dir / "overview.png").size == (3 * 16 * 2, 3 * 16 * 2)


def test_the_latent_in_the_file_runs_to_the_picture_in_the_file(capsys, tmp_path, tiny, photos):
    import torch

    from ebm_studio.core.sampling.langevin import sample
    from ebm_studio.data.pictures.pictures import to_pixels

    assert run(capsys, tiny, photos / "b.jpg", "-o", tmp_path / "out", "--iterations", 10)[0] == 0
    latent = read_latent(tmp_path / "out" / "b.safetensors")
    model = load_model(tiny, "cpu")
    assert isinstance(latent.origin, FromPhoto)
    assert (latent.origin.name, latent.model, latent.model_hash) == ("b.jpg", "tiny", model.fingerprint)
    end = sample(model.gradient, torch.from_numpy(latent.z.copy())[None], latent.short_run)[0]
    wanted = np.asarray(Image.open(tmp_path / "out" / "b.png")).astype(int)
    assert np.abs(to_pixels(end.numpy())[0, 0] - wanted).max() <= 1


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_results_among_the_photos_leave_every_file_as_it_was(capsys, tmp_path, tiny, photos):
    (photos / "overview.png").write_bytes((photos / "a.png").read_bytes())
    (photos / "report.json").write_text('{"photos": "of somebody else"}')
    before = contents(photos)
    assert run(capsys, tiny, photos / "a.png", photos / "b.jpg", "-o", photos, "--iterations", 1)[0] == 0
    after = contents(photos)
    assert before.items() <= after.items()
    new = {"a-2.png", "a-2.safetensors", "b.png", "b.safetensors", "overview-2.png", "report-2.json"}
    assert after.keys() - before.keys() == new

    # Again, with the new pictures as photos too: only what is none of the photos is written over.
    assert run(capsys, tiny, photos, "-o", photos, "--iterations", 1)[0] == 0
    pictures = {name: content for name, content in after.items() if not name.endswith((".json", ".safetensors"))}
    assert pictures.items() <= contents(photos).items()
    assert (photos / "report.json").read_bytes() == before["report.json"]


def test_a_photo_is_known_under_any_path(capsys, tmp_path, monkeypatch, tiny, photos):
    link = tmp_path / "link"
    link.symlink_to(photos)
    monkeypatch.chdir(photos)
    before = contents(photos)
    assert run(capsys, tiny, "a.png", "-o", link, "--iterations", 1)[0] == 0
    assert before.items() <= contents(photos).items()


def test_the_same_command_again_writes_over_its_own_files(capsys, tmp_path, tiny, photos):
    words = [tiny, photos, "-o", tmp_path / "out", "--iterations"]
    run(capsys, *words, 1)
    (tmp_path / "out" / "notes.png").write_text("mine")
    before = contents(tmp_path / "out")
    run(capsys, *words, 20)
    after = contents(tmp_path / "out")
    assert before.keys() == after.keys()
    assert before["b.png"] != after["b.png"]
    assert after["notes.png"] == b"mine"


@pytest.mark.parametrize("mode", ["support", "typical"])
def test_latents_of_the_other_modes_stay_in_the_support(capsys, tmp_path, tiny, photos, mode):
    code, out, _ = run(capsys, tiny, photos, "-o", tmp_path / "out", "--iterations", 5, "--mode", mode, "--json")
    assert code == 0
    assert all(photo["typicality"]["range"] <= 1 for photo in json.loads(out)["photos"])


def test_broken_files_are_named_and_the_others_done(capsys, tmp_path, tiny, photos):
    (photos / "c.png").write_text("no picture")
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    code, out, err = run(capsys, tiny, photos, notes, "-o", tmp_path / "out", "--iterations", 1, "--json")
    assert code == 0
    assert [line.split(": ")[0] for line in err.splitlines()] == ["ebm-studio reconstruct"] * 2
    assert "c.png" in err.splitlines()[0]
    assert "notes.txt" in err.splitlines()[1]
    report = json.loads(out)
    assert len(report["photos"]) == 3
    assert len(report["skipped"]) == 2


def test_an_empty_folder_is_named_and_the_others_done(capsys, tmp_path, tiny, photos):
    (tmp_path / "empty").mkdir()
    words = [tiny, tmp_path / "empty", photos / "b.jpg", "-o", tmp_path / "out", "--iterations", 1, "--json"]
    code, out, err = run(capsys, *words)
    assert code == 0
    assert err == f"ebm-studio reconstruct: There is no picture in {tmp_path / 'empty'}.\n"
    report = json.loads(out)
    assert [Path(photo["path"]).name for photo in report["photos"]] == ["b.jpg"]
    assert report["skipped"] == [f"There is no picture in {tmp_path / 'empty'}."]


def test_a_photo_that_runs_away_is_named_and_the_others_done(capsys, tmp_path, tiny, photos):
    step = step_that_loses_one(tiny, keeps=make_picture((40, 30), 1), loses=make_picture((16, 16), 2))
    words = [tiny, photos / "a.png", photos / "b.jpg", "-o", tmp_path / "out", "--iterations", 1, "--step-size", step]
    code, out, err = run(capsys, *words, "--json")
    assert (code, err.count("\n")) == (0, 1)
    assert "a.png diverged: use a smaller step size" in err
    report = json.loads(out)
    assert [Path(photo["path"]).name for photo in report["photos"]] == ["b.jpg"]
    assert "a.png" in report["skipped"][0]


def test_when_all_run_away_the_photo_and_the_remedy_are_named(capsys, tmp_path, tiny, photos):
    words = [tiny, photos / "b.jpg", "-o", tmp_path / "out", "--iterations", 1, "--steps", 30, "--step-size", 1000]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err == f"ebm-studio reconstruct: The chains of {photos / 'b.jpg'} diverged: use a smaller step size.\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_keeps_the_best_so_far_of_what_was_searched(capsys, tmp_path, tiny, number):
    files = [tmp_path / f"{i:02}.png" for i in range(BATCH + 2)]
    for i, file in enumerate(files):
        make_picture((16, 16), i).save(file)
    usual = signal.getsignal(number)

    def stop_the_search() -> None:
        while signal.getsignal(number) == usual:
            time.sleep(0.001)
        os.kill(os.getpid(), number)

    threading.Thread(target=stop_the_search, daemon=True).start()
    words = [tiny, *files, "-o", tmp_path / "out", "--iterations", 10000, "--tolerance", 0, "--json"]
    code, out, err = run(capsys, *words)
    assert (code, err) == (130, "")
    report = json.loads(out)
    assert report["stopped"]
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert [Path(photo["path"]) for photo in report["photos"]] == files[:BATCH]
    assert read_latent(Path(report["photos"][0]["latent"])).origin.error == report["photos"][0]["error"]
    assert signal.getsignal(number) == usual


def test_a_failure_keeps_what_the_batches_before_it_found(capsys, tmp_path, monkeypatch, tiny, photos):
    search = Model.reconstruct

    def fails_late(*args):
        if args[-1] > 0:  # the first chain
            raise StudioError("The device is gone.")
        return search(*args)

    monkeypatch.setattr(Model, "reconstruct", fails_late)
    monkeypatch.setattr("ebm_studio.cli.reconstruct.BATCH", 2)
    code, out, err = run(capsys, tiny, photos, "-o", tmp_path / "out", "--iterations", 1)
    assert (code, err) == (2, "ebm-studio reconstruct: The device is gone.\n")
    assert out.startswith(f"{tmp_path / 'out'}: 2 photos")
    assert len(json.loads((tmp_path / "out" / "report.json").read_text())["photos"]) == 2


def test_the_background_of_a_transparent_photo_is_chosen(capsys, tmp_path, tiny):
    Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    for colour, grey in (("white", 255), ("black", 0), ("#808080", 128)):
        out_dir = tmp_path / colour
        assert (
            run(capsys, tiny, tmp_path / "clear.png", "-o", out_dir, "--iterations", 1, "--background", colour)[0] == 0
        )
        assert Image.open(out_dir / "overview.png").getpixel((0, 0)) == grey


def test_with_a_mask_the_known_pixels_stay_and_the_hole_is_filled(capsys, tmp_path, tiny, photos):
    mask = Image.new("L", (32, 32), "black")
    mask.paste("white", (8, 8, 24, 24))
    mask.save(tmp_path / "mask.png")
    words = [tiny, photos / "a.png", "-o", tmp_path / "out", "--iterations", 20, "--mask", tmp_path / "mask.png"]
    assert run(capsys, *words)[0] == 0
    photo = np.asarray(Image.open(photos / "a.png").convert("L")).astype(int)
    picture = np.asarray(Image.open(tmp_path / "out" / "a.png")).astype(int)
    hole = np.zeros((16, 16), dtype=bool)
    hole[4:12, 4:12] = True
    assert np.array_equal(picture[~hole], photo[~hole])
    assert np.abs(picture - photo)[hole].max() > 10


def test_a_tolerance_ends_the_search_early(capsys, tmp_path, tiny, photos):
    words = [tiny, photos / "a.png", "-o", tmp_path / "out", "--iterations", 60, "--json"]
    best = json.loads(run(capsys, *words)[1])["mean_error"]
    early = json.loads(run(capsys, *words, "--tolerance", 0.3)[1])["mean_error"]
    assert best < early <= 0.3


@pytest.mark.parametrize(
    "words",
    [
        ["MODEL", "gone.png", "-o", "out"],
        ["MODEL", "broken.png", "-o", "out"],
        ["MODEL", "empty", "-o", "out"],
        ["gone", "PHOTO", "-o", "out"],
        ["MODEL", "PHOTO", "-o", "out", "--mode", "wild"],
        ["MODEL", "PHOTO", "-o", "out", "--iterations", "0"],
        ["MODEL", "PHOTO", "-o", "out", "--seed", "-1"],
        ["MODEL", "PHOTO", "-o", "out", "--mask", "broken.png"],
        ["MODEL", "PHOTO", "-o", "out", "--mask", "white.png"],
        ["MODEL", "PHOTO", "-o", "broken.png"],
        ["MODEL", "PHOTO", "-o", "out", "--background", "reddish"],
    ],
)
def test_bad_input_is_one_line_exit_2_and_nothing_else(capsys, tmp_path, monkeypatch, tiny, photos, words):
    monkeypatch.chdir(tmp_path)
    Path("broken.png").write_text("no picture")
    Path("empty").mkdir()
    Image.new("L", (16, 16), "white").save("white.png")
    before = sorted(tmp_path.rglob("*"))
    words = [word.replace("MODEL", str(tiny)).replace("PHOTO", str(photos / "a.png")) for word in words]
    code, out, err = run(capsys, *words, "--iterations", 1) if "--iterations" not in words else run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("ebm-studio reconstruct: ")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [
        ["TINY", "PHOTO", "", "-o", "out"],
        ["TINY", "PHOTO", "-o", ""],
        ["TINY", "PHOTO", "-o", "out", "--mask", " "],
        ["", "PHOTO", "-o", "out"],
    ],
)
def test_an_empty_path_is_not_the_current_folder(capsys, tmp_path, monkeypatch, tiny, photos, words):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        run(capsys, *[word.replace("PHOTO", str(photos / "a.png")).replace("TINY", str(tiny)) for word in words])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "is empty" in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
