"""What trainings and people do with the registry.

recorder.py     RunRecorder: what a training calls
evaluations.py  figures measured of a trained run, each with its protocol
lookup.py       an id, a prefix, `latest`, a name or a folder -> RunRecord
edits.py        tag, note, rename, delete, restore
purge.py        take runs out for good, by manifest.py: the files that this project writes
unrecorded.py   runs whose registry could not be written, entered later
transfer.py     import and export
write.py        run.json, then the row, whatever happens between
rebuild.py      run folders -> table
check.py        what is wrong, and the mending of it
compare.py      what differs between runs
display.py      runs on a terminal
cli.py          `python registry.py`
"""
