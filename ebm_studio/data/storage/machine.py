"""What a model was made on, for its card."""

from __future__ import annotations

import platform
import re
import subprocess
from functools import cache
from pathlib import Path

import torch

from ebm_studio.core.energy.crew import threads

CPUINFO = Path("/proc/cpuinfo")
MOST = 60  # letters of the processor's name


def machine(device: torch.device, backend: str) -> str:
    """System, processor, device, threads and backend in a line."""
    parts = (f"{platform.system()} {platform.machine()}", processor(), str(device), f"{threads()} threads", backend)
    return ", ".join(part for part in parts if part)


@cache
def processor() -> str:
    """The processor's name, or nothing where the system does not tell."""
    try:
        return short(_NAMES.get(platform.system(), platform.processor)())
    except (OSError, subprocess.SubprocessError):
        return ""


def short(name: str) -> str:
    """A processor's name without trade marks, commas and frequency."""
    name = re.sub(r"\((?:R|TM|C)\)|\bCPU\b|\bProcessor\b|@.*", " ", name, flags=re.IGNORECASE)
    return " ".join(name.replace(",", " ").split())[:MOST].rstrip()


def _linux() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", CPUINFO.read_text(errors="replace"), re.MULTILINE)
    return found[1] if found else ""


def _mac() -> str:
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout


_NAMES = {"Linux": _linux, "Darwin": _mac}
