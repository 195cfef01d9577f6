"""The answers to exercise 05."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "05_dashboards"
