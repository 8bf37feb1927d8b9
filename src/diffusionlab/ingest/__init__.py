"""Facts of training scripts and notebooks, read from their text: nothing is imported or run."""
