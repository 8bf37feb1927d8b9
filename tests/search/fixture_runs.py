"""Thirty-six runs to ask about, one a line, and an oracle's view of them that shares no code with the search."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from diffusionlab.registry.record.run_record import RunRecord

NOW = datetime(2025, 6, 18, 12, tzinfo=UTC)  # a Wednesday
FIELDS = (  # noqa: SIM905
    "created modified status framework architecture facets dataset batch lr optimizer epochs hardware params fid "
    "val_loss schedule prediction size name description"
).split()
_LINES = """
2024-10-07T08:00 2024-10-07T09:10 finished    2.5 ConvDenoiser      cnn                         MNIST            128  1e-3 Adam    20  CPU            400000    62.0  .0688 linear  epsilon      28 digits-plain-cnn     | smallest convolutional baseline, no skip connections
2024-11-04T12:00 2024-11-04T15:30 finished    2.5 UNet              unet                        MNIST            128  2e-4 AdamW   50  RTX_3060       2200000   14.8  .0241 cosine  epsilon      28 mnist-unet-base      | reference denoiser
2024-11-25T19:00 2024-12-03T01:00 finished    2.5 ConditionalUNet   unet,conditional,cfg        MNIST            128  2e-4 AdamW   80  RTX_3060       2600000   9.7   .0229 cosine  epsilon      28 mnist-unet-guided    | sampling steered by the label
2024-12-20T10:00 2024-12-20T10:30 finished    2.5 MLPDenoiser       mlp                         MNIST            512  1e-3 SGD     15  CPU            900000    121.3 .1104 linear  epsilon      28 mnist-mlp-toy        | toy for a unit test of the sampler
2025-01-08T09:30 2025-01-08T21:00 finished    2.6 DiT               dit                         MNIST            256  1e-4 AdamW   200 A100           11800000  11.2  .0235 cosine  v            28 mnist-dit-tiny       | patch tokens with adaptive layer norm
2025-01-22T11:00 2025-01-22T14:00 failed      2.6 UNet              unet                        MNIST            128  5e-4 AdamW   12  RTX_3060       2200000   -     -     cosine  v            28 mnist-unet-v         | velocity target diverged, loss became NaN
2025-02-03T13:00 2025-02-03T20:00 finished    2.6 UNet              unet                        Fashion-MNIST    128  2e-4 AdamW   100 RTX_3060       2200000   21.5  .0298 cosine  epsilon      28 fmnist-unet-base     | reference denoiser for clothes
2025-02-10T08:00 2025-02-10T19:00 finished    2.6 AttentionUNet     unet,attention              Fashion-MNIST    128  2e-4 AdamW   100 RTX_4090       4700000   17.9  .0279 cosine  epsilon      28 fmnist-unet-attn     | self-attention at the 7x7 level
2025-02-17T08:00 2025-02-17T23:00 finished    2.6 ConditionalUNet   unet,cfg,attention          Fashion-MNIST    256  3e-4 AdamW   150 A100           5100000   12.6  .0261 cosine  v            28 fmnist-unet-guided   | a requested garment class
2025-02-24T09:00 2025-02-26T04:00 finished    2.6 DiT               dit,conditional             Fashion-MNIST    256  1e-4 AdamW   300 A100           33000000  15.3  .0268 cosine  v            28 fmnist-dit-small     | vision transformer backbone with label tokens
2025-03-03T10:00 2025-03-03T12:00 finished    2.6 ConvAutoencoder   cnn,autoencoder             Fashion-MNIST    512  1e-3 Adam    60  RTX_3060       1300000   -     .0102 none    none         28 fmnist-ae-only       | reconstruction only
2025-03-10T10:00 2025-03-10T18:00 finished    2.6 UNet              unet                        Fashion-MNIST    64   1e-2 SGD     100 RTX_3060       2200000   55.7  .0611 linear  epsilon      28 fmnist-unet-sgd      | optimizer ablation with momentum
2025-03-11T10:00 2025-03-14T18:00 finished    2.6 UNet              unet                        Fashion-MNIST    64   5e-4 RMSprop 100 RTX_3060       2200000   29.3  .0335 linear  epsilon      28 fmnist-unet-rmsprop  | optimizer ablation, adaptive
2025-03-17T07:00 2025-03-19T07:00 finished    2.6 UNet              unet,attention              CIFAR-10         128  2e-4 AdamW   500 A100           35700000  7.9   .0291 linear  epsilon      32 cifar-unet-base      | ancestral sampler, exponential moving average of the weights
2025-03-21T07:00 2025-03-23T07:00 finished    2.6 UNet              unet,attention              CIFAR-10         128  2e-4 AdamW   500 A100           35700000  6.4   .0284 cosine  epsilon      32 cifar-unet-cosine    | same as the base run but with the other noise schedule
2025-03-28T07:00 2025-03-29T19:00 finished    2.6 LinearUNet        unet,linear_attention       CIFAR-10         128  2e-4 AdamW   500 A100           33900000  8.8   .0297 cosine  epsilon      32 cifar-unet-linattn   | attention of linear cost
2025-04-02T09:00 2025-04-05T09:00 finished    2.7 DiT               dit,conditional             CIFAR-10         256  1e-4 AdamW   400 H100           33200000  9.9   .0303 cosine  v            32 cifar-dit-s2         | two by two patches
2025-04-09T09:00 2025-04-20T11:00 finished    2.7 SimpleDenoiser    cnn,autoencoder,latent,residual Fashion-MNIST 256 1e-3 Adam   1000 RTX_4090       5400000   44.9  .0521 linear  epsilon      28 fmnist-latent        | the latent space of a small convolutional autoencoder
2025-04-09T14:30 2025-05-02T08:15 finished    2.7 ConditionalUNet   unet,autoencoder,latent,conditional Fashion-MNIST 256 1e-3 Adam 100 CPU          6200000   38.2  .0447 cosine  epsilon      28 fmnist-latent-cond   | latent diffusion with class labels
2025-04-12T09:00 2025-04-17T09:00 finished    2.7 DiT               dit,cfg                     CIFAR-10         512  1e-4 AdamW   400 H100           130100000 5.8   .0277 cosine  v            32 cifar-dit-b2         | largest transformer of the sweep
2025-04-15T13:00 2025-04-16T13:00 finished    2.7 LatentUNet        unet,autoencoder,latent     CIFAR-10         256  1e-4 AdamW   300 A100           21000000  18.7  .0402 linear  epsilon      32 cifar-latent         | diffusion on a 8x8 compressed code
2025-04-18T13:00 2025-04-18T22:00 finished    2.7 ResNetDenoiser    resnet                      CIFAR-10         128  1e-3 Adam    120 RTX_3060       1800000   58.4  .0577 linear  epsilon      32 cifar-resnet         | residual stack, no down-sampling
2025-04-22T10:00 2025-04-22T10:12 failed      2.7 AttentionUNet     unet,attention              CIFAR-10         1024 2e-4 AdamW   1   RTX_3060       35700000  -     -     cosine  epsilon      32 cifar-unet-oom       | CUDA out of memory in the first step
2025-04-25T10:00 2025-04-25T22:00 finished    2.7 AttentionUNet     unet,attention              CIFAR-10_cat/dog 64   2e-4 AdamW   200 RTX_4090       9300000   41.2  .0461 cosine  epsilon      32 catdog-unet-attn     | pets only
2025-05-01T10:00 2025-05-02T10:00 finished    2.7 DiT               dit,conditional             CIFAR-10_cat/dog 128  1e-4 AdamW   250 A100           12400000  36.5  .0448 cosine  v            32 catdog-dit-cond      | a label token chooses the animal
2025-05-06T10:00 2025-05-10T10:00 finished    2.7 UNet              unet,attention              CelebA           64   1e-4 AdamW   60  H100           78500000  10.8  .0188 linear  epsilon      64 celeba-unet-64       | faces at medium resolution
2025-05-14T10:00 2025-05-20T10:00 finished    2.7 LatentUNet        unet,autoencoder,latent,attention CelebA     32   5e-5 AdamW   90  H100           112000000 13.9  .0214 cosine  v            128 celeba-ldm-128      | compressed code, adversarial first stage
2025-05-26T10:00 2025-05-27T03:00 crashed     2.7 DiT               dit                         CelebA           64   1e-4 AdamW   8   H100           457000000 -     -     cosine  v            64 celeba-dit-l         | node rebooted during the second day
2025-06-02T10:00 2025-06-02T15:00 finished    2.7 LatentMLP         mlp,autoencoder,latent      MNIST            512  1e-3 Adam    40  CPU            1100000   48.6  .0433 linear  x0           28 mnist-ae-latent      | vector code from a dense autoencoder
2025-06-04T10:00 2025-06-04T20:00 finished    2.8 UNet              unet                        Fashion-MNIST    128  3e-5 Lion    100 RTX_4090       2200000   19.6  .0286 cosine  epsilon      28 fmnist-unet-lion     | sign-based optimizer
2025-06-07T10:00 2025-06-07T20:00 interrupted 2.8 AttentionUNet     unet,attention              Fashion-MNIST    128  2e-4 AdamW   200 Apple_M2       4700000   13.8  .0264 cosine  v            28 fmnist-unet-ema9999  | slow averaging
2025-06-11T10:00 2025-06-13T10:00 finished    2.8 UNet              unet,attention              CIFAR-10         512  1e-3 Adam    600 8x_H100        55700000  3.2   .0255 karras  x0           32 cifar-unet-edm       | preconditioned network with the second-order Heun solver
2025-06-15T10:00 2025-06-16T10:00 finished    2.8 ConsistencyUNet   unet,attention              CIFAR-10         512  4e-4 RAdam   100 H100           55700000  8.3   .033  karras  consistency  32 cifar-consistency    | one-step generation distilled from the preconditioned teacher
2025-06-16T09:00 2025-06-17T21:00 finished    2.8 UNet              unet,attention              STL-10           64   2e-4 AdamW   150 A100           61200000  23.6  .0341 cosine  epsilon      96 stl10-unet-96        | unlabelled natural images
2025-06-17T15:00 2025-06-17T23:30 finished    2.8 DiT               dit                         STL-10           128  1e-4 AdamW   90  H100           33400000  27.7  .0377 none    flow         96 stl10-flow-dit       | rectified flow with straight paths
2025-06-18T08:00 2025-06-18T11:55 running     2.8 DiT               dit,conditional             CIFAR-10         256  1e-4 AdamW   35  H100           33200000  -     .0399 none    flow         32 cifar-dit-flow       | rectified flow, still improving
"""  # noqa: E501
_IMPLIED = {"unet": "cnn", "resnet": "cnn", "dit": "transformer", "linear_attention": "attention", "cfg": "conditional"}


def _runs() -> list[SimpleNamespace]:
    runs = []
    for n, line in enumerate(_LINES.strip().splitlines(), 1):
        head, _, description = line.partition("|")
        run = SimpleNamespace(
            **dict(zip(FIELDS, [*head.split(), description.strip()], strict=True)), id=f"run-{n:03d}", n=n
        )
        tags = run.facets.split(",")
        run.tags = set(tags) | {_IMPLIED[t] for t in tags if t in _IMPLIED}
        run.created, run.modified = (datetime.fromisoformat(x).replace(tzinfo=UTC) for x in (run.created, run.modified))
        run.c, run.m = run.created.date().isoformat(), run.modified.date().isoformat()
        run.batch, run.epochs, run.params, run.size = int(run.batch), int(run.epochs), int(run.params), int(run.size)
        run.lr = float(run.lr)
        run.fid, run.val_loss = (None if x == "-" else float(x) for x in (run.fid, run.val_loss))
        run.dataset, run.hardware = run.dataset.replace("_", " "), run.hardware.replace("_", " ")
        runs.append(run)
    return runs


RUNS = _runs()


def records() -> list[RunRecord]:
    """The same runs as the registry holds them."""
    return [
        RunRecord.from_json(
            {
                "run_id": r.id,
                "name": r.name,
                "created_at": r.created.isoformat(),
                "modified_at": r.modified.isoformat(),
                "status": r.status,
                "framework": f"PyTorch {r.framework}",
                "architecture": r.architecture,
                "arch_tags": r.facets.split(","),
                "dataset": r.dataset,
                "batch_size": r.batch,
                "lr": r.lr,
                "optimizer": r.optimizer,
                "epochs": r.epochs,
                "hardware": r.hardware,
                "params": r.params,
                "metrics": {"fid": r.fid, "val_loss": r.val_loss},
                "schedule": r.schedule,
                "prediction": r.prediction,
                "image_size": r.size,
                "description": r.description,
                "path": f"outputs/{r.c}/{r.name}",
            }
        )
        for r in RUNS
    ]
