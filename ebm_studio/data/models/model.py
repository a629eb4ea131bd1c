"""A model in memory: an energy net, its card, and the short run that makes its pictures."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from html import escape
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ebm_studio.core.energy.adjoint import Product, hessian_product, pull_back
from ebm_studio.core.energy.backends import make_gradient
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.core.energy.gradients import MOST
from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.energy.nets import EnergyNet
from ebm_studio.core.errors import DivergedError, SettingsError
from ebm_studio.core.sampling.captured import CapturedSampler
from ebm_studio.core.sampling.interpolation import (
    PathFrames,
    mix,
    path_weights,
    smoothness,
    space_by_image,
)
from ebm_studio.core.sampling.inversion import Iterate, reconstruct
from ebm_studio.core.sampling.langevin import ChainStreams, Step, sample, short_run
from ebm_studio.core.sampling.path_positions import legs, positions, rho
from ebm_studio.core.sheet import png_sheet
from ebm_studio.core.specs import (
    MAX_IMAGES,
    Interpolation,
    NetSpec,
    PathNoise,
    Reconstruction,
    ShortRun,
    check_count,
    check_seed,
    check_stops,
)
from ebm_studio.data.models.backend_cache import resolve_backend
from ebm_studio.data.models.card import KEY, MODEL, Card, fetch_model, has_card, read_picture_card
from ebm_studio.data.models.foreign import check_shapes, filled, load_foreign
from ebm_studio.data.models.latent import FromSeed, Latent
from ebm_studio.data.models.reading import Assumed, Reading
from ebm_studio.data.storage.progress import Progress
from ebm_studio.data.storage.tensors import declared, load_tensors, save_tensors

BATCH = 64  # chains that run together, but for recorded runs; more gain no speed and cost memory
SHOWN = 8  # samples, in a notebook
TYPICAL = 16  # chains that a backend is chosen for


class Model:
    """An energy model that is ready to run.

    >>> model = load_model("fashion32")
    >>> images = model.sample(count=16, seed=3)     # (16, 1, 32, 32) in [-1, 1]
    >>> for step in model.chain(count=4, seed=3):   # every Langevin step
    ...     print(step.index, step.energy.mean())
    """

    def __init__(self, net: EnergyNet, card: Card, device: torch.device | str = "cpu", backend: str = "auto") -> None:
        self.card = card
        self.device = torch.device(device)
        self.net = net.to(self.device).eval().requires_grad_(False)
        choice = resolve_backend(self.net, TYPICAL, backend)
        self.backend = choice.backend
        """What computes the gradient: a name of `core.energy.backends`."""
        self.backend_reason = choice.why
        """Why that one, in a few words."""
        self.gradient = make_gradient(self.net, self.backend)
        self._captured = CapturedSampler(self.gradient) if isinstance(self.gradient, GraphGradient) else None
        self.assumed: Assumed | None = None
        """How weights that came without a card were read; None for a model that has one."""

    def sample(
        self,
        count: int = 64,
        seed: int = 0,
        run: ShortRun | None = None,
        progress: Callable[[float], object] = lambda _: None,
    ) -> Tensor:
        """The ends of `count` short runs, clamped to [-1, 1], (N, C, H, W) on the CPU.

        Picture i of a seed is the same whatever `count` is. `run` replaces the card's own short run;
        `progress` gets the number of finished pictures, in which half a picture counts half. Raises `SettingsError`,
        `DivergedError`.
        """
        run = run or self.card.short_run
        parts = []
        together = MOST if self._captured else BATCH
        for first in range(0, check_count(count, MAX_IMAGES), together):
            chains = range(first, min(first + together, count))
            share = len(chains) / run.steps

            def tell(steps: int, first: int = first, share: float = share) -> None:
                progress(first + share * steps)

            images = self._ends(self._streams(seed, chains), run, tell)
            if not torch.isfinite(images).all():
                raise DivergedError("The chains diverged: lower the step size or the noise scale.")
            parts.append(images.clamp(-1, 1).cpu())
            progress(chains.stop)
        return torch.cat(parts)

    def chain(
        self,
        count: int = 16,
        seed: int = 0,
        run: ShortRun | None = None,
        after: tuple[int, Tensor] | None = None,
    ) -> Iterator[Step]:
        """Every step of `count` short runs together, K + 1 of them, the start noise first.

        `after` is a step of the same chains and its images (N, C, H, W), not clamped: they continue from there, and the
        first step returned is the next one, the same as without `after`.
        """
        run = run or self.card.short_run
        streams = self._streams(seed, range(check_count(count)))
        if after is None:
            steps = short_run(self.gradient, streams.start(run), run, streams.noise)
        else:
            index, images = after
            streams.skip(sum(run.is_noisy(i) for i in range(index)))
            x = images.to(self.device)
            steps = itertools.islice(short_run(self.gradient, x, run, streams.noise, index), 1, None)
        yield from steps

    def reconstruct(
        self,
        photos: Tensor,
        settings: Reconstruction | None = None,
        known: Tensor | None = None,
        run: ShortRun | None = None,
        seed: int = 0,
        first: int = 0,
        found: Tensor | None = None,
    ) -> Iterator[Iterate]:
        """Search for the start noise of photos (N, C, H, W) in [-1, 1] together, a record each iteration.

        With `found`, the z (N, C, H, W) of an earlier search, the search continues from there.
        With `known`, boolean (H, W) or (N, 1, H, W), only those pixels count. Where photo i cannot
        tell its own beginning, the search starts from chain `first` + i of the seed. See
        `core.sampling.inversion.reconstruct`. The short run is by default the model's own `for_photos`.
        Raises `SettingsError` for photos of another size.
        """
        if photos.shape[1:] != self.card.net.shape:
            raise SettingsError(
                f"The photos have shape {tuple(photos.shape[1:])}, the model needs {self.card.net.shape}."
            )
        run = run or self.card.short_run.for_photos(masked=known is not None)
        count = check_count(len(photos))
        start = self._streams(seed, range(first, first + count)).start(run)
        return reconstruct(
            self.gradient,
            photos.to(self.device),
            start,
            run,
            settings or Reconstruction(),
            known if known is None else known.to(self.device),
            (lambda chain, slope: pull_back(product, chain, slope, run)) if (product := self._hessian) else None,
            found if found is None else found.to(self.device),
        )

    def latent(self, seed: int, chain: int = 0, run: ShortRun | None = None) -> Latent:
        """The start noise of chain `chain` of a seed."""
        run = run or self.card.short_run
        origin = FromSeed(seed, chain)
        z = ChainStreams(seed, range(chain, chain + 1), self.card.net.shape).start(run)[0].numpy()
        return Latent(z, origin, self.card.name, self.fingerprint, run)

    def check_latents(self, latents: Sequence[Latent]) -> None:
        """Raise `SettingsError` unless all of them are for pictures such as the model makes."""
        for latent in latents:
            if latent.z.shape != self.card.net.shape:
                raise SettingsError(
                    f"A latent is for pictures of {_size(latent.z.shape)}, but {self.card.name} makes "
                    f"{_size(self.card.net.shape)}: open {latent.model}, or use other latents."
                )

    def mixed(
        self,
        latents: Sequence[Latent],
        weights: Tensor | None = None,
        run: ShortRun | None = None,
        noise: PathNoise = "own",
    ) -> Iterator[Step]:
        """Every step of the short runs from N mixtures of S latents, all together: K + 1 of them.

        `weights` (N, S) are those of `path_weights` or `pad_weights`; without them, each latent runs
        as it is. The noise of the steps is each latent's own, mixed by the same weights: that of its
        chain if it comes from a seed, none if not. So the chain of a latent from a seed is the chain
        that `chain` and `sample` show for that seed, bit for bit, and the chain of a reconstruction
        is the noise-free M(z). With `noise` "first" all have that of the first latent, with "off" none.
        """
        run = run or self.card.short_run
        self.check_latents(latents)
        count = check_count(len(latents if weights is None else weights))
        stops = torch.from_numpy(np.stack([latent.z for latent in latents])).to(self.device)
        own = self._noise_of(latents)

        def mixture(x: Tensor) -> Tensor:
            return x if weights is None else mix(x, weights)

        def step_noise() -> Tensor:
            u = own()
            return mixture(u) if noise == "own" else u[:1].expand(count, -1, -1, -1)

        yield from short_run(self.gradient, mixture(stops), run, None if noise == "off" else step_noise)

    def interpolate(
        self,
        latents: Sequence[Latent],
        spec: Interpolation | None = None,
        run: ShortRun | None = None,
        progress: Callable[[float], object] = lambda _: None,
        step: int | None = None,
    ) -> PathFrames:
        """The pictures along a path over the latents. See `mixed` for what the frame at a latent shows.

        `progress` gets the share of Langevin steps done, 0 to 1. With `step`, the
        pictures are those after so many steps, spaced as the ends of the chains are. Raises
        `SettingsError`, `DivergedError`.
        """
        spec, run = spec or Interpolation(), run or self.card.short_run
        check_stops(len(latents), spec.closed)
        self.check_latents(latents)
        stops = torch.from_numpy(np.stack([latent.z for latent in latents]))

        shown = run.steps if step is None else step
        rendered: dict[tuple[float, ...], Step] = {}

        def render(places: Sequence[float]) -> Tensor:
            weights = path_weights(places, stops, spec.path, spec.closed)
            for record in self.mixed(latents, weights, run, spec.noise):
                progress(record.index / run.steps)
                if record.index == shown:
                    rendered[tuple(places)] = record
            return record.images.clamp(-1, 1).cpu()

        places = positions(spec, len(latents))
        if spec.spacing == "image":
            places = space_by_image(places, render, len(latents) if spec.closed else 0)
        else:
            render(places)
        end = rendered[tuple(places)]
        images = end.images.clamp(-1, 1).cpu()
        return PathFrames(
            positions=tuple(places),
            rho=tuple(rho(place, spec.path, legs(len(latents), spec.closed)) for place in places),
            weights=path_weights(places, stops, spec.path, spec.closed),
            images=images,
            energy=end.energy.cpu(),
            smoothness=smoothness(images, spec.closed),
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the net and its weights, 16 hex digits: the same in any file, whatever its card says."""
        digest = hashlib.blake2b(_described(self.card.net).encode(), digest_size=8)
        for name, tensor in self.net.state_dict().items():
            digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _repr_html_(self) -> str:
        """What it is, and its first samples, in a notebook."""
        net, run, data = self.card.net, self.card.short_run, self.card.data
        about = f"{net.size} × {net.size}, K {run.steps}, trained on {data.name}, {self.backend} on {self.device}"
        picture = base64.b64encode(png_sheet(self.sample(SHOWN))).decode()
        return (
            f"<b>{escape(self.card.name)}</b> · {escape(about)}<br>"
            f'<img alt="samples" src="data:image/png;base64,{picture}">'
        )

    @cached_property
    def _hessian(self) -> Product | None:
        return hessian_product(self.net)

    def _noise_of(self, latents: Sequence[Latent]) -> Callable[[], Tensor]:
        """The next u of each latent (S, C, H, W): of its own chain, or zeros."""
        shape = self.card.net.shape
        streams = [
            ChainStreams(origin.seed, range(origin.chain, origin.chain + 1), shape, self.device)
            if isinstance(origin := latent.origin, FromSeed)
            else None
            for latent in latents
        ]
        silence = torch.zeros(1, *shape, device=self.device)
        return lambda: torch.cat([stream.noise() if stream else silence for stream in streams])

    def _ends(self, streams: ChainStreams, run: ShortRun, progress: Callable[[int], object]) -> Tensor:
        z = streams.start(run)
        if self._captured:
            return self._captured(z, run, streams.keys)[0]
        return sample(self.gradient, z, run, streams.noise, progress)[0]

    def _streams(self, seed: int, chains: range) -> ChainStreams:
        return ChainStreams(check_seed(seed), chains, self.card.net.shape, self.device)


def load_model(
    name: str | Path,
    device: str = "auto",
    backend: str = "auto",
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> Model:
    """A bundled model by name, a model file of ours, or weights of another program, read as the `reading` says.

    A name on the hub, hf:OWNER/NAME[/FILE], is fetched first, and `progress` told. Raises `CheckpointError`
    when there is no such model or the file is damaged, `SettingsError` for an unknown device, a backend
    that does not run there, or a reading of a model that has a card.
    """
    chosen = choose_device(device)
    path = fetch_model(str(name), progress)
    assumed = None
    if has_card(path):
        if reading is not None:
            raise SettingsError(f"{path} has a card, which says how to read it: leave out sign, activation and leak.")
        net, card = _load_own(path)
    else:
        net, card, assumed = load_foreign(path, reading or Reading())
    model = Model(net, card, chosen, backend)
    model.assumed = assumed
    return model


def save_model(path: Path, net: EnergyNet, card: Card) -> None:
    """Write a model file whole or not at all. Raises `StudioError` when it cannot be written."""
    save_tensors(path, net.state_dict(), {KEY: json.dumps(card.to_dict())})


def _described(spec: NetSpec) -> str:
    # A field that came later counts where it is not at its default, so that older files still know their model.
    first, later = ("size", "channels", "width", "activation"), ("leak", "family", "depth")
    names = [*first, *(name for name in later if getattr(spec, name) != getattr(NetSpec(), name))]
    return f"NetSpec({', '.join(f'{name}={getattr(spec, name)!r}' for name in names)})"


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[2]} in {'grey' if shape[0] == 1 else 'colour'}"


def _load_own(path: Path) -> tuple[EnergyNet, Card]:
    card = read_picture_card(path)
    check_shapes(card.net, {name: shape for name, (_, shape) in declared(path, MODEL).items()}, path)
    weights, _ = load_tensors(path, MODEL)
    return filled(card.net, weights, path), card
