"""Class folders on disk: `{train,test}/<class>/<image>` or `<class>/<image>`. Imports neither torch nor Lightning,
so that a configuration can count classes before anything heavy loads."""

from collections import Counter
from pathlib import Path

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif"})


def has_splits(folder: Path) -> bool:
    """Whether `folder` divides itself into train and test."""
    return (folder / "train").is_dir() and (folder / "test").is_dir()


def class_names(folder: str | Path) -> list[str]:
    """Names of the classes in `folder`, sorted: its sub-folders, or those of `train` where it has `train` and `test`.

    Raises:
        ValueError: the folder is not there or holds no class folder.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise ValueError(
            f"data.folder={folder} is not a folder; type data.folder=PATH with one folder of images per class"
        )
    parent = root / "train" if has_splits(root) else root
    names = sorted(path.name for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names:
        raise ValueError(f"{parent} holds no class folders; data.folder expects {parent}/<class>/<image>.png")
    return names


def image_files(folder: Path) -> list[Path]:
    """Image files in `folder` and the folders within it, sorted by path."""
    return [path for path in _files(folder) if path.suffix.lower() in IMAGE_SUFFIXES]


def left_out(folder: Path) -> dict[str, int]:
    """How many files of each other ending lie in `folder` and within, the most frequent first."""
    endings = (path.suffix.lower() or "no ending" for path in _files(folder))
    return dict(Counter(ending for ending in endings if ending not in IMAGE_SUFFIXES).most_common())


def _files(folder: Path) -> list[Path]:
    # macOS leaves `._000.jpg`, which is no image, beside 000.jpg on foreign disks
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts))
