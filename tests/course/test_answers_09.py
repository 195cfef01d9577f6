"""The answers to exercise 09."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "09_canaries"
