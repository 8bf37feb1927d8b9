"""Plain questions about the registry's runs, answered from checked fields.

A question is read in steps, each on what the one before gives; no step does I/O, `known.py` tells what runs have:

1. text -> tokens            tokens.py spelling.py typos.py text.py
2. tokens -> items           scan.py (scanning.py): run_numbers.py cards.py spans.py meanings.py numerals.py,
                             dates.py when.py ages.py day_ranges.py recurring.py of period_words.py period_meanings.py
                             periods.py, and what words mean: lexicon.py of the ..._words.py, english.py
3. items -> conditions       neighbours.py reduce.py (reading.py): fields.py quantity.py named_values.py absence.py
                             relative.py moments.py versions.py; items.py
4. what is asked             parse.py (asked.py): intents.py sorting.py superlatives.py dated.py leftovers.py
5. conditions -> one filter  combine.py sides.py -> ParsedQuery (query.py)

engine.py rank.py embed.py protocols.py   ParsedQuery -> rows
answer.py compare.py wording.py           rows -> sentences
where.py where_values.py where_text.py flags.py   filters <-> text
render.py output.py page.py options.py cli.py                  what is printed
"""
