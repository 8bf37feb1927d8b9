"""Fashion-MNIST and CIFAR-10 from small files in torchvision's layouts; missing, tampered, unreachable, fetched."""

import functools
import gzip
import hashlib
import http.server
import pickle
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from diffusionlab.data import CIFAR10, MNIST, CatDog, DataNotFoundError, FashionMNIST, torchvision_sets


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    """The IDX format: type 8 (bytes), number of dimensions, sizes, bytes."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


FASHION = {
    "train-images-idx3-ubyte": idx(np.arange(40 * 28 * 28).reshape(40, 28, 28) % 251),
    "train-labels-idx1-ubyte": idx(np.arange(40) % 10),
    "t10k-images-idx3-ubyte": idx(np.arange(20 * 28 * 28).reshape(20, 28, 28) % 241),
    "t10k-labels-idx1-ubyte": idx(np.arange(20) % 10),
}


def write_fashion(root: Path, name: str = "FashionMNIST") -> None:
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    for name, content in FASHION.items():
        (raw / name).write_bytes(content)


@pytest.fixture
def cifar(tmp_path, monkeypatch) -> Path:
    """Two batches in CIFAR-10's layout, whose checksums stand in for the official ones."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()

    def write(name: str, content: object) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, md5((folder / name).read_bytes())]

    pixels = np.arange(40 * 3072, dtype=np.int64).reshape(40, 3072) % 253
    train = write("data_batch_1", {"data": pixels.astype(np.uint8), "labels": [k % 10 for k in range(40)]})
    test = write("test_batch", {"data": pixels[:20].astype(np.uint8), "labels": [k % 10 for k in range(20)]})
    meta = write("batches.meta", {"label_names": list(CIFAR10.native_class_names)})
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [train])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [test])
    monkeypatch.setattr(datasets.CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]})
    return tmp_path


@pytest.mark.parametrize("cls", [MNIST, FashionMNIST])
def test_mnist_and_its_successor_read_torchvisions_raw_files(cls, tmp_path):
    write_fashion(tmp_path, cls.__name__)
    datamodule = cls(data_dir=tmp_path, num_val=10, batch_size=8)
    datamodule.prepare_data()
    datamodule.setup()
    assert datamodule.train.images.shape == (30, 1, 28, 28)
    assert datamodule.test.images[0, 0, 1, 0] == 28 and datamodule.test.labels.tolist() == [*range(10)] * 2


def test_cifar10_keeps_pixels_where_they_are(cifar):
    datamodule = CIFAR10(data_dir=cifar, num_val=10, batch_size=8)
    datamodule.prepare_data()
    datamodule.setup()
    assert datamodule.test.images.shape == (20, 3, 32, 32)
    expected = (np.arange(3072) % 253).reshape(3, 32, 32)
    assert np.array_equal(datamodule.test.images[0].numpy(), expected)


def test_cats_and_dogs_are_cut_from_cifar10(cifar):
    datamodule, whole = CatDog(data_dir=cifar, batch_size=4), CIFAR10(data_dir=cifar, batch_size=4)
    datamodule.setup(), whole.setup()
    assert datamodule.train.labels.bincount().tolist() == [4, 4]
    assert torch.equal(datamodule.test.images[datamodule.test.labels == 0], whole.test.images[whole.test.labels == 3])
    assert torch.equal(datamodule.test.images[datamodule.test.labels == 1], whole.test.images[whole.test.labels == 5])


def test_cats_and_dogs_from_class_folders(tmp_path):
    for split, count in (("train", 6), ("test", 2)):
        for level, name in ((10, "cat"), (200, "dog")):
            folder = tmp_path / "cifar_catdog" / split / name
            folder.mkdir(parents=True)
            for k in range(count):
                Image.new("RGB", (32, 32), (level, level, k)).save(folder / f"{k}.png")
    datamodule = CatDog(data_dir=tmp_path, num_val=2, batch_size=4, download=False)
    datamodule.prepare_data()
    datamodule.setup()
    assert [len(split) for split in (datamodule.train, datamodule.val, datamodule.test)] == [10, 2, 4]
    assert [int(image[0, 0, 0]) for image in datamodule.test.images] == [10, 10, 200, 200]
    assert datamodule.test.labels.tolist() == [0, 0, 1, 1]


class Bomb:
    """Unpickling this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_changed_cifar_file_is_never_unpickled(cifar):
    trace = cifar / "trace"
    (cifar / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(DataNotFoundError):
        CIFAR10(data_dir=cifar).setup()
    assert not trace.exists()


@pytest.fixture
def no_network(monkeypatch) -> None:
    """The sets' addresses lead to a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    monkeypatch.setattr(datasets.MNIST, "mirrors", [address])
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [address])
    monkeypatch.setattr(datasets.CIFAR10, "url", address + "cifar.tar.gz")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("cls", [MNIST, FashionMNIST, CIFAR10, CatDog])
def test_a_missing_set_says_where_it_looked_and_both_ways_out(cls, tmp_path):
    with pytest.raises(DataNotFoundError) as caught:
        cls(data_dir=tmp_path).prepare_data()
    message = str(caught.value)
    assert "\n" not in message and isinstance(caught.value, ValueError)
    for part in (
        cls.name,
        str(tmp_path),
        "cannot be fetched",
        "DIFFUSIONLAB_DATA_DIR",
        "paths.data_dir",
        "data=garments",
    ):
        assert part in message


def test_download_can_be_forbidden(tmp_path):
    datamodule = FashionMNIST(data_dir=tmp_path, download=False)
    datamodule.prepare_data()
    with pytest.raises(DataNotFoundError, match=r"data\.download=false"):
        datamodule.setup()
    assert not list(tmp_path.iterdir())


def test_a_truncated_file_is_one_line(tmp_path):
    write_fashion(tmp_path)
    images = tmp_path / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:999])
    for step in (FashionMNIST(data_dir=tmp_path).prepare_data, FashionMNIST(data_dir=tmp_path).setup):
        with pytest.raises(DataNotFoundError, match=r"read: shape .* is invalid") as caught:
            step()
        assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"http://127.0.0.1:{silent.getsockname()[1]}/"])
        monkeypatch.setattr(torchvision_sets, "_CONNECT_SECONDS", 0.1)
        with pytest.raises(DataNotFoundError, match="timed out"):
            FashionMNIST(data_dir=tmp_path).prepare_data()
    assert socket.getdefaulttimeout() is None


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("tampered", [False, True])
def test_a_download_is_checked_and_laid_out(tmp_path, monkeypatch, tampered):
    published, root = tmp_path / "published", tmp_path / "root"
    published.mkdir()
    packed = {f"{name}.gz": gzip.compress(content) for name, content in FASHION.items()}
    for name, content in packed.items():
        (published / name).write_bytes(content + b"x" * tampered)
    handler = functools.partial(QuietHandler, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        monkeypatch.setattr(datasets.FashionMNIST, "resources", [(name, md5(data)) for name, data in packed.items()])
        datamodule = FashionMNIST(data_dir=root, batch_size=8)
        try:
            if tampered:
                with pytest.raises(DataNotFoundError, match="cannot be fetched"):
                    datamodule.prepare_data()
            else:
                datamodule.prepare_data()
                datamodule.setup()
                assert len(datamodule.train) == 40 and len(datamodule.test) == 20
        finally:
            server.shutdown()
            thread.join()
