"""Public data sets by name: where their files are, and who reads them."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures.pictures import Pixels
from ebm_studio.data.pictures.set_readers import (
    Reader,
    arrays,
    read_celeba,
    read_cifar,
    read_flowers,
    read_idx,
    read_svhn,
)
from ebm_studio.data.storage.bundle import RESOURCES
from ebm_studio.data.storage.download import Remote, fetch, is_cached
from ebm_studio.data.storage.progress import Progress


@dataclass(frozen=True)
class NamedSet:
    """A public data set."""

    licence: str
    channels: int
    files: tuple[Remote, ...]
    read: Reader
    test: str = ""
    """The name of the set that belongs to this one for testing."""
    bundled: str = ""
    """Where the program may have the file of the set with it, below its resources."""

    @property
    def own_file(self) -> Path | None:
        """The file that comes with the program. A wheel has fewer of them than a checkout."""
        path = RESOURCES / self.bundled
        return path if self.bundled and path.is_file() else None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def is_here(self) -> bool:
        """Whether nothing must be downloaded to read it."""
        return self.own_file is not None or all(map(is_cached, self.files))


def read_named(name: str, size: int, channels: int, progress: Progress) -> Pixels:
    """The pictures of a set, uint8 (N, C, size, size), downloaded first if need be. Raises `DataError`."""
    named = NAMED[name]
    paths = [named.own_file] if named.own_file else [fetch(file, progress) for file in named.files]
    try:
        return named.read(paths, size, channels, progress)
    except (DataError, OSError, EOFError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(f"{name} cannot be read from {paths[0]}: {str(error).rstrip('.')}.") from None


_RESEARCH = "no licence text; research use"
_FACES = "non-commercial research, no redistribution of images"
_DIGITS = "non-commercial use"
_FASHION = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
_MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist"
_SVHN = "http://ufldl.stanford.edu/housenumbers"
_FLOWERS = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102"
_CIFAR10 = Remote(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170_052_171,
)
_CELEBA = Remote(
    "https://s3.amazonaws.com/pytorch-tutorial-assets/img_align_celeba.zip",
    "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
    1_443_490_838,
)
_FLOWERS102 = (
    Remote(
        f"{_FLOWERS}/102flowers.tgz",
        "2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246",
        344_862_509,
    ),
    Remote(f"{_FLOWERS}/setid.mat", "46b8678f91fd95d3c8f4feab80d271a6c834a1dd896fe29fd3e6ad9ce5c8dccd", 14_989),
)

NAMED: dict[str, NamedSet] = {
    "fashion-mnist": NamedSet(
        "MIT",
        1,
        (
            Remote(
                f"{_FASHION}/train-images-idx3-ubyte.gz",
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                26_421_880,
            ),
        ),
        arrays(read_idx),
        test="fashion-mnist-test",
        bundled="fashion-mnist/train-images.idx3.xz",
    ),
    "fashion-mnist-test": NamedSet(
        "MIT",
        1,
        (
            Remote(
                f"{_FASHION}/t10k-images-idx3-ubyte.gz",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                4_422_102,
            ),
        ),
        arrays(read_idx),
        bundled="fashion-mnist/test-images.idx3.xz",
    ),
    "mnist": NamedSet(
        "CC BY-SA 3.0",
        1,
        (
            Remote(
                f"{_MNIST}/train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                9_912_422,
            ),
        ),
        arrays(read_idx),
        test="mnist-test",
    ),
    "mnist-test": NamedSet(
        "CC BY-SA 3.0",
        1,
        (
            Remote(
                f"{_MNIST}/t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                1_648_877,
            ),
        ),
        arrays(read_idx),
    ),
    "cifar10": NamedSet(
        _RESEARCH,
        3,
        (_CIFAR10,),
        arrays(partial(read_cifar, [f"data_batch_{i}.bin" for i in range(1, 6)])),
        test="cifar10-test",
    ),
    "cifar10-test": NamedSet(_RESEARCH, 3, (_CIFAR10,), arrays(partial(read_cifar, ["test_batch.bin"]))),
    "svhn": NamedSet(
        _DIGITS,
        3,
        (
            Remote(
                f"{_SVHN}/train_32x32.mat",
                "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                182_040_794,
            ),
        ),
        arrays(read_svhn),
        test="svhn-test",
    ),
    "svhn-test": NamedSet(
        _DIGITS,
        3,
        (
            Remote(
                f"{_SVHN}/test_32x32.mat",
                "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
                64_275_384,
            ),
        ),
        arrays(read_svhn),
    ),
    "celeba": NamedSet(_FACES, 3, (_CELEBA,), partial(read_celeba, range(1, 162_771)), test="celeba-test"),
    "celeba-test": NamedSet(_FACES, 3, (_CELEBA,), partial(read_celeba, range(182_638, 202_600))),
    "flowers102": NamedSet(_RESEARCH, 3, _FLOWERS102, partial(read_flowers, "trnid"), test="flowers102-test"),
    "flowers102-test": NamedSet(_RESEARCH, 3, _FLOWERS102, partial(read_flowers, "tstid")),
}
"""The names with -test are for measuring only."""
