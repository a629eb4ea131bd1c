"""`python -m benchmarks [--json] [--quick] [--peers | --device D]`: how fast it runs, against the authors' loop."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import device
from benchmarks.engine import Reconstruction, Row, convolution_limit, drawn_net, step_row, update_row
from ebm_studio.core.energy.crew import threads
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.card import Card, bundled_models
from ebm_studio.data.models.model import save_model

BUDGET = 12.0  # seconds for each case, with other runtimes or on another device


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="within 50 s, on fewer rounds and shorter runs")
    parser.add_argument("--no-window", action="store_true", help="leave out launch and stalls")
    parser.add_argument("--peers", action="store_true", help="one step against OpenVINO, ONNX Runtime and JAX instead")
    parser.add_argument("--device", choices=("cpu", "cuda", "mps"), help="runs and updates on that device instead")
    args = parser.parse_args()
    if args.device:
        print_device(args.device, args.quick, args.json)
        return
    if args.peers:
        print_peers(args.quick, args.json)
        return

    began = time.perf_counter()
    rows, figures = engine_figures(args.quick)
    if not args.no_window:
        figures |= window_figures(args.quick)
    figures |= {"seconds": time.perf_counter() - began, "machine": machine()}
    if args.json:
        cases = [{"what": r.what, "ratio": r.ratio, "theirs_s": r.theirs, "ours_s": r.ours, "by": r.note} for r in rows]
        print(json.dumps(figures | {"rows": cases}))
        return
    print(f"{'ratio':>6}  {'authors':>10}  {'ours':>10}")
    for row in rows:
        print(f"{row.ratio:5.2f}x  {1000 * row.theirs:7.1f} ms  {1000 * row.ours:7.1f} ms  {row.what}  {row.note}")
    print()
    for name, value in figures.items():
        print(f"{name:28} {value:.3f}" if isinstance(value, float) else f"{name:28} {value}")


def print_peers(quick: bool, as_json: bool) -> None:
    """Measure one step by other runtimes, and print."""
    try:
        from benchmarks import peers

        cases = list(peers.measure(0.0 if quick else BUDGET))
    except ImportError as error:
        sys.exit(f'{error}: to compare with other runtimes, pip install "ebm-studio[peers]".')
    if as_json:
        print(json.dumps({"cases": [asdict(case) for case in cases], "machine": machine()}))
    else:
        print(f"{peers.table(cases)}\n\n{machine()}")


def print_device(name: str, quick: bool, as_json: bool) -> None:
    """Measure runs and updates on a device, and print."""
    try:
        cases = list(device.measure(name, 0.0 if quick else BUDGET))
    except SettingsError as error:
        sys.exit(str(error))
    if as_json:
        print(json.dumps({"cases": [asdict(case) for case in cases], "machine": machine(), "unit": device.unit(name)}))
    else:
        print(f"{device.table(cases)}\n\n{device.unit(name)}, {machine()}")


def engine_figures(quick: bool) -> tuple[list[Row], dict[str, Any]]:
    """All comparisons without a window."""
    budget = 0.0 if quick else 8.0  # seconds for each; with 0, two rounds
    wide, slim = NetSpec(width=64), NetSpec(width=32)
    step_wide, step_slim, window_slim = (
        step_row(wide, 64, budget),
        step_row(slim, 64, budget),
        step_row(slim, 16, budget),
    )
    exact = step_row(slim, 16, budget, backend="fp32")
    rows = [step_wide, step_slim, window_slim, exact]
    if not quick:
        rows.append(step_row(NetSpec(width=32, size=64), 64, budget))
        rows += [step_row(spec, chains, budget / 3) for spec, chains in ((slim, 8), (slim, 1), (wide, 16), (wide, 1))]
    update = update_row(wide, 3 if quick else 50, 0)
    limits = {spec.width: convolution_limit(spec, 64, budget) for spec in (wide, slim)}

    lengths = (5,) if quick else (10, 30, 100)
    linear, smooth = Reconstruction.of("leaky_relu"), Reconstruction.of("silu")
    memory = list(smooth.memory((5, 10) if quick else lengths))
    naive = {} if quick else {f"reconstruct_naive_mb_k{k}": smooth.naive_memory(k) / 1e6 for k in lengths}
    reconstructions = {case: [case.row(k, 0) for k in lengths] for case in (linear, smooth)}
    (_, least, few), (_, most, many) = memory[0], memory[-1]

    rows += [update, *reconstructions[linear], *reconstructions[smooth]]
    return rows, {
        "step_ratio_nf64": step_wide.ratio,
        "step_ratio_nf32": step_slim.ratio,
        "limit_fraction_nf64": limits[64] / step_wide.ours,
        "limit_fraction_nf32": limits[32] / step_slim.ours,
        "update_ratio_nf64": update.ratio,
        "reconstruct_ratio_lrelu": reconstructions[linear][-1].ratio,
        "reconstruct_ratio_silu": reconstructions[smooth][-1].ratio,
        "reconstruct_memory_growth": (most - least) / (many - few),  # as a multiple of the growth of the stored images
        "fp32_ratio_nf32_16_chains": exact.ratio,
        "steps_per_second_nf32_16_chains": 1 / window_slim.ours,
        **{f"reconstruct_ours_mb_k{k}": peak / 1e6 for k, peak, _ in memory},
        **naive,
    }


def window_figures(quick: bool) -> dict[str, Any]:
    """Launch and stalls, each in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        bundled = bundled_models()
        model = bundled[0] if bundled else Path(folder) / "drawn.safetensors"
        if not bundled:
            spec = NetSpec(width=32)
            save_model(model, drawn_net(spec), Card(name="drawn", net=spec, short_run=ShortRun()))
        if not quick:
            _probe("launch", model)  # to warm the disk cache
        bare, chain, train = (_probe(name, model) for name in ("bare", "chain", "train"))
        launch = chain if quick else _probe("launch", model)
    return {
        "first_paint_s": launch.get("first_paint_s"),
        "first_paint_cpu_s": launch.get("first_paint_cpu_s"),
        "first_frame_s": launch.get("first_frame_s"),
        "bare_first_paint_s": bare.get("first_paint_s"),
        "stall_p99_ms_chain": chain.get("stall_p99_ms"),
        "stall_max_ms_chain": chain.get("stall_max_ms"),
        "stall_p99_ms_train": train.get("stall_p99_ms"),
        "stall_max_ms_train": train.get("stall_max_ms"),
    }


def _probe(name: str, model: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.window", name, str(model), "--began", repr(time.time())]
    environment = os.environ | ({} if os.environ.get("DISPLAY") else {"QT_QPA_PLATFORM": "offscreen"})
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=120)
    if done.returncode:
        print(f"the window could not be measured ({name}): {done.stderr.strip()[-300:]}", file=sys.stderr)
        return {}
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def machine() -> str:
    """The machine and the versions."""
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{platform.machine()}, {capability}, {threads()} threads, torch {torch.__version__}"


if __name__ == "__main__":
    main()
