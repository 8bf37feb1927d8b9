"""Text -> tokens -> items, left to right, without any I/O.

tokens.py    text -> tokens, and the numbers among them
courtesy.py  greetings around the question, which are cut off first
text.py      words in texts, by stem; repair of misspelt words
scan.py      tokens -> items, one rule after the other: numbered.py, spans.py, settings.py
items.py     Item, what a span of the question means; Scan, the question while it is read
special_filters.py  conditions on what has no column of its own
known.py     what the registry's runs have: names, values, tags
"""
