"""One run as a record: its fields, their canonical values, its sentence, its row.

run_record.py  RunRecord, run.json (atomic), run ids
columns.py     the columns and their kinds
facets.py      architecture facets and what they imply
canonical.py   one name for each dataset, optimizer, device, ... and the spellings people type
describe.py    the generated description and the searchable text
provenance.py  commit, packages, host, command line
liveness.py    is a run that says `running` still alive?
schema.py      records -> Arrow
rows.py        Arrow -> rows
"""
