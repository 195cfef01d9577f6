"""The answers to exercise 04."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "04_composite_alarms_and_actions"
