"""The answers to exercise 14."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "14_cloudtrail"
