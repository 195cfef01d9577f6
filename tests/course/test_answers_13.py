"""The answers to exercise 13."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "13_xray_service_graph"
    costly = True
