"""Callbacks: what guards, measures and shows a training.

lifecycle.py     exact resumption, clean stop, loss guard, throughput, heartbeat, progress bar
pictures.py      sample grids, reconstructions and denoising panels
loss_by_time.py  the mean error of each range of t
figures.py       Fréchet and kernel distance while training
"""
