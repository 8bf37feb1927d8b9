"""How people name the fields of a run."""

from __future__ import annotations

FIELDS: dict[str, str] = {
    "lr": "lr, learning rate, learning rates, lrs, step size",
    "batch_size": "batch size, batch, bs, batches, batch sizes, mini batch, minibatch, mini batch size, batchsize",
    "epochs": "epochs, epoch, number of epochs, num epochs, training epochs, epoch count",
    "num_parameters": "parameters, parameter, params, param, parameter count, number of parameters, num params, "
    "size, sizes, model size, network size, parameter counts, num parameters, trainable parameters, param count",
    "image_size": "image size, resolution, resolutions, pixels, pixel, px, image resolution, image sizes, img size, "
    "side length, pixels wide",
    "size_bytes": (
        "file size, disk size, disk space, size on disk, disk usage, checkpoint size, storage, bytes, disk, on disk"
    ),
    "seconds": "duration, runtime, run time, training time, wall time, wall clock, wall clock time, time, durations, "
    "train time, hours of training",
    "images_per_second": "throughput, images per second, imgs per second, img s, images s, speed, training speed, "
    "samples per second",
    "flops": "flops, flop, gflops, compute",
    "seed": "seed, random seed, seeds",
    "fid": "fid, fids, fid score, frechet inception distance, fréchet inception distance, frechet distance, fid value, "
    "fid scores",
    "kid": "kid, kid score, kernel inception distance",
    "val_loss": (
        "val loss, validation loss, valloss, eval loss, loss, losses, validation losses, test loss, val "
        "losses, "
        "validation error, final loss, validation"
    ),
    "train_loss": "train loss, training loss, train losses, training losses",
    "dataset": "dataset, datasets, data set, data sets, training data, training set, data",
    "optimizer": "optimizer, optimiser, optimizers, optimisers, optim",
    "hardware_kind": "hardware, device, devices, accelerator, accelerators, machine, machines, hw",
    "schedule": "schedule, sch, noise schedule, schedules, noise schedules, scheduler, beta schedule, noise scheduler",
    "parameterization": "parameterization, parametrization, parameterisation, parametrisation, prediction, "
    "prediction type, prediction target, predictions, objective, target, parameterizations, objectives, "
    "prediction types",
    "sampler": "sampler, samplers, solver, solvers, sampling method",
    "precision": "precision, numeric precision",
    "framework": "framework, frameworks, framework version",
    "status": "status, state, statuses",
    "architecture": "architecture, architectures, arch, backbone, backbones, network type, model type",
    "description": "description, descriptions",
    "notes": "notes, note",
    "tags": "tag, tags",
    "sweep": "sweep, sweeps",
    "host": "host, hostname, server, node name",
    "git_commit": "git commit, commit",
    "config_hash": "config hash",
    "data_hash": "data hash",
    "parent_run": "parent, parent run",
    "metrics": "metrics, metric, any metric, any metrics, metrics recorded",
    "name": "name, names",
    "protocol": "protocol, protocols, evaluation protocol, evaluation protocols",
    "path": "path, folder",
}
"""Column -> the ways to name it."""
MODIFIED = (
    "modified, updated, changed, touched, edited, last modified, last updated, last changed, modification, update, "
    "modification date, modify, updates, modifications, last edited, last touched, rewritten, revised, altered, "
    "most recently modified, recently modified, recently updated"
)
CREATED = (
    "created, started, launched, began, made, kicked off, creation, creation date, start date, dated, trained, "
    "begun, create, built, submitted, made, started training, produced, date, recorded, logged, initiated"
)
