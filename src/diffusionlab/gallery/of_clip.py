"""What a CLIP of the lab's own has learnt to tell apart."""

from collections.abc import Sequence

import torch

from diffusionlab.data.quality import QUALITIES, SHARP, Degradation
from diffusionlab.evaluation.clip.scorer import WANTED, ClipScorer
from diffusionlab.gallery.options import Drawn, PictureOptions
from diffusionlab.models.pretrained import local_clip
from diffusionlab.runs.run import Run
from diffusionlab.tensors import to_float
from diffusionlab.training.clip_module import prompts_of
from diffusionlab.visualization.heat import heat_maps


@torch.no_grad()
def prompts(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """Mean similarity of test images to the prompts of every class, and of each quality to every word."""
    (run,) = runs
    encoder = local_clip(run.folder).to(run.device)
    loss = run.record.config["loss"]
    scorer = ClipScorer(encoder, run.class_names, prompts_of(loss["words"]))
    degrade = Degradation(blur=tuple(loss["blur"]), noise=tuple(loss["noise"]))
    generator = torch.Generator(run.device).manual_seed(options.seed)
    arrays = run.images(options.num_points)
    x0, label = to_float(arrays.images[:]).to(run.device), arrays.labels.to(run.device)

    by_quality = []
    for quality in range(len(QUALITIES)):
        worse = degrade(x0, torch.full_like(label, quality), generator)
        by_quality.append(torch.cat([scorer.of_all_classes(batch) for batch in worse.split(250)]))
    wanted = [scorer.names.index(name) for name in WANTED]
    likeness = by_quality[SHARP][:, :, wanted].mean(dim=2)
    present = label.unique().tolist()
    by_class = torch.stack([likeness[label == one].mean(dim=0) for one in present])
    rows = torch.arange(len(label), device=run.device)
    by_word = torch.stack([scores[rows, label].mean(dim=0) for scores in by_quality])

    names = [run.class_names[one] for one in present]
    figure = heat_maps(
        [
            ("Class", by_class.cpu().numpy(), names, run.class_names),
            ("Quality", by_word.cpu().numpy(), QUALITIES, scorer.names),
        ],
        title=f"Test images against prompts: {run.record.name}",
        row_axis="images that are",
        column_axis="prompts that say",
        unit="mean cosine",
    )
    right = float((likeness.argmax(dim=1) == label).double().mean())
    apart = by_class.clone()
    apart[range(len(present)), present] = -1
    first, second = divmod(int(apart.argmax()), apart.shape[1])
    return Drawn(
        figure,
        f"Of {len(label):,} images {right:.1%} are nearest to their own class; of all other words, those of "
        f"{run.class_names[second]} for {names[first]} come closest.",
    )
