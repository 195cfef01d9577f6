"""The answers to exercise 06."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "06_logs"
