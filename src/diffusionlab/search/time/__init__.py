"""When: dates, months, quarters, recurring days, ages and the ranges that they stand for, in UTC.

periods.py       spans of calendar time
period_words.py  words -> one period
dates.py         words -> ranges, lists
recurring.py     words -> days and hours that come again
"""
