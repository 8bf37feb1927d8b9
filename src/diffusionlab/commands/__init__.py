"""One module a command: settings in, one call, files out.

train.py      train one run and record it
sweep.py      the table at the end of a sweep
check.py      `check=true`: one step, one sample, the memory and time to expect
sample.py     draw samples of a run
clip_judge.py what `sample.py` asks a CLIP for: steering, scores, the best samples
evaluate.py   measure the samples of a run
visualize.py  draw figures of runs
"""
