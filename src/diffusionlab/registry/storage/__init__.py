"""The LanceDB table that indexes all runs, and what makes reading it quick.

table.py     Registry: upsert and read
store.py     the LanceDB table: open, upgrade, retry
pending.py   places where the truth may be newer than the table
journal.py   the truth for runs that have no run folder
snapshot.py  its rows as one Arrow file, for the next cold start
reader.py    filtered reads over snapshot or table
upkeep.py    when to compact
lock.py      one writer of a folder at a time
lines.py     files of one JSON object a line, only ever added to
"""
