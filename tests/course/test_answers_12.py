"""The answers to exercise 12."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "12_xray_tracing"
    costly = True
