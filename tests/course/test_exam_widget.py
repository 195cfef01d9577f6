"""The widget, driven through its own controls."""

from labkit.course import exam, sitting
from labkit.course.exam_widget import Room
from labkit.course.question_bank import find
from labkit.course.repetition import Unkept


def room_of(*names, **more):
    return Room(sitting.Sitting([find(name) for name in names], "5", Unkept(), **more))


def choose(room, right=True):
    """Answer the question on the page."""
    card = room._card
    question = card.question
    for row in card.rows:
        key = row.option.key
        if question.kind == "matching":
            row.control.value = question.pairs[key]
        elif question.kind == "ordering":
            row.control.value = question.answers.index(key) + 1
        else:
            row.control.value = (key in question.answers) is right
            if not right and row.control.value:
                break
    room.answer.click()
    return " ".join(row.told.value for row in card.rows)


def after(room):
    return " ".join(child.value for child in room._after.children)


def test_an_answer_gets_its_feedback_in_place():
    room = room_of("m01-fading", "m01-unit")
    assert room.answer.disabled
    told = choose(room)
    assert "Right." in after(room)
    assert told.count("right") >= 1 and told.count("\u2717 wrong") == 3
    assert all(row.control.disabled for row in room._card.rows)
    room.show.click()
    assert "180 orders" in after(room)
    room.next.click()
    assert "Question 2 of 2" in room._head.value
    choose(room, right=False)
    assert "Not right." in after(room)
    assert room.next.description == "Report"
    room.next.click()
    assert "1 of 2 right" in room._body.children[0].value
    assert room.sitting.state.questions["m01-unit"]["last"] == "wrong"


def test_of_a_single_answer_one_button_stays_pressed():
    room = room_of("m01-fading")
    first, second = room._card.rows[:2]
    first.control.value = True
    second.control.value = True
    assert not first.control.value
    assert room._card.given() == [second.option.key]


def test_all_kinds_and_half_answers():
    for name in ("m01-new-identity", "m01-how-long-readable", "s00-which-service"):
        room = room_of(name)
        row = room._card.rows[0]
        row.control.value = {"multiple": True, "ordering": 2, "matching": "xray"}[
            room._card.question.kind
        ]
        assert room.answer.disabled
        choose(room)
        assert "Right." in after(room), name


def test_a_mock_exam_tells_at_the_end():
    room = exam.mock("SOA-C03", questions=3, seed=1, learner="demo")
    assert "min" in room._head.value
    choose(room)
    assert "Question 2 of 3" in room._head.value
    assert room._after.children == ()
    room.next.click()
    choose(room, right=False)
    body = " ".join(child.value for child in room._body.children)
    assert "1 of 3 right" in body
    assert "1 without an answer" in body
    assert "estimate" in body


def test_nothing_to_ask():
    room = Room(sitting.practice("01", mode="due", state=Unkept()))
    assert "Nothing to ask" in room._head.value
    assert room._buttons.children == ()


def test_the_notebook_shows_it():
    room = exam.practice("00", seed=1, learner="demo")
    assert "application/vnd.jupyter.widget-view+json" in room._repr_mimebundle_()
    assert "\u2713" in str(exam.show("m01-unit"))
