"""The answers to exercise 00."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "00_start_here"
