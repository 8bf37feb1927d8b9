"""Callbacks: what guards, measures and shows a training.

averages.py      averages of some widths, kept for ema=... after training
checkpoints.py   last.ckpt: when it is written, and atomically
resumption.py    what it holds beside the weights: random state, metrics, seconds
stopping.py      Ctrl-C, SIGTERM, SIGHUP
guards.py        a loss or weights that are not finite
progress.py      throughput, heartbeat, progress bar
pictures.py      sample grids, reconstructions and denoising panels
loss_by_time.py  the mean error of each range of t
figures.py       Fréchet and kernel distance while training
"""
