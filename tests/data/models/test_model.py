import itertools
import json
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from ebm_studio.core.errors import CheckpointError, SettingsError
from ebm_studio.core.evaluation.figures import Health
from ebm_studio.core.sampling.inversion import COARSE, balanced
from ebm_studio.core.specs import Learning, NetSpec, Reconstruction, ShortRun
from ebm_studio.data.models.card import Card, DataCard, find_model, read_card
from ebm_studio.data.models.latent import FromPhoto, Latent
from ebm_studio.data.models.model import load_model, save_model
from tests.making import TINY, make_figures, make_model


@pytest.fixture
def tiny(tmp_path) -> Path:
    return make_model(tmp_path / "tiny.safetensors")


def test_a_card_survives_the_file(tmp_path, tiny):
    model = load_model(tiny, "cpu")
    card = Card(
        name="full",
        net=TINY,
        short_run=ShortRun(steps=9),
        data=DataCard(name="blobs", count=12, held_out=3, held_out_rows="9-10, 14"),
        learning=Learning(updates=3),
        updates=3,
        seconds=1.5,
        health=Health(d=0.1, v=0.2, path_length=1.8),
        figures=make_figures(),
        command="ebm-studio train",
        note="none",
    )
    save_model(tmp_path / "full.safetensors", model.net, card)
    assert read_card(tmp_path / "full.safetensors") == card
    assert load_model(tmp_path / "full.safetensors", "cpu").card == card


@pytest.mark.parametrize(
    "damage",
    [
        {"figures": [1]},
        {"data": {"held_out_rows": "<b>3</b>"}},
        {"data": {"held_out_rows": 3}},
        {"data": [1]},
        {"figures": make_figures().to_dict() | {"kid": {"model": 1}}},
        {"figures": make_figures().to_dict() | {"heldout_error": "small"}},
        {"figures": make_figures().to_dict() | {"samples": float("inf")}},
        {"figures": make_figures().to_dict() | {"against": 7}},
    ],
)
def test_a_card_with_a_broken_part_is_refused(damage):
    card = Card(name="broken", net=TINY, short_run=ShortRun()).to_dict()
    with pytest.raises(CheckpointError, match="damaged"):
        Card.from_dict(card | damage)


def test_the_same_weights_with_another_leak_are_another_model(tmp_path):
    one, other = (
        load_model(
            make_model(tmp_path / f"{leak}.safetensors", NetSpec(size=16, channels=1, width=4, leak=leak)), "cpu"
        )
        for leak in (0.2, 0.05)
    )
    assert one.fingerprint == load_model(make_model(tmp_path / "tiny.safetensors"), "cpu").fingerprint
    assert one.fingerprint != other.fingerprint
    assert not torch.equal(one.sample(2), other.sample(2))


def test_pictures_of_a_seed_do_not_depend_on_their_number(tiny):
    model = load_model(tiny, "cpu")
    many = model.sample(70, seed=3)
    assert many.shape == (70, 1, 16, 16)
    for count in (1, 3, 4, 65):
        assert torch.equal(model.sample(count, seed=3), many[:count])
    assert not torch.equal(model.sample(4, seed=4), many[:4])


def test_the_watched_chain_ends_in_the_sampled_pictures(tiny):
    model = load_model(tiny, "cpu")
    *_, last = model.chain(3, seed=1)
    assert torch.equal(last.images.clamp(-1, 1), model.sample(3, seed=1))
    assert last.energy.shape == last.gradient_norm.shape == (3,)
    assert len(list(model.chain(1, run=ShortRun(steps=2)))) == 3


def authors_net(width=4, channels=3, halvings=3):
    """The minimal code's f: its own layers, f = -E."""
    layers = [nn.Conv2d(channels, width, 3, 1, 1), nn.LeakyReLU(0.2)]
    for i in range(halvings):
        layers += [nn.Conv2d(width * 2**i, width * 2 ** (i + 1), 4, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width * 2**halvings, 1, 4, 1, 0))


@pytest.mark.parametrize("prefix", ["f.", "", "module.f."])
def test_the_authors_checkpoints_load_with_the_sign_turned(tmp_path, prefix):
    f = authors_net()
    torch.save({prefix + key: value for key, value in f.state_dict().items()}, tmp_path / "theirs.pt")
    model = load_model(tmp_path / "theirs.pt", "cpu")
    assert model.card.net == NetSpec(size=32, channels=3, width=4)
    assert model.card.short_run == ShortRun(steps=100, step_size=1.0, noise_scale=0.01)
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(model.net(x), -f(x).flatten().detach())


def test_the_size_of_a_foreign_net_is_inferred(tmp_path):
    torch.save(authors_net(width=2, channels=1, halvings=2).state_dict(), tmp_path / "small.pt")
    assert load_model(tmp_path / "small.pt", "cpu").card.net == NetSpec(size=16, channels=1, width=2)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_a_pickle_that_would_run_code_does_not(tmp_path, save):
    save({"f.0.weight": Evil(tmp_path / "ran")}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="could run code"):
        load_model(tmp_path / "evil.pt", "cpu")
    assert not (tmp_path / "ran").exists()


def rewritten(source: Path, target: Path, change_card=lambda card: card, change_weights=lambda w: w) -> Path:
    card = change_card(read_card(source).to_dict())
    text = card if isinstance(card, str) else json.dumps(card)
    safetensors.torch.save_file(change_weights(safetensors.torch.load_file(source)), target, {"ebm_studio": text})
    return target


@pytest.mark.parametrize(
    ("card", "weights", "message"),
    [
        (lambda c: "{", lambda w: w, "not JSON"),
        (lambda c: "[" * 100_000, lambda w: w, "not JSON"),
        (lambda c: [1], lambda w: w, "not a table"),
        (lambda c: c | {"format": 99}, lambda w: w, "format"),
        (lambda c: c | {"net": c["net"] | {"size": 31}}, lambda w: w, "size"),
        (lambda c: c | {"net": c["net"] | {"width": 8}}, lambda w: w, "do not fit"),
        (lambda c: c | {"data": {"evil": 1}}, lambda w: w, "damaged"),
        (lambda c: {k: v for k, v in c.items() if k != "short_run"}, lambda w: w, "damaged"),
        (lambda c: c | {"name": "x" * 10**6}, lambda w: w, "damaged"),
        (lambda c: c, lambda w: {k: v * float("nan") for k, v in w.items()}, "finite"),
        (lambda c: c, lambda w: dict(list(w.items())[1:]), "do not fit"),
    ],
)
def test_damaged_and_hostile_models_are_refused(tmp_path, tiny, card, weights, message):
    path = rewritten(tiny, tmp_path / "bad.safetensors", card, weights)
    with pytest.raises(CheckpointError, match=message):
        load_model(path, "cpu")


@pytest.mark.parametrize("keep", [0, 4, 100, -7])
def test_truncated_models_are_refused(tmp_path, tiny, keep):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(tiny.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors"):
        load_model(path, "cpu")


@pytest.mark.parametrize("content", [b"", b"text", {"a.weight": torch.ones(1)}, [1, 2], {"f.0.weight": torch.ones(2)}])
def test_foreign_files_that_are_no_model_are_refused(tmp_path, content):
    path = tmp_path / "other.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(CheckpointError, match=r"other\.pt"):
        load_model(path, "cpu")


def test_another_programs_safetensors_are_refused(tmp_path):
    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="no state_dict of the paper's net"):
        load_model(tmp_path / "a.safetensors", "cpu")


def test_an_unknown_model_and_an_unknown_device(tiny):
    with pytest.raises(CheckpointError, match="no model nothing"):
        find_model("nothing")
    with pytest.raises(SettingsError, match="device"):
        load_model(tiny, "tpu")
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="no cuda"):
            load_model(tiny, "cuda")


def test_a_smooth_net_is_searched_by_the_gradient_through_its_whole_chain(tmp_path):
    spec, run = NetSpec(size=16, channels=1, width=4, activation="silu"), ShortRun(steps=6)
    model = load_model(make_model(tmp_path / "smooth.safetensors", spec), "cpu", "fp32")
    photo = torch.linspace(-1, 1, 256).reshape(1, 1, 16, 16)
    one, two = (found.z for found in itertools.islice(model.reconstruct(photo, run=run), 2))

    x = z = one.clone().requires_grad_()
    for _ in range(run.steps):
        (slope,) = torch.autograd.grad(model.net(x).sum(), x, create_graph=True)
        x = x - slope
    residual = (x - photo).detach()
    (wanted,) = torch.autograd.grad((x - photo).square().sum() / 2, z)

    moved, coarse = (one - two).flatten(), COARSE["free"]
    assert torch.cosine_similarity(moved, balanced(wanted, coarse).flatten(), dim=0) > 1 - 1e-6
    assert torch.cosine_similarity(moved, balanced(residual, coarse).flatten(), dim=0) < 1 - 1e-5


@pytest.mark.parametrize("backend", ["fp32", "winograd", "bf16"])
@pytest.mark.parametrize("hole", [False, True])
def test_a_photo_is_found_alike_in_any_batch_and_its_z_replays_to_it(tmp_path, backend, hole):
    spec = NetSpec(size=32, channels=3, width=8)
    model = load_model(make_model(tmp_path / "odd.safetensors", spec), "cpu", backend)
    run = ShortRun(steps=4)
    photos = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    known = torch.ones(5, 1, 32, 32, dtype=torch.bool)
    known[2, :, 8:24, 8:24] = not hole
    settings = Reconstruction(iterations=4)
    *_, five = model.reconstruct(photos, settings, known, run)
    *_, alone = model.reconstruct(photos[2:3], settings, known[2:3], run, first=2)
    assert len(five.z) == len(five.best_error) == 5
    assert torch.equal(alone.best_z[0], five.best_z[2])
    assert torch.equal(alone.best_images[0], five.best_images[2])

    latent = Latent(alone.best_z[0].numpy(), FromPhoto("photo"), "odd", model.fingerprint, run)
    *_, end = model.mixed([latent], run=run)
    assert torch.equal(end.images[0], five.best_images[2])


def test_a_file_that_is_cut_short_is_said_so_in_plain_words(tmp_path, tiny):
    path, content = tmp_path / "cut.safetensors", tiny.read_bytes()
    for size in (0, 4, len(content) // 2):
        path.write_bytes(content[:size])
        with pytest.raises(CheckpointError) as caught:
            read_card(path)
        assert str(caught.value) == (
            f"{path} is not a model file, or it is damaged or cut short: get the file again, or choose another."
        )


def test_a_folder_and_a_dead_link_are_called_what_they_are(tmp_path):
    folder, link = tmp_path / "folder.safetensors", tmp_path / "link.safetensors"
    folder.mkdir()
    link.symlink_to(tmp_path / "gone.safetensors")
    with pytest.raises(CheckpointError, match="is a folder: give a model file"):
        find_model(str(folder))
    with pytest.raises(CheckpointError, match="is a link to a file that is gone: give a model file"):
        find_model(str(link))
    with pytest.raises(CheckpointError, match="is a folder"):
        read_card(folder)
