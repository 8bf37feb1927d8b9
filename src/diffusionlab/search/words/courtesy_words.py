"""Words around a question that ask for nothing: greetings, wishes, and what the answer is wanted for."""

from __future__ import annotations

GREETINGS = (
    "good morning, good afternoon, good evening, good day, hello, hi, hey, hiya, howdy, greetings, morning, dear all, "
    "dear team, excuse me, pardon me, sorry to bother you, sorry for bothering you, quick question, short question, "
    "one question, one more question, another question, last question, one more thing, just curious, "
    "i have a question, i have a quick question, happy new year, merry christmas, happy easter"
)
"""What a question may begin with, before a comma, a stop or the first word that asks."""
GREETED = "all, everyone, everybody, team, folks, there, guys, again, together, friends, colleagues, you two, please"
"""Whom a greeting is for."""
WISHED = "day, morning, afternoon, evening, night, weekend, week, one, time, holiday, rest of the day, rest of the week"
"""What is wished: "have a nice weekend!" """
NICE = "nice, good, great, lovely, pleasant, wonderful, relaxing, fine"
FAREWELLS = (
    "thanks, thank you, thanks a lot, thanks in advance, thank you in advance, many thanks, thank you very much, "
    "thank you so much, thx, cheers, best regards, kind regards, best wishes, all the best, regards, bye, "
    "see you later, see you tomorrow, see you next week, good night, good evening, good morning, good afternoon"
)
"""What a question may end with, after a comma or a stop."""
ASKS = (
    "which, what, whats, what's, who, how, when, where, why, is, are, was, were, do, does, did, has, have, can, could, "
    "would, will, please, show, list, find, give, tell, compare, i, we, any"
)
"""First words of a question, which part it from a greeting without a comma."""

OCCASIONS = (
    "thesis, dissertation, paper, manuscript, article, report, presentation, talk, slides, slide, poster, meeting, "
    "seminar, lecture, defence, defense, review, rebuttal, appendix, blog, post, proposal, homepage, website, boss, "
    "supervisor, advisor, adviser, professor, colleague, colleagues, student, students, reviewer, reviewers, group, "
    "deadline, tomorrow, conference, workshop, section, chapter, figure, summary"
)
"""What an answer is wanted for: "for my presentation: ..."."""
OCCUPIED = (
    "writing, preparing, giving, working, finishing, making, doing, drafting, putting, together, rewriting, planning, "
    "about, submitting, looking, up, asked, asks, write, prepare, update, updating"
)
"""What somebody does for it: "I'm writing my thesis and need ..."."""
PASSING = ("presentation", "talk", "slides", "slide", "poster", "meeting", "seminar", "lecture", "report", "boss")
"""Those of them that no set of runs is made for: "the best run for my talk" is of all runs."""
NEEDS = ("need", "needs", "want", "wants", "wanted", "like", "require", "requires", "needed")
"""The verb with which the question begins behind such words."""
FRAMED = ("i'm", "we're", "i", "we", "for", "my", "our", "as", "since", "because", "today", "tomorrow")
"""First words of such words."""
TABLES = ("table", "tables", "spreadsheet", "tabular", "tabulate")
"""Forms in which an answer is asked for, and is given by itself: "a table of all runs", "as a table"."""
ARTICLES = ("a", "one", "the", "as", "in")
"""What stands before them."""
DRAWINGS = ("plot", "plots", "plotted", "graph", "graphs", "chart", "charts", "diagram", "diagrams", "scatterplot")
"""Forms that no answer has, which are named as not understood."""
