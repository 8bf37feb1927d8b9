"""What can be wrong with data, said in one line with the override that mends it."""

from pathlib import Path


class DataNotFoundError(ValueError):
    """A data set is not where it was looked for and could not be fetched."""

    def __init__(self, name: str, looked_for: Path | str, reason: str = "") -> None:
        because = f" ({reason})" if reason else ""
        super().__init__(
            f"{name} not found: looked for {looked_for}{because}. Either set paths.data_dir or "
            "DIFFUSIONLAB_DATA_DIR to the folder that holds it (a machine with a network downloads it there), "
            "or type data=garments, which needs no files"
        )
