"""`ebm-studio train`: train a model on pictures, in a folder that can be resumed."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ebm_studio.cli.options import add_backend, add_device, add_json, counting_bar, duration, some_name, some_path
from ebm_studio.cli.signals import stop_signals
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import MAX_UPDATES, Learning, NetSpec, ShortRun
from ebm_studio.data.models.card import Card, fetch_model, has_card, read_picture_card
from ebm_studio.data.training.plan import (
    FIDELITY_EVERY,
    FITS,
    OPTIONS,
    Plan,
    begun_run,
    can_begin_from,
    check_new,
    licence_from,
    read_plan,
)

if TYPE_CHECKING:
    import torch

    from ebm_studio.core.learning.ranks import Ranks
    from ebm_studio.data.training.run_diary import Diary
    from ebm_studio.data.training.training_run import TrainingRun


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="train a model on pictures",
        description="Train an energy model on DATA, in the folder RUN_DIR. Ctrl-C stops and saves; --resume continues.",
    )
    parser.add_argument(
        "data",
        nargs="?",
        type=some_name,
        metavar="DATA",
        help="a folder or zip of images, or a named data set (fashion-mnist, ...); not needed with --resume",
    )
    parser.add_argument("-o", "--output", required=True, type=some_path, metavar="RUN_DIR", help="the run's folder")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue the run in RUN_DIR, by default with its own settings and data",
    )
    parser.add_argument(
        "--step-back",
        action="store_true",
        help="with --resume: continue from the last healthy state, with a smaller learning rate and more data noise",
    )
    parser.add_argument(
        "--from",
        dest="origin",
        type=some_name,
        metavar="MODEL",
        help="start from this model's weights, network and short run; the network may be larger: twice the size (with "
        "half, the same or twice the width), or twice the width",
    )
    _add_settings(parser)
    _add_data(parser)
    _add_watching(parser)
    add_device(parser)
    add_backend(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """The settings of a plan; with --resume, those to change."""
    parser.add_argument("--name", help="the model's name (default: the folder's)")
    parser.add_argument(
        "--updates", type=int, metavar="N", help=f"total number of updates (default: {Learning().updates})"
    )
    parser.add_argument("--time-limit", type=duration, metavar="T", help="stop after this much training: 90s, 30m, 2h")
    parser.add_argument(
        "--save-every", type=duration, default=60.0, metavar="T", help="time between saves (default: 60s)"
    )
    parser.add_argument("--size", type=int, help="16, 32, 64 or 128 (default: 32)")
    parser.add_argument("--channels", type=int, help="1 for grey, 3 for colour (default: like the data)")
    parser.add_argument("--width", type=int, help="n_f, the channels of the first layer (default: 32)")
    parser.add_argument("--activation", help="leaky_relu (the paper) or silu")
    parser.add_argument("--steps", type=int, metavar="K", help="Langevin steps (default: 50)")
    parser.add_argument("--step-size", type=float, metavar="S", help="factor of the energy's gradient (default: 1)")
    parser.add_argument(
        "--noise-scale", type=float, metavar="T", help="standard deviation of each step's noise (default: 0.01)"
    )
    parser.add_argument("--settle", type=int, metavar="M", help="the last M steps become ever shorter (default: 0)")
    parser.add_argument("--start", help="uniform or gaussian (default: uniform)")
    parser.add_argument("--batch", type=int, metavar="M", help="short runs in each update (default: 64)")
    parser.add_argument("--data-batch", type=int, metavar="M", help="training images in each update (default: 128)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="learning rate of Adam (default: 0.0001)")
    parser.add_argument("--beta1", type=float, help="decay of Adam's first moment (default: 0.9)")
    parser.add_argument("--ema", type=float, help="decay of the running average of the weights (default: 0.999)")
    parser.add_argument(
        "--decay-share",
        type=float,
        help="last part of the run, as a share, in which the learning rate falls (default: 0.25)",
    )
    parser.add_argument("--final-rate", type=float, help="learning rate at the end, as a factor (default: 0.1)")
    parser.add_argument("--final-noise", type=float, help="data noise at the end, as a factor (default: 1)")
    parser.add_argument(
        "--trim",
        type=float,
        help="share of each update's chains to leave out, those with the highest energy (default: 0)",
    )
    parser.add_argument("--seed", type=int, help="seed of everything random (default: 0)")


def _add_data(parser: argparse.ArgumentParser) -> None:
    """How training images are seen, and which are."""
    parser.add_argument(
        "--data-noise", type=float, metavar="SIGMA", help="noise added to training images (default: 0.03)"
    )
    parser.add_argument(
        "--data-contrast",
        type=float,
        metavar="C",
        help="factor of the training images' contrast, for samples that are drawn with longer steps (default: 1)",
    )
    parser.add_argument(
        "--mirror", type=float, help="share of training images that are mirrored; 0.5 doubles a small set (default: 0)"
    )
    parser.add_argument("--hold-out", type=int, metavar="N", help="hold out N images, the last ones of each folder")
    parser.add_argument("--licence", help="the data's licence, for the card")


def _add_watching(parser: argparse.ArgumentParser) -> None:
    """What is measured on the way, and what follows from it."""
    parser.add_argument(
        "--fidelity-every",
        type=duration,
        metavar="T",
        help="compare samples with real pictures after every T of training (10m), and keep the best model",
    )
    parser.add_argument(
        "--stop-after-no-improvement",
        type=int,
        metavar="N",
        help="stop after N measurements of fidelity in a row that are no better than the best (every 10m by default)",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train until done or stopped. Raises `StudioError`."""
    from ebm_studio.data.training.run_diary import session

    if args.data is None and not args.resume:
        raise SettingsError("Name the DATA to train on: a folder or zip of images, or a named data set.")
    if args.step_back and not args.resume:
        raise SettingsError("Only a resumed run can step back: add --resume.")
    if args.name is not None and not args.name.strip():
        raise SettingsError("A model needs a name: leave out --name to use the folder's name.")
    with stop_signals() as stopped:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            told = _learn_together(args, stopped)
        else:
            plan = _plan(args)
            with session(args.output) as diary:
                told = _learn(args, plan, diary, stopped)
    if told and not args.json:  # only now: the run's folder says how it ended
        state = "stopped; continue with --resume" if told["stopped"] else "done"
        print(f"{told['model']}: {told['updates']} updates in {told['seconds']:.0f} s, {state}")
    return told


def _learn_together(args: argparse.Namespace, stopped: threading.Event) -> dict[str, Any]:
    """Train as one of the processes that torchrun started. The first one writes the run, the others help it."""
    from ebm_studio.core.energy.devices import choose_device
    from ebm_studio.core.learning.ranks import joined
    from ebm_studio.data.training.distributed import follow
    from ebm_studio.data.training.run_diary import session

    with joined(choose_device(args.device)) as (ranks, device):
        if ranks.is_first:
            plan = _plan(args)
            with session(args.output) as diary:
                return _learn(args, plan, diary, stopped, ranks, device)
        follow(device, ranks)
    args.json = False  # only the first one prints
    return {}


def _learn(
    args: argparse.Namespace,
    plan: Plan,
    diary: Diary,
    stopped: threading.Event,
    ranks: Ranks | None = None,
    device: torch.device | None = None,
) -> dict[str, Any]:
    # From here on we need torch, which takes a while to load.
    from tqdm import tqdm

    from ebm_studio.core.energy.devices import choose_device
    from ebm_studio.core.learning.ranks import ALONE
    from ebm_studio.data.training.training_run import Report, TrainingRun

    device = device or choose_device(args.device)
    with counting_bar() as tell_of:

        def reading(what: str, done: int, total: int) -> None:
            if stopped.is_set() or diary.order() == "stop":
                raise KeyboardInterrupt
            tell_of(what, done, total)
            doing = what[:1].upper() + what[1:]
            diary.tell(text=f"{doing}: {done} of {total}." if total else f"{doing}.")

        make = TrainingRun.resume if args.resume else TrainingRun.start
        run = make(args.output, plan, device, reading, diary, ranks or ALONE)
    if args.step_back:
        run.step_back()
    if run.data.passed_over:
        print(f"ebm-studio train: {run.data.passed_over}", file=sys.stderr)

    with tqdm(total=1000, disable=None, bar_format=_BAR) as bar:

        def tell(report: Report) -> None:
            metrics = report.metrics
            bar.set_postfix_str(f"update {metrics.update}, d {metrics.d:+.2f}, v {metrics.v:.2f}", refresh=False)
            bar.update(round(1000 * report.progress) - bar.n)

        done = run.learn(tell, stopped.is_set, args.save_every)

    return _account(args.output, run, done)


def _account(output: Path, run: TrainingRun, done: bool) -> dict[str, Any]:
    card = run.card()
    return {
        "run": str(output),
        "model": str(output / "model.safetensors"),
        "updates": card.updates,
        "seconds": card.seconds,
        "stopped": not done,
        "skipped": len(run.data.skipped),
        "others": len(run.data.others),
        "card": card.to_dict(),
    }


S = TypeVar("S", NetSpec, ShortRun, Learning, Plan)
_BAR = "{percentage:5.1f}% |{bar}| {elapsed} < {remaining}, {postfix}"


def _plan(args: argparse.Namespace) -> Plan:
    """What the run should do. Every error is found before anything is changed."""
    if args.resume:
        return _planned(args, read_plan(args.output))
    check_new(args.output)
    return _planned(args, _new_plan(args))


def _new_plan(args: argparse.Namespace) -> Plan:
    from ebm_studio.data.pictures.datasets import natural_channels

    origin = _card(args.origin) if args.origin else None
    return Plan(
        net=origin.net if origin else NetSpec(channels=natural_channels(args.data)),
        short_run=origin.training_run() if origin else ShortRun(),
        origin=args.origin or "",
        learning=Learning(updates=MAX_UPDATES if args.time_limit else Learning().updates),
        source=args.data,
        licence=licence_from(origin.data, args.data) if origin else "",
        name=args.output.resolve().name,
    )


def _card(model: str) -> Card:
    path = fetch_model(model)
    if has_card(path):
        return read_picture_card(path)
    from ebm_studio.data.models.model import load_model

    return load_model(path, "cpu", "fp32").card


def _planned(args: argparse.Namespace, plan: Plan) -> Plan:
    """The plan with the options' changes. A run keeps its network."""
    parts = {
        part: _changed(getattr(plan, part), **{field: getattr(args, option) for option, field in options.items()})
        for part, options in OPTIONS.items()
    }
    net = parts["net"]
    if args.resume and net != plan.net:
        raise SettingsError("A resumed run keeps its network: leave out --size, --channels, --width.")
    if args.resume and args.hold_out not in (None, plan.held_out):
        raise SettingsError("A resumed run keeps its held-out images: leave out --hold-out, or start a new run.")
    if args.resume and args.origin:
        raise SettingsError("A resumed run has its own weights: leave out --from, or start a new run.")
    if args.origin:
        if not can_begin_from(net, plan.net):
            raise SettingsError(f"Weights from {args.origin} {FITS}")
        parts["short_run"] = begun_run(parts["short_run"], plan.net, net)
    changed = _changed(
        plan,
        **parts,
        source=args.data,
        held_out=args.hold_out,
        licence=args.licence,
        name=args.name,
        time_limit=args.time_limit,
        fidelity_every=args.fidelity_every,
        patience=args.stop_after_no_improvement,
        backend=None if args.backend == "auto" else args.backend,
    )
    if changed.patience < 0:
        raise SettingsError(f"A run cannot stop after {changed.patience} measurements: give 1 or more, or 0 for never.")
    if changed.patience and changed.fidelity_every is None:
        changed = replace(changed, fidelity_every=FIDELITY_EVERY)
    # A plain --resume changes nothing about how the model was made, so the card leaves it out.
    as_before = plan.command and changed == plan and not args.step_back
    return plan if as_before else replace(changed, command=_command(plan.command))


def _changed(spec: S, **changes: Any) -> S:
    return replace(spec, **{name: value for name, value in changes.items() if value is not None})


def _command(before: str) -> str:
    # The card shows how to repeat the run: one line for each command that was given.
    here = "ebm-studio " + shlex.join(_portable(word) for word in sys.argv[1:])
    lines = before.splitlines()
    return "\n".join(lines if lines and lines[-1] == here else [*lines, here])


def _portable(word: str) -> str:
    path = Path(word)
    return path.name if path.is_absolute() or ".." in path.parts else word
