"""The answers to exercise 03."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "03_alarms"
