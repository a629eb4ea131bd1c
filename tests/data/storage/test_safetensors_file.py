import os
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors
from safetensors.numpy import save

from ebm_studio.core.errors import DataError
from ebm_studio.data.storage.outside import FileKind
from ebm_studio.data.storage.safetensors_file import in_order, open_tensors

KIND = FileKind("latent file", 2**20, DataError)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_name_that_is_not_utf8_is_a_name(tmp_path: Path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.safetensors"))
    path.write_bytes(save({"a": np.arange(3)}))
    before = os.listdir("/proc/self/fd")
    with open_tensors(path, KIND) as file:
        assert file.get_tensor("a").tolist() == [0, 1, 2]
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="is not a latent file"), open_tensors(path, KIND):
        pass
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_file_with_several_texts_is_the_same_each_time(tmp_path):
    texts = {str(i): "text" for i in range(20)}
    written = {in_order(save({"x": np.arange(3)}, texts)) for _ in range(10)}
    assert len(written) == 1
    (tmp_path / "a.safetensors").write_bytes(*written)
    with safetensors.safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        assert file.metadata() == texts
        assert file.get_tensor("x").tolist() == [0, 1, 2]
