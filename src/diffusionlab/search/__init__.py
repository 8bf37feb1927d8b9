"""Plain questions about the registry's runs, answered from checked fields.

A question passes through the packages in this order; only `answer` reads the registry:

    words/   what words mean
    time/    dates, days, months, periods, ages
    read/    text -> tokens -> items
    ask/     items -> conditions -> one typed query
    query/   the typed query, the `--where` language, filters <-> text
    answer/  query -> rows -> sentences
    show/    flags, tables, JSON, the command
"""
