"""The answers to exercise 16."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "16_audit_pipeline"
