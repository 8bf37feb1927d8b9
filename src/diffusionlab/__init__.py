"""diffusionlab: compose, train, sample and remember small image diffusion models."""
