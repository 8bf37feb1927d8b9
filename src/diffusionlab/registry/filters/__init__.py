"""Typed filter expressions: a Lance predicate, an Arrow mask, and their meaning in Python.

filter.py      the expressions and their connectives
conditions.py  comparisons, sets, text, unknown values
days.py        recurring days and hours
literals.py    values and columns as a predicate holds them
"""
