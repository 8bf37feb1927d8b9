"""The figure that is asked for: of all runs, of each group, of two sides.

figure.py     which figure, several side by side
grouping.py   counts and means of groups, and the first of them
having.py     groups that meet a condition
whether.py    whether any group meets it, or every one
shares.py     shares and rates; told.py: what is asked of all runs
sides.py      two sides, and which has more
extremes.py   the largest and the best as numbers
values.py     the values of a column, listed
"""
