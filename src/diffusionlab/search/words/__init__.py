"""What words mean: the lexicon and the tables of phrases that it is made of."""
