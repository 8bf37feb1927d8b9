"""Further ways in which people name values, facets and graphics cards; the first are in canonical.py."""

from __future__ import annotations

STATUSES: dict[str, str] = {
    "finished": "finished, completed, complete, done, successful, succeeded, succeed, successfully, finish, "
    "finishes, successes, completes, ended well, terminated normally, success, completing, finishing, concluded",
    "failed": "failed, fail, failing, fails, errored, error, errors, errored out, with an error",
    "crashed": "crashed, crashing",
    "running": "running, in progress, ongoing, still training, currently training, still running, active, "
    "is training, are training, that are training, are in training, is in training, anything training, "
    "whats training, what training right now, what training now, training going, "
    "still going, going on, still in progress, under way, underway, currently running, "
    "live runs, live now, being trained, right now training, in flight, not yet finished, not finished yet, "
    "not yet done",
    "interrupted": "interrupted, aborted, cancelled, canceled, killed, stopped, stopped early, cut short, interrupt",
}
NOT_FINISHED = "unfinished, incomplete, uncompleted"
BROKEN = (
    "failure, failures, crash, crashes, died, dead, die, dies, went wrong, go wrong, gone wrong, going wrong, broken, "
    "broke, broke down, problems, trouble, in trouble, did not work, didnt work, not work, blew up, gave up, went bad"
)
"""What people say of a run that failed or crashed, whichever it was."""
UNSUCCESSFUL = "unsuccessful, unsuccessfully, did not succeed"

FACET_WORDS: dict[str, str] = {
    "unet": "u nets, unet style, unet like, unet based",
    "cnn": "conv nets, convnets, convolution, convolutions, convolutional nets, convolutional networks, convs, conv, "
    "convolutional neural networks, convolutional neural nets, cnn based",
    "mlp": "perceptron, perceptrons, fully connected network, fully connected networks, multi layer perceptrons, "
    "multilayer perceptrons, feedforward, feed forward",
    "transformer": "vits, transformer based, vision transformers",
    "dit": "dits, diffusion vit",
    "resnet": "residual networks, resnets, residual net, residual nets",
    "residual": "residual connections, residual block, residual layers",
    "attention": "attn, attention layers, self attentive, attentive, attention blocks, attention block, "
    "attention layer",
    "linear_attention": "linear attention layers, linear self attention, linear cost attention, linear time "
    "attention, efficient attention, linearized attention, linearised attention, attention of linear cost",
    "conditional": "cond, conditioned on labels, conditioned on the label, conditioned on class labels, "
    "conditioned on classes, conditioned on the class, conditioning, condition, conditioned, class conditioning, "
    "label conditional, label conditioning, "
    "label conditioned, class labels, conditionally, conditions, class label, class conditionally",
    "cfg": "classifier free, guidance scale, classifierfree, cf guidance",
    "styled": "style conditioning, conditioned on style, conditioned on the style, style labels, style label, with "
    "style, with styles, with a style, styles, stylised, stylized, styled",
    "latent": "ldms, latents, latent diffusion models, latent diffusion model, latent models, latent space models, "
    "compressed latent",
    "autoencoder": "auto encoders, autoencoding, auto encoding, aes",
    "diffusion": "diffusion models, diffusion model, diffusion network, diffusion networks, diffusions, "
    "denoising diffusion model, denoising diffusion models, diffusion run, diffusion runs, ddpms",
    "gan": "gan model, gan models, gan based, adversarial models",
    "rnn": "recurrent models, recurrent nets, recurrent networks, rnn based, recurrent neural nets",
    "seq2seq": "seq to seq, seq2seqs, sequence to sequence models, encoder decoder models, encoder decoders",
    "dqn": "deep q learning, q learning, q network, q networks, deep q networks, reinforcement, reinforcement learners",
    "classifier": "classify, classifies, classifying, classification model, classification models, "
    "classification network, classification networks",
    "vae": "vaes, variational autoencoders",
}
NOT_FACET: dict[str, str] = {
    "conditional": "uncond, unconditional, unconditioned, nonconditional, unconditionally, class agnostic, label free",
    "attention": "attention free, attentionless, nonattention",
    "latent": "pixel space, pixelspace, nonlatent, in pixel space, image space, pixel level",
    "cfg": "unguided, guidance free",
    "cnn": "nonconvolutional",
}
FULL_ATTENTION = (
    "full attention, plain attention, vanilla attention, standard attention, normal attention, full self attention, "
    "softmax attention, quadratic attention, ordinary attention, regular attention"
)


def _learning_rates(*names: str, nouns: tuple[str, ...] = (" schedule", " scheduler", " decay")) -> str:
    """The ways in which people name a schedule of the learning rate: "cosine lr, cosine learning rate decay"."""
    rates = ("lr", "learning rate")
    return ", ".join(f"{name} {rate}{noun}" for name in names for rate in rates for noun in ("", *nouns))


VALUE_WORDS: dict[tuple[str, str], str] = {
    ("parameterization", "epsilon"): "epsilon parameterized, epsilon parametrized, eps parameterized, predict noise, "
    "predicts the noise, predict the noise, predicting noise, epsilon predicting, eps predicting, "
    "predicting the noise, noise predicting, eps pred, epsilon pred, predict epsilon, predicts epsilon, "
    "predicting epsilon, predicted noise, epsilons",
    ("parameterization", "v"): "v pred, v parameterized, v parameterised, v parametrized, v parametrised, "
    "v parameterization, v parametrization, v objective, v target, velocity target, velocity parameterization, "
    "predict velocity, predicting velocity, predicts velocity, predict v, predicts v, predicted v, "
    "predicted velocity, velocity predicting, predicting v, v param, v parameterisation, v predicting, v predictions, "
    "velocity predictions",
    ("parameterization", "x0"): "x0 pred, x0 parameterized, x0 parametrized, x0 target, predict x0, predicts x0, "
    "predicting x0, predicted x0, x0 predicting, predict the clean image, predicts the clean image, "
    "predicting the clean image, predicting clean images, x 0, clean image prediction, predict clean images, "
    "x0 parameterization, clean image",
    ("parameterization", "flow"): "flows, rectified flows, flow prediction, flow models, flow based, flow model",
    ("parameterization", "consistency"): "consistency training, consistency distillation",
    ("lr_schedule", "constant"): _learning_rates("constant", nouns=(" schedule", " scheduler")),
    ("lr_schedule", "cosine"): _learning_rates("cosine"),
    ("lr_schedule", "linear"): _learning_rates("linear"),
    ("lr_schedule", "one_cycle"): _learning_rates("one cycle", "onecycle"),
    ("lr_schedule", "wsd"): _learning_rates("wsd"),
    ("schedule", "linear"): "linear schedule, linear noise schedule, linear noise, linearly, linear schedules",
    ("schedule", "cosine"): "cosine schedule, cosine noise schedule, cosine noise, cosine schedules, cosines",
    ("schedule", "karras"): "karras schedule, karras noise schedule, karras noise, karras sigmas",
    ("schedule", "edm"): "edm schedule, edm noise schedule, edm noise, edm sigmas",
    ("schedule", "flow"): "flow schedule, flow matching schedule, rectified flow schedule",
    ("schedule", "sigmoid"): "sigmoid schedule, sigmoid noise schedule, sigmoid noise, sigmoids",
    ("sampler", "dpmpp_2m"): "dpm solver sampler, dpmpp 2m sampler, dpm solver plus plus",
    ("sampler", "euler"): "euler solver, euler sampler, euler method",
    ("sampler", "heun"): "heun solver, heun sampler",
    ("hardware_kind", "cpu"): "cpu, cpus, processor, cpu only, without a gpu, without gpu, no gpu, without gpus",
    (
        "hardware_kind",
        "mps",
    ): "mps, apple hardware, apple machine, apple computer, apple silicon, apple gpu, metal, macbook, mac, macs",
    ("hardware_kind", "gpu"): "gpu, gpus, graphics card, graphics cards, cuda device, cuda gpu, nvidia, "
    "graphics processor, nvidia gpu, nvidia gpus, gpu accelerated",
    ("optimizer", "SGD"): "sgds, plain sgd, vanilla sgd, momentum sgd, sgd with momentum",
    ("optimizer", "Adam"): "plain adam, vanilla adam, ordinary adam, regular adam",
}
DATASET_WORDS: dict[str, tuple[str, ...]] = {  # what the pictures show -> data sets of it
    "faces, face, celebrities, celebrity, celeb, portraits, human faces, people": ("CelebA", "CelebA-HQ", "FFHQ"),
    "digits, digit, handwritten digits, handwriting, numerals, handwritten": ("MNIST", "Digits"),
    "clothes, clothing, garments, garment, apparel, fashion items, sneakers, shoes, shirts": ("Fashion-MNIST",),
    "cats, dogs, pets, pet, animals, cat, dog, dogs and cats, dog cat, dogs cats, dogs vs cats, dogs versus cats, "
    "cats versus dogs, cat versus dog, dog and cat, cats or dogs, cat or dog, cats dogs, cifar subset, "
    "subset of cifar 10, "
    "subset of cifar, cifar10 subset, cifar cat dog, cifar cats and dogs, cat and dogs, cifar catdog, "
    "cat dog subset, cats and dogs subset, catdog subset, two class cifar, cifar 10 cat dog, "
    "cats and dogs from cifar, cats and dogs of cifar 10": ("CIFAR-10 cat/dog",),
    "plain mnist, regular mnist, original mnist, the mnist, mnist proper, classic mnist": ("MNIST",),
    "full cifar, full cifar 10, whole cifar 10, entire cifar 10, all of cifar 10, complete cifar 10, "
    "cifar 10 proper, cifar tens, "
    "ten class cifar": ("CIFAR-10",),
    "celeba faces": ("CelebA",),
}
SETTING_WORDS: dict[str, str] = {  # setting without a column -> what people say of the runs in which it is set
    "config.ema": "post hoc ema, post hoc averages, post hoc averaging, post hoc moving averages, kept averages, "
    "post hoc emas",
}
NAMED_SETTINGS: dict[tuple[str, ...], str] = {
    ("gradient_clip_val", "gradient_clip", "grad_clip", "max_grad_norm", "clip_grad_norm", "clip_norm"):
        "gradient clipping, gradient clip, gradient norm clipping, gradient norm clip, gradient clipping value, "
        "grad clip, grad clipping, clipping of gradients, clipping of the gradient, clipping of the gradients",
    ("accumulate_grad_batches", "gradient_accumulation_steps", "accumulation_steps", "grad_accum_steps", "grad_accum"):
        "gradient accumulation, grad accumulation, gradient accumulation steps, accumulation of gradients",
    ("weight_decay", "wd"): "weight decay, weight decays, weight decay coefficient",
    ("dropout", "dropout_rate", "dropout_prob", "p_dropout"): "dropout, dropouts, dropout rate, dropout probability",
    ("label_dropout", "class_dropout"): "label dropout, class dropout",
    ("warmup_steps", "warmup_epochs", "warmup"):
        "warmup, warm up, lr warmup, lr warm up, learning rate warmup, learning rate warm up, warmup steps, "
        "warm up steps",
    ("label_smoothing",): "label smoothing",
    ("betas",): "betas, adam betas",
    ("ema_decay", "ema_rate"): "ema decay, ema rate, decay of the moving average, decay of the ema",
}  # fmt: skip
"""The names that a setting has in configurations -> what people say of it, and what the texts of older runs may say."""
DONE_BY_SETTINGS: dict[str, str] = {  # of those, by the first name -> what a run does in which it is set
    "gradient_clip_val": "clip gradients, clips gradients, clipped gradients, clipping gradients, clip the gradients, "
    "clipped the gradients, clip its gradients, gradients clipped, gradients are clipped, gradients were clipped, "
    "gradient clipped, gradient norm clipped, gradient norms clipped, clip the gradient, clip gradient norms, "
    "clip the gradient norm",
    "accumulate_grad_batches": "accumulate gradients, accumulates gradients, accumulated gradients, "
    "accumulating gradients, gradients accumulated",
}
GUIDANCE_SCALE = ("guidance_scale", "cfg_scale", "guidance")
"""The names of the setting of which "guidance scale", where its value is asked for, speaks."""
VALUE_ASKED = (
    "what which by per each mean average averaged median highest lowest largest smallest maximum minimum max min their "
    "its same different whose various"
)
"""Words before a setting by which its value is asked for, rather than whether it is on."""
AUTOGUIDED = (
    "autoguidance, auto guidance, autoguided, auto guided, guided by a weaker model, guided by a weaker run, "
    "guidance by a weaker run, guidance by a weaker model, guided by a smaller run, guided by a bad version of itself"
)
"""Evaluated with guidance by another run (Karras et al. 2024), which the protocol names."""
TEXT_WORDS: dict[tuple[str, ...], str] = {
    ("out of memory", "oom"): "out of memory, ran out of memory, run out of memory, memory error",
    ("oom", "out of memory"): "oom",
    ("moving average", "ema"): "moving average, moving averages, exponential moving average, weight averaging, "
    "averaged weights",
    ("ema", "moving average"): "ema",
    ("diverged", "nan"): "diverged, diverge, diverging, divergence, did not converge, didnt converge, not converge, "
    "failed to converge, blew up",
    ("diverged", "nan", "exploded"): "exploded",
    ("batch norm", "batch normalization"): "batch norm, batchnorm",
    ("batch normalization", "batch norm"): "batch normalization",
    ("layer normalization", "layer norm"): "layer normalization",
    ("group norm", "group normalization"): "group norm",
    ("single step", "one step"): "single step",
    ("few step", "one step"): "few step",
    ("improving",): "still improving",
    ("power",): "power failure",
    ("rebooted",): "rebooted, reboot",
}
"""The ways in which a text says it -> the phrases of a question that mean it."""
TEXT_PHRASES = (
    "transfer learning, nan, min snr, layer norm, second order, first stage, one step, skip connections, class switch, "
    "first step, other noise schedule, state of the art, machine translation, machine vision"
)
"""Phrases that a text says as they are, though their words mean something by themselves."""


# -- graphics cards

GPU_FAMILIES: dict[str, tuple[str, ...]] = {  # name -> how the kinds of it begin
    "hopper": ("h100", "h200", "gh200"),
    "ampere": ("a100", "a10", "a30", "a40", "rtx-30"),
    "blackwell": ("b100", "b200", "gb200", "rtx-50"),
    "ada lovelace": ("l4", "rtx-40"),
    "data center, datacenter, data centre, datacentre, server grade": (
        "a100",
        "h100",
        "h200",
        "gh200",
        "b100",
        "b200",
        "gb200",
        "v100",
        "p100",
        "a10",
        "a30",
        "a40",
        "l4",
        "t4",
        "mi",
    ),
}
CARDS = ("", " gpu", " gpus", " card", " cards")
RTX = (
    "rtx, rtxs, rtx card, rtx cards, rtx gpu, rtx gpus, geforce, consumer gpu, consumer gpus, consumer card, "
    "consumer cards, gaming gpu, gaming gpus, consumer hardware"
)
SEVERAL = (
    "more than 1 gpu, more than 1 card, multiple cards, several cards, more than one card, gpus in parallel, "
    "multi gpu, multiple gpus, several gpus, more than one gpu, many gpus, multigpu, multiple devices"
)
SINGLE = "single gpu, one gpu, a single gpu, just one gpu, only one gpu, a lone gpu"
