"""The answers to exercise 08."""

from course.judging import Answers


class TestAnswers(Answers):
    chapter = "08_metric_filters_and_subscriptions"
