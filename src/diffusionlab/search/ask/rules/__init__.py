"""Neighbouring items -> one condition. Each rule reads what begins at one place, or nothing.

reduce.py           the rules, and the place where they are tried
reading.py          what a rule may look at, and what it gives out
fields.py           a field and a number, by quantity.py
named_values.py     a field and a value of it
settings.py         a setting of the configuration, on, off or with a value; tags.py: a tag
comparisons.py      two columns, cards, versions
relative.py         a run that is named; beside_runs.py: a multiple of it, what was made from it
around_runs.py      a span of time beside a run
against_average.py  the average of some runs; against_best.py: the best of them
settings_beside.py  two settings, of which the first may be better
means_beside.py     the means of two kinds
sides.py            two conditions beside each other, though nothing says "compare"
part_names.py       a run by a part of its name
"""
