"""Query -> rows, groups, a verdict -> sentences.

engine.py   the query over the registry; result.py is what it gives, and how that is named in a sentence
figures.py  figures of groups, over Arrow; group_keys.py what they are grouped by
verdict.py  yes, no, or not known
rank.py, embed.py  by text or image similarity
compare.py  several sides of a comparison
answer.py, said_of_groups.py, said_of_comparisons.py  the sentences
"""
