"""Questions about single runs, and those whose answer is yes or no."""

from __future__ import annotations

FACTS: dict[tuple[str, ...], str] = {
    (
        "status",
        "reason",
        "description",
        "notes",
    ): "why did, why, reason for, reason why, reason, the reason, what is the reason, "
    "why has, why is, why was, why does, what went wrong, what happened, "
    "what went wrong with, what happened to, what happened with, what is wrong with, whats wrong with, what caused, "
    "how come, what became of, what was the matter with, what stopped, what killed, what broke",
    (
        "created_at",
    ): "when did, when was, when were, when is, when have, since when, what day, which day, what date, when",
    (
        "path",
        "checkpoint",
    ): "where is, where are, where did, where was, where does, where can, where do, in which folder, "
    "which folder, where, which directory, in which directory",
    ("seconds",): "how long did, how long was, how long has, how long does, how long",
    ("hardware",): "what gpu, which gpu, what gpus, which gpus, what hardware, which hardware, what machine, "
    "which machine, what card, which card, on what, what accelerator, which accelerator, on which gpu, on what gpu",
    ("host",): (
        "who trained, who started, who ran, who made, which host, what host, which server, what server, which node, "
        "on which host"
    ),
    ("git_commit",): "which commit, what commit, from which commit, which git commit, what code version",
    ("command",): "what command, which command, how was it started, how did i start, with what command, how do i rerun",
    ("num_parameters",): "how big, how large, how many parameters does, how many parameters",
    ("description",): "what is, what was, tell me about, describe",
    (
        "architecture",
        "arch_tags",
        "num_parameters",
    ): "what architecture, which architecture, what network, which network",
    ("lr",): "how high was the learning rate",
}
"""Columns that tell it -> how the question begins."""

YES_NO = ("is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would")
"""Words with which a question of yes or no begins."""
POLITE = ("can", "could", "would", "will")
"""Those of them that beg for something if "you" or "I" follows."""
EXIST = "there i we you my our any anything anybody anyone it run runs"
"""What follows in "are there", "do I have", "did any": is there such a run at all?"""
EVERY = "all every each both most no none"
"""What follows in "do all", "did every": are all of them so, most or none?"""
PICTURES = (
    "images of, pictures of, samples of, sample images of, sample grid of, sample grids of, the samples of, "
    "generated images of, image of, picture of, samples from, images from, pictures from, sample of, "
    "generated samples of, what does it generate, show images of, thumbnails of, thumbnail of, images by, samples by, "
    "pictures by"
)
