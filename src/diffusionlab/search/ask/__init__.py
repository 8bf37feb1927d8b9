"""Items -> conditions -> one typed query.

parse.py         the entry: items -> Query
neighbours.py    items whose meaning depends on their neighbours
reduce.py, reading.py  runs of items -> conditions, by fields, quantity, named_values, absence, relative,
                 moments, versions
asked.py         the reading position of intents, sorting, superlatives, dated, leftovers
combine.py, sides.py  conditions -> one filter, or the sides of a comparison
"""
