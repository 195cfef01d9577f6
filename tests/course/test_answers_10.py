"""The answers to exercise 10."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "10_eventbridge_rules"
