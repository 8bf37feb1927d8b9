"""Runs as HTML pages that stand alone: one file each, without network, torch or Hydra.

folder.py      what a run folder holds: curves, samples, pictures
images.py      a picture as a data URI, a thumbnail
curves.py      logs/version_N/metrics.csv -> series of (step, value)
chart.py       series -> an SVG chart's geometry
page.py        the templates, the page's own style and scripts, and how a page is written
run_page.py    one run; comparison.py several side by side; gallery.py the whole registry
command.py     `python registry.py report`
"""
