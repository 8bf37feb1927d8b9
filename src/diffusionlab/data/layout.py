"""Class folders on disk: `{train,test}/<class>/<image>` or `<class>/<image>`. Imports neither torch nor Lightning,
so that a configuration can count classes before anything heavy loads."""

from pathlib import Path

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})


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
    """Image files directly in `folder`, sorted by name."""
    # macOS leaves `._000.jpg`, which is no image, beside 000.jpg on foreign disks
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in files if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
