"""The answers to exercise 02."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "02_agents"
