"""The typed query, and filters as text.

query.py         Query, Order, and what may be asked: Figure, Comparison, Check, ...
where.py         the `--where` language -> filters
where_text.py    its fields and values; filters -> the `--where` language
"""
