"""Weights of other programs, as people have them."""

import json
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from ebm_studio.core.energy.nets import ConvNet, make_net
from ebm_studio.core.errors import CheckpointError, SettingsError
from ebm_studio.core.specs import NetSpec
from ebm_studio.data.models.foreign import load_foreign
from ebm_studio.data.models.model import load_model
from ebm_studio.data.models.reading import Reading
from tests.making import make_model

SPEC = NetSpec(size=16, channels=1, width=4)
PLUS = Reading(sign="plus")


class Net(nn.Module):
    """A person's own, with the paper's layers."""

    def __init__(self, leak: float = 0.2) -> None:
        super().__init__()
        act = nn.LeakyReLU(leak)
        self.f = nn.Sequential(
            nn.Conv2d(1, 4, 3, 1, 1), act, nn.Conv2d(4, 8, 4, 2, 1), act, nn.Conv2d(8, 16, 4, 2, 1), act,
            nn.Conv2d(16, 1, 4),
        )  # fmt: skip

    def forward(self, x):
        return self.f(x)


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def behind(prefix: str, net: nn.Module) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in net.state_dict().items()}


def wrapped(net: Net) -> dict[str, object]:
    """Everything that people save in place of a plain state_dict."""
    plain = net.state_dict()
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.rand(1, 1, 16, 16)).sum().backward()
    optimiser.step()
    averaged = AveragedModel(net)
    averaged.update_parameters(net)
    return {
        "state_dict": {"state_dict": plain},
        "model_state_dict": {"epoch": 3, "model_state_dict": plain, "optimizer": optimiser.state_dict(), "loss": 0.1},
        "compiled": behind("_orig_mod.", net),
        "parallel": behind("module.", net),
        "averaged": averaged.state_dict(),
        "lightning": {"epoch": 1, "pytorch-lightning_version": "2.4", "state_dict": behind("net.", net)},
        "jem": {"model_state_dict": plain, "replay_buffer": torch.rand(20, 1, 16, 16)},
        "bare": net.f.state_dict(),
        "twice": {"model": plain, "last": plain},
        "half": {name: value.half() for name, value in plain.items()},
        "parameters": dict(net.named_parameters()),
    }


@pytest.mark.parametrize("kind", list(wrapped(Net())))
def test_whatever_a_net_is_wrapped_in_its_weights_are_found(tmp_path, kind):
    torch.manual_seed(0)
    net = Net()
    path = saved(tmp_path / "theirs.pt", wrapped(net)[kind])
    model = load_model(path, "cpu", "fp32", PLUS)
    x = torch.rand(3, 1, 16, 16)
    rough = {"rtol": 0.02, "atol": 1e-3} if kind == "half" else {}
    torch.testing.assert_close(model.net(x), net(x).flatten().detach(), **rough)
    assert model.card.net == SPEC


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_plain_safetensors_are_read_too(tmp_path, metadata):
    net = Net()
    safetensors.torch.save_file(
        {**behind("net.", net), "buffer": torch.zeros(3, dtype=torch.int64)}, tmp_path / "a.safetensors", metadata
    )
    model = load_model(tmp_path / "a.safetensors", "cpu", "fp32", PLUS)
    x = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(model.net(x), net(x).flatten().detach())


def test_old_files_of_torch_are_read_too(tmp_path):
    net = Net()
    torch.save(net.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    x = torch.rand(3, 1, 16, 16)
    model = load_model(tmp_path / "old.pth", "cpu", "fp32", PLUS)
    torch.testing.assert_close(model.net(x), net(x).flatten().detach())


def trained(sign: int, tmp_path: Path) -> Path:
    """A bundled model's weights without its card; its output is the energy times the sign."""
    net = load_model("fashion32", "cpu", "fp32").net
    weights = dict(net.state_dict())
    for kind in ("weight", "bias"):
        weights[f"f.8.{kind}"] = sign * weights[f"f.8.{kind}"]
    return saved(tmp_path / "theirs.pt", weights)


@pytest.mark.parametrize(("sign", "name"), [(1, "plus"), (-1, "minus")])
def test_the_sign_is_found_by_test_chains(tmp_path, sign, name):
    model = load_model(trained(sign, tmp_path), "cpu", "fp32")
    assert model.assumed is not None
    assert (model.assumed.reading.sign, model.assumed.sure) == (name, True)
    assert "found by test chains" in model.card.note
    assert torch.equal(model.sample(2), load_model("fashion32", "cpu", "fp32").sample(2, run=model.card.short_run))


def test_what_a_person_says_of_the_weights_counts_and_stands_in_the_card(tmp_path):
    net = Net(leak=0.05)
    path = saved(tmp_path / "theirs.pt", net.state_dict())
    x = torch.rand(3, 1, 16, 16) * 2 - 1
    model = load_model(path, "cpu", "fp32", Reading(sign="minus", leak=0.05))
    torch.testing.assert_close(model.net(x), -net(x).flatten().detach())
    assert "minus the energy (as you chose)" in model.card.note
    assert "LeakyReLU with leak 0.05" in model.card.note
    assert model.card.net.leak == 0.05
    assert load_model(path, "cpu", "fp32", Reading(activation="silu")).card.net.activation == "silu"


def test_a_net_that_tells_nothing_is_read_as_the_authors_code_has_it(tmp_path):
    model = load_model(saved(tmp_path / "theirs.pt", Net().state_dict()), "cpu", "fp32")
    assert model.assumed is not None
    assert (model.assumed.reading.sign, model.assumed.sure) == ("minus", False)
    assert "a guess" in model.card.note


def test_a_model_with_a_card_is_read_as_its_card_says(tmp_path):
    with pytest.raises(SettingsError, match="has a card"):
        load_model(make_model(tmp_path / "ours.safetensors"), "cpu", "fp32", PLUS)
    for bad in ({"sign": "both"}, {"activation": "tanh"}, {"leak": 3.0}):
        with pytest.raises(SettingsError):
            Reading(**bad)


def odd_weights() -> dict[str, object]:
    plain = Net().state_dict()
    return {
        "quantised": {"f.0.weight": torch.quantize_per_tensor(torch.rand(4, 1, 3, 3), 0.1, 0, torch.qint8)},
        "meta": {"f.0.weight": torch.rand(4, 1, 3, 3, device="meta")},
        "sparse": {"f.0.weight": torch.eye(4).to_sparse()},
        "nested": {"f.0.weight": torch.nested.nested_tensor([torch.rand(2), torch.rand(3)])},
        "float8": {"f.0.weight": torch.rand(4, 1, 3, 3).to(torch.float8_e4m3fn)},
        "complex": {"f.0.weight": torch.rand(4, 1, 3, 3, dtype=torch.complex64)},
        "int": {name: value.long() for name, value in plain.items()},
        "no bias": {name: value for name, value in plain.items() if name.endswith("weight")},
        "two nets": {"one": Net().state_dict(), "other": Net().state_dict()},
        "no net": {"weight": torch.rand(3)},
        "a list": [1, 2],
        "far too deep": {f"{i}.{kind}": torch.rand(4, 4, 4, 4) for i in range(100) for kind in ("weight", "bias")},
        "linear first": {f"{i}.{kind}": torch.rand(*s) for i, s in enumerate([(3, 3), *[(4, 4, 4, 4)] * 3])
                         for kind in ("weight", "bias")},
        "other shapes": plain | {"f.2.weight": torch.rand(9, 4, 4, 4)},
        "stride 0": plain | {"f.4.weight": torch.rand(1).expand(16, 8, 4, 4)},
        "stride 0, huge": plain | {"f.2.bias": torch.rand(1).expand(2**40)},
        "nan": {name: value * float("nan") for name, value in plain.items()},
        "a class": {"state_dict": plain, "hyper_parameters": Path("x")},
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(odd_weights()))
def test_what_cannot_be_used_is_one_line(tmp_path, kind):
    path = saved(tmp_path / "odd.pt", odd_weights()[kind])
    with pytest.raises(CheckpointError, match=r"odd\.pt cannot be (used|loaded)") as caught:
        load_model(path, "cpu", "fp32")
    message = str(caught.value)
    assert kind.split()[0] in message or kind.split()[0] not in (
        *("quantised", "meta", "sparse", "nested", "float8", "complex"),
    )
    assert "torch.save" in message or "save" in message.lower() or "net" in message or "finite" in message
    assert "<" not in message


def test_float8_in_safetensors_is_one_line(tmp_path):
    weights = {name: value.to(torch.float8_e4m3fn) for name, value in Net().state_dict().items()}
    safetensors.torch.save_file(weights, tmp_path / "odd.safetensors")
    with pytest.raises(CheckpointError, match="float8 tensors"):
        load_model(tmp_path / "odd.safetensors", "cpu", "fp32")


def repacked(source: Path, target: Path, change) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            change(new, info.filename, old.read(info))
    return target


def test_a_zip_bomb_in_a_checkpoint_is_not_unpacked(tmp_path):
    path = saved(tmp_path / "plain.pt", Net().state_dict())

    def bomb(archive, name, content):
        if name.endswith("data/0"):
            content = bytes(2**28)
        archive.writestr(name, content, zipfile.ZIP_DEFLATED)

    with pytest.raises(CheckpointError, match="compressed"):
        load_model(repacked(path, tmp_path / "bomb.pt", bomb), "cpu", "fp32")


def test_a_script_is_not_taken_for_weights(tmp_path):
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"script/{name}", b"\x80\x02}q\x00.")
    with pytest.raises(CheckpointError, match="TorchScript"):
        load_model(tmp_path / "script.pt", "cpu", "fp32")


def test_shapes_are_compared_before_any_net_is_made(tmp_path, monkeypatch):
    path = make_model(tmp_path / "a.safetensors")
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    card = json.loads(header["__metadata__"]["ebm_studio"])
    card["net"] |= {"size": 128, "width": 512}
    header["__metadata__"]["ebm_studio"] = json.dumps(card)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    made = []
    monkeypatch.setattr(ConvNet, "load_state_dict", lambda *_, **__: made.append(1))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_model(path, "cpu", "fp32")
    assert not made
    assert next(make_net(SPEC).parameters()).device.type == "cpu"


def test_a_file_that_is_no_model_is_not_loaded_by_any_suffix(tmp_path):
    for suffix in (".pt", ".pth", ".ckpt", ".bin", ".safetensors"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"\x80\x02}q\x00.")
        with pytest.raises(CheckpointError):
            load_foreign(path, PLUS)
