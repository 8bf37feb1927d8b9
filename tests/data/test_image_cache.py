"""Images that are decoded once: what is kept, when it is made anew, and that it may be larger than memory."""

import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffusionlab.data import ImageFolder, image_folder
from diffusionlab.errors import StorageError
from diffusionlab.evaluation.real_images import RealImages


def draw(folder: Path, count: int = 12, size: int = 8) -> Path:
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (size, size, 3), dtype=np.uint8)).save(path)
    return folder


def read(folder: Path, **options) -> ImageFolder:
    data = ImageFolder(**{"folder": folder, "image_size": 8, "num_val": 2, "batch_size": 2} | options)
    data.setup()
    return data


def pixels(data: ImageFolder) -> set[bytes]:
    return {bytes(image.numpy()) for split in (data.train, data.val, data.test) for image in split.images}


def kept(cache: Path) -> list[Path]:
    return sorted((cache / "images").iterdir())


@pytest.fixture
def opened(monkeypatch) -> list[Path]:
    """The files that are opened to be decoded, from now on."""
    files, really_open = [], image_folder.opened_image

    def open_and_tell(path: Path):
        files.append(path)
        return really_open(path)

    monkeypatch.setattr(image_folder, "opened_image", open_and_tell)
    return files


def test_the_second_start_decodes_nothing_and_sees_the_same(tmp_path, opened, cache_of_its_own):
    folder = draw(tmp_path / "photos")
    first = read(folder)
    files = sorted(folder.rglob("*.png"))
    assert sorted(opened) == files
    opened.clear()
    second = read(folder)
    assert opened == [] and second.data_hash == first.data_hash
    assert pixels(second) == {np.asarray(Image.open(file)).transpose(2, 0, 1).tobytes() for file in files}
    assert sorted(folder.rglob("*.*")) == files and len(kept(cache_of_its_own)) == 1


def test_a_changed_folder_is_decoded_anew_and_its_old_images_go(tmp_path, opened, cache_of_its_own):
    folder = draw(tmp_path / "photos")
    before = read(folder)
    file = folder / "a/0.png"
    times, size = (file.stat().st_atime_ns, file.stat().st_mtime_ns), file.stat().st_size
    content = bytearray(file.read_bytes())
    Image.new("RGB", (8, 8), "red").save(file)
    file.write_bytes(file.read_bytes().ljust(size, b"\0"))  # as long, and by its date as old
    os.utime(file, ns=times)
    (old,) = kept(cache_of_its_own)
    after = read(folder)
    assert bytes(np.asarray(Image.new("RGB", (8, 8), "red")).transpose(2, 0, 1).tobytes()) in pixels(after)
    assert len(kept(cache_of_its_own)) == 1 and kept(cache_of_its_own) != [old]
    assert len(pixels(before)) == 12  # what is in use stays whole
    file.write_bytes(content)
    assert read(folder).data_hash == before.data_hash


def test_each_shape_has_its_own_file(tmp_path, opened, cache_of_its_own):
    folder = draw(tmp_path / "photos")
    shapes = [{}, {"image_size": 4}, {"channels": 1}]
    assert len({read(folder, **shape).train.images.shape for shape in shapes}) == len(kept(cache_of_its_own)) == 3
    opened.clear()
    for shape in shapes:
        read(folder, **shape)
    assert opened == []


class Trap:
    """Leaves a file where it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


@pytest.mark.parametrize("harm", ["cut off", "empty", "another shape", "pickled", "garbage", "folder"])
def test_a_damaged_file_is_made_anew(tmp_path, monkeypatch, cache_of_its_own, harm):
    monkeypatch.chdir(tmp_path)
    folder = draw(tmp_path / "photos")
    before = read(folder)
    (file,) = kept(cache_of_its_own)
    whole = file.read_bytes()
    file.unlink()  # what is mapped stays as it is
    if harm == "another shape":
        np.save(file, np.zeros((12, 3, 9, 8), np.uint8))
    elif harm == "pickled":
        np.save(file, np.array([Trap()], dtype=object), allow_pickle=True)
    elif harm == "folder":
        file.mkdir()
        with pytest.raises(StorageError, match="DIFFUSIONLAB_CACHE_DIR"):
            read(folder)
        return
    else:
        file.write_bytes({"cut off": whole[:-1], "empty": b"", "garbage": pickle.dumps(Trap())}[harm])
    assert read(folder).data_hash == before.data_hash
    assert file.read_bytes() == whole and not Path("sprung").exists()


BUILD = """
import sys, time
from pathlib import Path
from diffusionlab.data import ImageFolder
data = ImageFolder(folder=sys.argv[1], image_size=8, num_val=2, batch_size=2)
print("ready", flush=True)
sys.stdin.readline()
data.setup()
print(data.data_hash)
"""


@pytest.mark.slow
def test_builders_that_start_at_once_all_see_the_same(tmp_path, cache_of_its_own):
    folder = draw(tmp_path / "photos", count=300)
    program = [sys.executable, "-c", BUILD, str(folder)]
    builders = [subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for builder in builders:
        assert builder.stdout.readline() == "ready\n"
    for builder in builders:
        builder.stdin.write("\n")
        builder.stdin.flush()
    told = [builder.communicate()[0] for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0]
    assert {text.strip() for text in told} == {read(folder).data_hash} and len(kept(cache_of_its_own)) == 1


KILLED = """
import os, signal, sys
from diffusionlab.data import ImageFolder, image_folder
decode = image_folder._decode_block
image_folder._decode_block = lambda *args, **how: os.kill(os.getpid(), signal.SIGKILL)
ImageFolder(folder=sys.argv[1], image_size=8).setup()
"""


@pytest.mark.faults
def test_what_a_killed_builder_left_is_removed(tmp_path, cache_of_its_own):
    folder = draw(tmp_path / "photos")
    assert subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False).returncode == -9
    (left,) = kept(cache_of_its_own)
    read(folder)
    assert not left.exists() and len(kept(cache_of_its_own)) == 1


@pytest.mark.faults
def test_no_room_for_the_images_is_one_line(tmp_path, cache_of_its_own):
    folder = draw(tmp_path / "photos")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"MB free\): set DIFFUSIONLAB_CACHE_DIR to a folder") as caught:
            read(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value) and kept(cache_of_its_own) == []


LARGER = """
import os, resource, sys
from pathlib import Path
os.cpu_count = lambda: 2  # a block of files for each core is in memory
from diffusionlab.data import ImageFolder
from diffusionlab.data.styles import make_styler
from diffusionlab.evaluation.real_images import RealImages

def use(folder):
    data = ImageFolder(folder=folder, image_size=128, num_val=20, batch_size=16, random_crop=2)
    data.styler = make_styler("brightness", None)
    data.setup()
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        for x0, label, style in loader:
            x0.sum()
    real = RealImages.of(data)
    return data, (data.data_hash, real.hash)

few, many, share = sys.argv[1], sys.argv[2], float(sys.argv[3])
use(few)  # threads are started, and libraries loaded
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
now = 1024 * int(status["VmData"].split()[0])
count = sum(1 for _ in Path(many).rglob("*.png"))
resource.setrlimit(resource.RLIMIT_DATA, (now + int(share * count * 3 * 128 * 128), resource.RLIM_INFINITY))
data, first = use(many)
assert use(many)[1] == first
try:
    data.train.images[:]
except MemoryError:
    print("larger than memory")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA leaves mapped files alone on Linux")
def test_a_folder_larger_than_memory_is_decoded_and_trained_on(tmp_path):
    """The memory that 200 pictures took, and a third of the bytes of 2,000: neither is enough to hold them."""
    few, many = draw(tmp_path / "few", 200), draw(tmp_path / "many", 2000)
    program = [sys.executable, "-c", LARGER, str(few), str(many), "0.33"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "larger than memory", done.stderr


def test_evaluation_sees_the_same_images_in_a_file_and_in_memory(tmp_path):
    data = read(draw(tmp_path / "photos", 40))
    mapped = RealImages.of(data)
    data._arrays = tuple(split.take(np.arange(len(split))) for split in (data.train, data.val, data.test))
    assert isinstance(data.train.images, torch.Tensor)
    in_memory = RealImages.of(data)
    assert mapped.hash == in_memory.hash and torch.equal(mapped.trained_on, in_memory.trained_on)
    assert torch.equal(mapped.train.images[:], in_memory.train.images)
