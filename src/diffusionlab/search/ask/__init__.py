"""Items -> conditions -> one typed query. Every word is used, harmless, or named as unread.

parse.py         the entry: items -> Query
preparation.py   items whose meaning depends on their neighbours, several selections in one question
reading.py       runs of items -> conditions, by fields, quantity, settings, tags, named_values, comparisons, relative,
                 beside_runs
scope.py         how far a negation reaches, what joins two conditions
combine.py       conditions -> one filter, or the sides of a comparison
asked.py         what is asked of the runs, read by grouping, figures, sorting, superlatives, single
leftovers.py     what nothing was made of
"""
