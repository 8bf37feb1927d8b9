"""What words mean: the lexicon and the tables of phrases that it is made of.

lexicon.py         phrase -> meaning, out of all tables
grammar_words.py   what joins, compares and negates
asking_words.py    what is asked: orders, figures, facts
value_words.py     values and facets
calendar_words.py  months, weekdays, counts
courtesy_words.py  greetings, and what an answer is wanted for
english.py         words of no meaning here
"""
