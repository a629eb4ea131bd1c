"""Whether a seed's pictures are the same in any batch and with any number of threads: by the command, as users run it.

`python -m benchmarks.sameness MODEL [--isa AVX2] [--threads 1] [--backend fp32] [--steps K]` runs `ebm-studio sample`
in a process of its own for each count, number of threads (`OMP_NUM_THREADS`), backend, and set of instructions that
oneDNN may use ("unset": all). It compares the pictures that the counts share, to the byte, prints a line for each
backend and set, and exits with 1 when pictures differ. Different instructions, and different backends, may differ.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from ebm_studio.data.pictures.pictures import Pixels, cut

COUNTS = (65, 33, 17, 16, 7, 5, 3, 2, 1)
UNSET = "unset"
ISAS = ("AVX2", "AVX512_CORE", UNSET)
THREADS = (1, 2)
IN_A_ROW = 8  # pictures of a sheet


def main(argv: Sequence[str] | None = None) -> int:
    """Run the commands and compare; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sameness", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--isa", action="append", choices=ISAS, help="instructions for oneDNN (default: each in turn)")
    parser.add_argument("--threads", action="append", type=int, metavar="N", help="default: 1 and 2 in turn")
    parser.add_argument("--backend", action="append", help="default: each that runs here in turn")
    parser.add_argument("--steps", type=int, help="Langevin steps (default: the model's own)")
    args = parser.parse_args(argv)
    differs = False
    threads = args.threads or THREADS
    pairs = [(isa, backend) for isa in args.isa or ISAS for backend in args.backend or _backends(isa)]
    for isa, backend in pairs:
        failed = list(_differing(args, isa, backend, threads))
        told = f"{len(failed)} DIFFER: {', '.join(failed)}" if failed else "all shared pictures are equal"
        print(f"{isa}, {backend}, threads {threads}, counts {COUNTS}: {told}", flush=True)
        differs = differs or bool(failed)
    return int(differs)


def _differing(args: argparse.Namespace, isa: str, backend: str, threads: Sequence[int]) -> Iterator[str]:
    """The runs whose pictures are not the first of the longest run."""
    longest: Pixels | None = None
    for count, number in product(COUNTS, threads):
        pictures = _sampled(args, isa, backend, number, count)
        longest = pictures if longest is None else longest
        if not np.array_equal(pictures, longest[:count]):
            yield f"{count} with {number} threads"


def _environment(isa: str, threads: int) -> dict[str, str]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    environment.pop("ONEDNN_MAX_CPU_ISA", None)
    return environment if isa == UNSET else {**environment, "ONEDNN_MAX_CPU_ISA": isa}


def _backends(isa: str) -> list[str]:
    """Those that run with these instructions, as a process that is limited to them says."""
    code = "import torch; from ebm_studio.core.energy.backends import available; print(*available(torch.device('cpu')))"
    words = [sys.executable, "-c", code]
    return subprocess.run(words, env=_environment(isa, 1), check=True, capture_output=True, text=True).stdout.split()


def _sampled(args: argparse.Namespace, isa: str, backend: str, threads: int, count: int) -> Pixels:
    environment = _environment(isa, threads)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "samples.png"
        words = ["sample", args.model, "--seed", "3", "--count", str(count), "--backend", backend, "--device", "cpu"]
        words += ["-o", str(file), *(["--steps", str(args.steps)] if args.steps else [])]
        subprocess.run([sys.executable, "-m", "ebm_studio", *words], env=environment, check=True, capture_output=True)
        with Image.open(file) as sheet:
            return cut(sheet, sheet.width // min(count, IN_A_ROW))[:count]


if __name__ == "__main__":
    sys.exit(main())
