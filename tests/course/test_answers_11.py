"""The answers to exercise 11."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "11_buses_schedules_and_schemas"
