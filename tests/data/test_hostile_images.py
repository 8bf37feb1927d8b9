"""Images and labels of strangers: opened only in the formats that are asked for, and refused in one line."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import diffusionlab
from diffusionlab.data import FashionMNIST, ImageFolder
from diffusionlab.report.images import picture, thumbnail
from diffusionlab.untrusted import MOST_PIXELS, ImageError, inside, opened_image
from tests.miniatures import write_fashion_mnist

pytestmark = pytest.mark.faults

EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 8 8
%%EndComments
(owned) (w) file closefile
showpage
%%EOF
"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def whole(kind: str) -> bytes:
    import io

    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(out, format=kind)
    return out.getvalue()


HOSTILE = {
    "PostScript": EPS,
    "empty": b"",
    "one zero byte": b"\0",
    "no image": b"hello" * 100,
    "a huge header": png(60_000, 60_000, chunk(b"IDAT", zlib.compress(b"\0"))),
    "larger than allowed": png(MOST_PIXELS // 1000 + 1, 1000, chunk(b"IDAT", zlib.compress(b"\0"))),
    "a text bomb": png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000)))),
    "a cut PNG": whole("PNG")[:2000],
    "a cut JPEG": whole("JPEG")[:600],
    "a cut WebP": whole("WEBP")[:600],
    "a cut BMP": whole("BMP")[:600],
    "a cut GIF": whole("GIF")[:200],
    "flipped bits": whole("PNG")[:100] + bytes(b ^ 255 for b in whole("PNG")[100:]),
    "no width": png(0, 8),
    "a TIFF": whole("TIFF"),
    "a PDF": whole("PDF"),
}


@pytest.fixture
def without_ghostscript(tmp_path, monkeypatch):
    """A `gs` on the path that leaves a trace if anything starts it."""
    program = tmp_path / "bin/gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    return tmp_path / "started"


@pytest.mark.parametrize("name", HOSTILE)
def test_an_image_folder_names_the_file_and_runs_nothing(tmp_path, without_ghostscript, name):
    folder = tmp_path / "data/one"
    folder.mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (8, 8)).save(folder / f"{number}.png")
    (folder / "x.png").write_bytes(HOSTILE[name])
    with pytest.raises(ValueError, match=r"data/one/x\.png ") as caught:
        ImageFolder(folder=tmp_path / "data", image_size=8, batch_size=1).setup()
    assert "\n" not in str(caught.value) and not without_ghostscript.exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_report_omits_it(tmp_path, without_ghostscript, name):
    file = tmp_path / "x.png"
    file.write_bytes(HOSTILE[name])
    shown = thumbnail(file, num_pixels=100)
    assert shown is None and not without_ghostscript.exists()
    taken = picture(file, tmp_path, "x")  # read as far as its header
    assert taken is None or taken.width * taken.height <= MOST_PIXELS


def test_an_image_under_the_name_of_another_format_is_read_as_what_it_is(tmp_path):
    (tmp_path / "x.png").write_bytes(whole("JPEG"))
    with opened_image(tmp_path / "x.png") as image:
        assert image.size == (64, 64)
    assert picture(tmp_path / "x.png", tmp_path, "x").uri.startswith("data:image/jpeg;")


def test_a_folder_called_x_png_is_no_image(tmp_path):
    (tmp_path / "x.png").mkdir()
    with pytest.raises(ImageError, match=r"x\.png"), opened_image(tmp_path / "x.png"):
        pass


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "link", "deep/secret", "a\0b", "", None])
def test_nothing_outside_a_folder_is_inside(tmp_path, name):
    (tmp_path / "run").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "run/link").symlink_to(tmp_path / "secret")
    (tmp_path / "run/deep").symlink_to(tmp_path)
    assert inside(tmp_path / "run", name) is None


@pytest.mark.parametrize("label", [10, 200])
def test_a_label_outside_the_classes_is_named_with_file_and_image(tmp_path, label):
    write_fashion_mnist(tmp_path)
    file = tmp_path / "FashionMNIST/raw/t10k-labels-idx1-ubyte"
    content = bytearray(file.read_bytes())
    content[8 + 7] = label
    file.write_bytes(content)
    data = FashionMNIST(data_dir=tmp_path, batch_size=4, download=False)
    with pytest.raises(ValueError, match=f"t10k-labels-idx1-ubyte: image 7 has label {label}"):
        data.setup()


@pytest.mark.parametrize("size", [0, 3, 8, 11, 30])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_a_cut_set_is_one_line(tmp_path, name, size):
    write_fashion_mnist(tmp_path)
    file: Path = tmp_path / "FashionMNIST/raw" / name
    file.write_bytes(file.read_bytes()[:size])
    data = FashionMNIST(data_dir=tmp_path, batch_size=4, download=False)
    with pytest.raises(ValueError, match=r"Fashion-MNIST not found: .*cannot be read") as caught:
        data.setup()
    assert "\n" not in str(caught.value)


def test_images_are_opened_in_one_place():
    """Pillow's own `open` takes any format, and PostScript starts another program."""
    package = Path(diffusionlab.__file__).parent
    names = {str(file.relative_to(package)) for file in package.rglob("*.py") if "Image.open(" in file.read_text()}
    assert names == {"untrusted.py", "visualization/style.py"}  # the second reads back what it has drawn
