"""Items -> conditions -> one typed query. Every word is used, harmless, or named as unread.

parse.py         the entry: items -> Query
preparation.py   items whose meaning depends on their neighbours, by plain_words and comparing
plain_words.py   words that add nothing beside others
selections.py    several selections in one question
rules/           neighbouring items -> one condition
joining/         conditions -> one filter, or the sides of a comparison
orders/          which runs come first, and how many of them
figures/         figures, groups and sides
asked.py         what is asked of the runs, read by figures/ (by keys), orders/ and single
about_code.py    questions about code, which are refused
leftovers.py     what nothing was made of
"""
