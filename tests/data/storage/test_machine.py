import platform

import pytest
import torch

from ebm_studio.core.energy.crew import threads
from ebm_studio.data.storage import machine


@pytest.fixture(autouse=True)
def _anew():
    """The name is looked up once a process."""
    machine.processor.cache_clear()
    yield
    machine.processor.cache_clear()


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc/cpuinfo")
def test_the_processor_of_linux_is_named_where_it_is_told(tmp_path, monkeypatch):
    told = tmp_path / "cpuinfo"
    monkeypatch.setattr(machine, "CPUINFO", told)
    assert machine.machine(torch.device("cpu"), "bf16").startswith(f"Linux {platform.machine()}, cpu, ")  # no file
    for text, name in (
        ("processor\t: 0\nmodel name\t: Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz\n", "Intel Xeon E5-2690 v4"),
        ("model name : AMD Ryzen 9 7950X 16-Core Processor\n", "AMD Ryzen 9 7950X 16-Core"),
        ("processor : 0\nBogoMIPS : 50.00\n", ""),
    ):
        told.write_text(text)
        machine.processor.cache_clear()
        assert machine.processor() == name
        named = [f"Linux {platform.machine()}", name] if name else [f"Linux {platform.machine()}"]
        line = machine.machine(torch.device("cpu"), "bf16")
        assert line.split(", ") == [*named, "cpu", f"{threads()} threads", "bf16"]


def test_this_machine_tells_or_not_but_never_fails():
    name = machine.processor()
    assert len(name) <= machine.MOST
    assert "\n" not in name


def test_long_names_are_cut():
    assert machine.short("Intel64 Family 6 Model 154 Stepping 3, GenuineIntel") == (
        "Intel64 Family 6 Model 154 Stepping 3 GenuineIntel"
    )
    assert len(machine.short("x y " * 50)) <= machine.MOST
