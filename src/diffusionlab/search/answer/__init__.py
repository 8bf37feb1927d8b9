"""Query -> rows -> sentences.

engine.py   the query over the registry
rank.py, embed.py  by text or image similarity
compare.py  several sides of a comparison
answer.py, wording.py  the sentences
"""
