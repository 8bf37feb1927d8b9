"""The typed query, and filters as text.

query.py         Query, Order, and what may be asked: Figure, Comparison, Check, ...
where.py, where_values.py  the `--where` language -> filters
where_text.py    filters -> the `--where` language
"""
