"""When: dates, months, quarters, recurring days, ages and the ranges that they stand for, in UTC."""
