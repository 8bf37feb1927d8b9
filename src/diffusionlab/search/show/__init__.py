"""What is printed: `python search.py`.

cli.py      the command, and questions one after the other; prompt.py reads them from a terminal
options.py, flags.py   flags -> query, query -> flags
page.py, render.py     the terminal
output.py   JSON, CSV and pictures
sql.py      --sql
"""
