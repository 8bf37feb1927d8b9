"""Conditions -> one filter, or the sides of a comparison.

scope.py       how far a negation reaches, what joins two conditions
exceptions.py  noun phrases that a negation takes as a whole
unions.py      noun phrases that "and" joins to a union
repeated.py    sides that a repeated preposition keeps apart
opposites.py   a condition and its opposite, of each of which something is asked
combine.py     all of them joined
"""
