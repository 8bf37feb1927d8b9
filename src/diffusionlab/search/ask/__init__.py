"""Items -> conditions -> one typed query. Every word is used, harmless, or named as unread.

parse.py         the entry: items -> Query
neighbours.py    items whose meaning depends on their neighbours
reduce.py, reading.py  runs of items -> conditions, by fields, quantity, named_values, absence, relative,
                 moments, versions
asked.py         what is asked of the runs, read by grouping, intents, sorting, superlatives, single, dated
multiple.py      several selections in one question
scope.py         how far a negation reaches, what joins two conditions
combine.py, sides.py  conditions -> one filter, or the sides of a comparison
leftovers.py     what nothing was made of
"""
