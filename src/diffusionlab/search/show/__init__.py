"""What is printed: `python search.py`.

cli.py      the command
options.py, flags.py   flags -> query, query -> flags
page.py, render.py     the terminal
output.py   JSON and CSV
"""
