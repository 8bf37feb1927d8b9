"""Runs that other experiment trackers recorded: one module a format, each a reader of files that imports no tracker.

`stores` recognises what a path holds, the readers yield `TrackedRun`, and `mapping` makes records of them. Nothing of a
store is run, and no link is followed out of it.
"""
