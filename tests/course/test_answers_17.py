"""The answers to exercise 17."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "17_incident_day"
    costly = True
