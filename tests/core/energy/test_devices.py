from collections.abc import Iterator

import pytest
import torch

from ebm_studio.core.energy.devices import choose_device, tune_cuda


@pytest.fixture
def libraries() -> Iterator[None]:
    """The libraries' settings, put back afterwards."""
    cudnn, cublas = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, cublas.allow_tf32
    yield
    cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, cublas.allow_tf32 = before


@pytest.mark.parametrize("training", [False, True])
def test_cuda_computes_float32_exactly_and_chooses_by_time_in_training_only(training: bool, libraries: None) -> None:
    tune_cuda(training)
    assert torch.backends.cudnn.benchmark is training
    assert torch.backends.cudnn.deterministic is not training
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.device
def test_auto_is_a_gpu_and_tunes_it(libraries: None) -> None:
    assert choose_device("auto").type == "cuda"
    assert torch.backends.cudnn.deterministic
