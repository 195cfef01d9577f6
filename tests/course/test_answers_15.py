"""The answers to exercise 15."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "15_cloudtrail_insights"
    costly = True
