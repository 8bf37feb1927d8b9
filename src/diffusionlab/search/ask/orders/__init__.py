"""In which order runs are asked for, and how many of them.

directions.py    "largest first", "from best to worst"
sorting.py       "sorted by fid", "newest first", the first of each group
superlatives.py  "best", "lowest val loss"
how_many.py      "three", "second", "but one", "10 %"
pages.py         "skip 2, take 3", "limit 3", "the next three"
"""
