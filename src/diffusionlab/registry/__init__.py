"""The registry of runs: `run.json` in each run folder is the truth, one LanceDB table is its index.

Import from the modules; this page only says what is where, and importing it costs nothing.

    record.py      RunRecord, run.json (atomic), run ids
    columns.py     which columns there are and of what kind
    facets.py      architecture facets and what they imply
    canonical.py   one name for each dataset, optimizer, device, ... and the spellings people type
    describe.py    the generated sentence and the searchable text of a run
    filter.py      typed filter expressions: a Lance predicate and its meaning in Python
    table.py       Registry: upsert and read
    store.py       the LanceDB table: open, upgrade, retry
    pending.py     rows that wait to be merged into it
    rows.py        Arrow tables -> rows
    recorder.py    RunRecorder: what a training calls
    liveness.py    is a run that says `running` still alive?
    edits.py       tag, note, rename, delete, restore, purge
    evaluations.py figures measured of a trained run, each with its protocol
    lookup.py      an id, a prefix, `latest`, a name or a folder -> RunRecord
    transfer.py    import and export
    rebuild.py     run folders -> table, and the check of one against the other
    compare.py     what differs between runs
    provenance.py  commit, packages, host, command line
    cli.py         `python registry.py`
"""
