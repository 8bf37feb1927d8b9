"""Text -> tokens -> items, left to right, without any I/O.

tokens.py, text.py      text -> tokens
spelling.py, typos.py   repair of misspelled words
scan.py, scanning.py    tokens -> items, by spans, meanings, numerals, cards, run_numbers
settings.py, diffusion.py, run_files.py  conditions on what has no column of its own
known.py                what the registry's runs have: names, values, tags
items.py                Item, what a span of the question means
"""
