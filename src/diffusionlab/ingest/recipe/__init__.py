"""An experiment of this lab from the facts of a script.

`nearest` chooses data, network and noise schedule, `rows` carries each fact over, `recipe` goes through the facts,
`text` writes the option file, `write` puts it where `train.py` finds it.
"""
