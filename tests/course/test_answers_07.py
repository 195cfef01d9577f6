"""The answers to exercise 07."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "07_logs_insights"
    costly = True
