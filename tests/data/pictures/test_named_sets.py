import gzip
import hashlib
import io
import struct
import tarfile
import zlib
from dataclasses import replace

import numpy as np
import pytest

from ebm_studio.core.errors import DataError
from ebm_studio.data.pictures import set_readers
from ebm_studio.data.pictures.datasets import open_images, open_split
from ebm_studio.data.pictures.mat_file import read_mat
from ebm_studio.data.pictures.named_sets import NAMED
from ebm_studio.data.pictures.pictures import fit
from ebm_studio.data.storage.download import Remote
from tests.making import encoded, make_picture, make_zip
from tests.serving import serving

RNG = np.random.default_rng(0)


def idx(pixels) -> bytes:
    return gzip.compress(struct.pack(">4I", 0x803, *pixels.shape) + pixels.tobytes())


def tgz(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def element(kind: int, data: bytes) -> bytes:
    if 0 < len(data) <= 4:
        return struct.pack("<HH", kind, len(data)) + data.ljust(4, b"\0")
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(name: str, array, kind: int, flags: int = 9) -> bytes:
    parts = element(6, struct.pack("<II", flags, 0)) + element(5, np.array(array.shape, "<i4").tobytes())
    parts += element(1, name.encode()) + element(kind, array.tobytes(order="F"))
    return struct.pack("<II", 14, len(parts)) + parts


def mat(*matrices: bytes, packed: bool = True) -> bytes:
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x100) + b"IM"
    for raw in matrices:
        small = zlib.compress(raw)
        head += struct.pack("<II", 15, len(small)) + small if packed else raw
    return head


@pytest.fixture
def serve(monkeypatch):
    """Have a set come from a server on this machine, with these files."""
    with serving() as site:

        def put(name: str, *contents: bytes) -> None:
            remotes = []
            for number, content in enumerate(contents):
                path = f"/{name}{number}"
                site.files[path] = content
                remotes.append(Remote(site.url + path, hashlib.sha256(content).hexdigest(), len(content)))
            monkeypatch.setitem(NAMED, name, replace(NAMED[name], files=tuple(remotes), bundled=""))

        yield put


def digits(count: int):
    return RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8)


def test_mnist_is_fetched_and_gets_a_black_margin(serve):
    training, test = digits(3), digits(2)
    serve("mnist", idx(training))
    serve("mnist-test", idx(test))
    assert not NAMED["mnist"].is_here
    seen, unseen = open_split("mnist", 32, 1, 0)
    assert NAMED["mnist"].is_here
    assert np.array_equal(seen.images[:, 0, 2:30, 2:30], training)
    assert np.array_equal(unseen.images[:, 0, 2:30, 2:30], test)
    assert not seen.images[:, :, :2].any()
    assert seen.licence == "CC BY-SA 3.0"
    assert open_images("mnist", 16, 3).images.shape == (3, 3, 16, 16)


def test_fashion_mnist_that_does_not_come_with_the_program_is_fetched(serve):
    training = digits(3)
    serve("fashion-mnist", idx(training))
    assert np.array_equal(open_images("fashion-mnist", 32).images[:, 0, 2:30, 2:30], training)


def cifar_batch(count: int):
    pixels = RNG.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    return pixels, np.concatenate([np.full((count, 1), 7, np.uint8), pixels.reshape(count, -1)], axis=1).tobytes()


def test_cifar10_in_the_order_of_its_batches(serve):
    made = {f"data_batch_{i}.bin": cifar_batch(2) for i in range(1, 6)} | {"test_batch.bin": cifar_batch(1)}
    archive = tgz({f"cifar-10-batches-bin/{name}": raw for name, (_, raw) in reversed(made.items())})
    serve("cifar10", archive)
    serve("cifar10-test", archive)
    seen, unseen = open_split("cifar10", 32, 3, 0)
    assert np.array_equal(seen.images, np.concatenate([made[f"data_batch_{i}.bin"][0] for i in range(1, 6)]))
    assert np.array_equal(unseen.images, made["test_batch.bin"][0])


@pytest.mark.parametrize("packed", [True, False])
def test_svhn(serve, packed):
    pixels = RNG.integers(0, 256, (32, 32, 3, 5), dtype=np.uint8)  # height, width, channels, pictures
    serve("svhn", mat(matrix("X", pixels, 2), matrix("y", np.ones((5, 1), np.uint8), 2), packed=packed))
    images = open_images("svhn", 32).images
    assert np.array_equal(images[3, 2], pixels[:, :, 2, 3])


def test_celeba_takes_the_official_training_pictures(serve, tmp_path):
    photos = {number: make_picture((178, 218), number) for number in (2, 1, 162_770, 162_771, 182_638)}
    members = {f"img_align_celeba/{number:06d}.jpg": encoded(photo, "JPEG") for number, photo in photos.items()}
    archive = make_zip(tmp_path / "faces.zip", members | {"img_align_celeba/notes.txt": b"-"}).read_bytes()
    serve("celeba", archive)
    serve("celeba-test", archive)
    seen, unseen = open_split("celeba", 32, 3, 0)
    assert len(seen) == 3
    assert len(unseen) == 1
    assert np.abs(seen.images[0].astype(int) - fit(photos[1], 32, 3)).mean() < 8  # a JPEG, in the order of numbers


def test_flowers_are_those_of_the_official_split_in_its_order(serve):
    flowers = tgz({f"jpg/image_{i:05d}.jpg": encoded(make_picture((50, 40), i), "JPEG") for i in range(1, 6)})
    splits = mat(
        matrix("tstid", np.array([[1, 3]], "<f8"), 9, flags=6), matrix("trnid", np.array([[5, 2]], "<u2"), 4, flags=6)
    )
    serve("flowers102", flowers, splits)
    serve("flowers102-test", flowers, splits)
    seen, unseen = open_split("flowers102", 32, 3, 0)
    assert len(unseen) == 2
    assert np.abs(seen.images[0].astype(int) - fit(make_picture((50, 40), 5), 32, 3)).mean() < 8


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mnist", idx(digits(3))[:200]),
        ("mnist", gzip.compress(b"something else entirely")),
        ("mnist", gzip.compress(struct.pack(">4I", 0x803, 2**31, 2**15, 2**15))),
        ("mnist", b"no gzip"),
        ("cifar10", tgz({"data_batch_1.bin": b"abc"})),
        ("cifar10", b"no tar"),
        ("celeba", b"no zip"),
        ("svhn", b"no mat file" * 20),
        ("svhn", mat(matrix("y", np.ones((5, 1), np.uint8), 2))),
        ("svhn", mat(matrix("X", np.ones((5, 1), np.uint8), 2))),
        ("svhn", mat(matrix("X", RNG.integers(0, 9, (32, 32, 3, 5), dtype=np.uint8), 2))[:-500]),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",  # which all processes agree on
)
def test_files_that_are_something_else_are_refused_in_a_sentence(serve, name, content):
    serve(name, content)
    with pytest.raises(DataError, match=rf"^{name} cannot be read from .*{name}0: [^\n]+\.$"):
        open_images(name, 32)


def test_arrays_that_scipy_writes_are_read(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    arrays = {
        "trnid": RNG.integers(0, 9000, (1, 40)).astype(np.uint16),
        "doubles": RNG.normal(size=(3, 4)),
        "X": RNG.integers(0, 256, (4, 5, 3, 6), dtype=np.uint8),
        "one": np.array([[7]], np.uint8),
    }
    for packed in (True, False):
        scipy_io.savemat(tmp_path / "made.mat", arrays, do_compression=packed)
        raw = (tmp_path / "made.mat").read_bytes()
        for name, array in arrays.items():
            assert np.array_equal(read_mat(raw, name), array)


def test_sizes_in_a_mat_file_are_not_believed(monkeypatch):
    honest = matrix("X", np.zeros((4, 4), np.uint8), 2)
    lying = honest.replace(np.array([4, 4], "<i4").tobytes(), np.array([4, 400], "<i4").tobytes())
    with pytest.raises(DataError, match="fewer or more numbers"):
        read_mat(mat(lying), "X")
    with pytest.raises(DataError, match="cut short"):
        read_mat(mat(honest[:-8], packed=False), "X")
    with pytest.raises(DataError, match="real numbers"):
        read_mat(mat(matrix("X", np.zeros((4, 4), np.uint8), 2, flags=1)), "X")  # a cell array
    monkeypatch.setattr("ebm_studio.data.pictures.mat_file.MAX_BYTES", 50)
    with pytest.raises(DataError, match="too large"):
        read_mat(mat(honest), "X")


def test_a_huge_member_is_not_unpacked(serve, monkeypatch):
    monkeypatch.setattr(set_readers, "MAX_FILE_BYTES", 1000)
    serve("cifar10", tgz({"data_batch_1.bin": bytes(2000)}))
    with pytest.raises(DataError, match="too large"):
        open_images("cifar10", 32)


def test_every_set_says_where_it_comes_from():
    for name, named in NAMED.items():
        assert named.licence
        assert not named.test or named.test in NAMED
        for remote in named.files:
            assert remote.url.startswith("http")
            assert len(remote.sha256) == 64
            assert remote.size > 10_000, name
