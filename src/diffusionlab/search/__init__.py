"""Plain questions about the registry's runs, answered from checked fields.

tokens.py text.py typos.py     words                 lexicon.py   what phrases mean
calendar_words.py dates.py     when                  known.py     what the registry's rows hold
scan.py reduce.py combine.py parse.py                a question -> ParsedQuery (query.py), no I/O
where.py flags.py              filters <-> text      engine.py rank.py embed.py   ParsedQuery -> rows
answer.py compare.py           rows -> sentences     render.py page.py cli.py     what is printed
"""
