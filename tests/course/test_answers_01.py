"""The answers to exercise 01."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "01_metrics"
