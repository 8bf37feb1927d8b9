"""The registry of runs: `run.json` in each run folder is the truth, one LanceDB table is its index.

    record/   one run: fields, canonical values, description, row
    filters/  typed conditions on rows
    storage/  the LanceDB table and its snapshot
    manage/   what trainings and people do with it

Import from the modules; importing this page costs nothing.
"""
