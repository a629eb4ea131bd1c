"""Small real things to test on."""

import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.evaluation.figures import Contrast, Estimate, Figures, Health, Nearest, Scale
from ebm_studio.core.sampling.inversion import undo
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.card import Card, DataCard
from ebm_studio.data.models.latent import MAX_VALUE
from ebm_studio.data.models.model import load_model, save_model
from ebm_studio.data.pictures.pictures import fit, to_images

TINY = NetSpec(size=16, channels=1, width=4)


def make_model(path: Path, spec: NetSpec = TINY, steps: int = 5, seed: int = 0, step_size: float = 1) -> Path:
    """An untrained model whose chains visibly move."""
    net = ConvNet(spec, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(3)
    save_model(path, net, Card(name=path.stem, net=spec, short_run=ShortRun(steps=steps, step_size=step_size)))
    return path


def step_that_loses_one(file: Path, keeps: Image.Image, loses: Image.Image) -> float:
    """A step size at which only one photo's undone chain ends outside the range that a latent allows."""
    model = load_model(file, "cpu")
    net, own = model.card.net, model.card.short_run
    photos = torch.from_numpy(to_images(np.stack([fit(photo, net.size, net.channels) for photo in (keeps, loses)])))
    for step in range(10, 1000, 10):
        z = undo(model.gradient, photos, replace(own, step_size=float(step)))
        kept, lost = z.abs().amax((1, 2, 3)).tolist()
        if kept < 0.95 * MAX_VALUE and lost > 1.05 * MAX_VALUE:
            return float(step)
    raise AssertionError("no step loses one of the photos alone")


def make_figures() -> Figures:
    """Possible results of an evaluation."""
    kid = Scale(Estimate(0.372, 0.011), Estimate(-0.0002, 0.0009), Estimate(1.256, 0.013))
    return Figures(
        against="birds",
        kid=kid,
        fd=Scale(Estimate(282.1, 4.0), Estimate(49.2, 1.0), Estimate(700.4, 7.0)),
        inception_score=None,
        contrast=Contrast(0.52, 0.47),
        nearest=Nearest(0.37, 0.321, 0.0),
        heldout_error=0.0011,
        health=Health(d=8.3, v=1.09, path_length=54.5),
        features="lite0-112",
        samples=1000,
        training=1000,
        held_out=1000,
        command="ebm-studio evaluate learned birds.zip --count 1000",
    )


def make_picture(size: tuple[int, int] = (40, 30), seed: int = 0) -> Image.Image:
    """A colour picture of smooth blobs."""
    noise = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file's bytes."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_data(path: Path, count: int = 12) -> Path:
    """A zip of small pictures to train on."""
    return make_zip(path, {f"{i:03d}.png": encoded(make_picture((20, 20), i)) for i in range(count)})


def make_folder(folder: Path, count: int) -> Path:
    """A folder of colour pictures, 16 x 16, to measure against."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(count):
        small = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{i:03}.png")
    return folder


def make_trained(path: Path, data: DataCard, steps: int, name: str = "tiny") -> Path:
    """A model for `make_folder` that says what it was trained on; its weights are random."""
    spec = NetSpec(size=16, channels=3, width=4)
    net = ConvNet(spec, torch.Generator().manual_seed(0))
    save_model(path, net, Card(name=name, net=spec, short_run=ShortRun(steps=steps), data=data))
    return path
