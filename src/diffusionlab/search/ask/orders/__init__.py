"""In which order runs are asked for, and how many of them.

sorting.py       "sorted by fid", "newest first", the first of each group
superlatives.py  "best", "lowest val loss"
how_many.py      "three", "second", "but one", "10 %"
"""
