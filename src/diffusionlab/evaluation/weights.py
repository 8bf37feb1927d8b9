"""Where the published weights of a feature network lie: a file that is named, torch's cache, or a download."""

from pathlib import Path
from urllib.request import Request, urlopen

import torch

from diffusionlab.errors import UsageError

SECONDS_TO_ANSWER = 5.0


def weights_file(features: str, requested: str | None, url: str, *, hash_prefix: str | None = None) -> Path:
    """The file that `features.weights` names; for None the one in torch's cache, downloaded where it is missing.

    Raises UsageError, at once, if the file does not exist or cannot be downloaded.
    """
    if requested is not None:
        path = Path(requested).expanduser()
        if not path.is_file():
            raise UsageError(f"features.weights={requested} is not a file: omit it to download {url}")
        return path
    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # torch's download waits for as long as the network pleases, so ask first whether there is one
        urlopen(Request(url, method="HEAD"), timeout=SECONDS_TO_ANSWER).close()
        torch.hub.download_url_to_file(url, str(path), hash_prefix=hash_prefix)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"features={features}: its weights cannot be downloaded here; get {url}, "
            "then type features.weights=FILE, or take features=classifier"
        ) from error
    return path
