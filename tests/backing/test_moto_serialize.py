"""The quick ways through moto say, to the byte, what moto says."""

import importlib.util
import sys
from urllib.parse import urlsplit

import pytest
import xmltodict
from backing_bench import Bench
from backing_scenario import scenario
from hypothesis import given
from hypothesis import strategies as st

from labkit.backing import moto_serialize
from labkit.backing.moto_serialize import _Xml, quick_request

XML = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
NAMES = st.sampled_from(["a", "Bucket", "xsi:type", "x-y", "member", "E.tag"])
SCALARS = st.one_of(XML, st.booleans(), st.integers(), st.floats(allow_nan=False), st.none())
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda one: not isinstance(one, list)), max_size=3),
        st.dictionaries(NAMES | NAMES.map("@".__add__), inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(NAMES, TREES, min_size=1, max_size=1), st.booleans())
def test_xml_is_xmltodicts(tree, whole):
    options = {"full_document": whole, "short_empty_elements": True}
    try:
        expected = xmltodict.unparse(tree, **options)
    except ValueError as problem:  # two roots
        with pytest.raises(type(problem)):
            _Xml(xmltodict).unparse(tree, **options)
    else:
        assert _Xml(xmltodict).unparse(tree, **options) == expected


def test_what_is_out_of_the_ordinary_is_left_to_xmltodict():
    tree = {"a": {"@b": 1, "#text": "c", "d": (1, 2), "<": "e"}}
    with pytest.raises(ValueError, match="not allowed"):
        _Xml(xmltodict).unparse(tree, full_document=False, short_empty_elements=True)
    del tree["a"]["<"]
    told = _Xml(xmltodict).unparse(tree, full_document=False, short_empty_elements=True)
    assert told == '<a b="1"><d>1</d><d>2</d>c</a>'


# -- requests -------------------------------------------------------------------------------------
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
URL = "https://sns.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("method", "url", "headers", "body"),
    [
        ("POST", f"{URL}/", FORM, b"Action=ListTopics&Version=2010-03-31&Empty=&A=%C3%BC+%26"),
        ("POST", f"{URL}/", {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "A.B"},
         b'{"a":"\xc3\xbc"}'),
        ("GET", "https://s3.us-east-1.amazonaws.com/bucket/a/key.txt?list-type=2&prefix=x%20y", {},
         b""),
        ("PUT", "https://s3.us-east-1.amazonaws.com/b/key", {"x-amz-meta-a": "b"}, b"\x00\xff"),
        ("POST", f"{URL}/", FORM, b""),
        ("HEAD", "http://s3.amazonaws.com:8080/b/k", {"Range": "bytes=0-1"}, b""),
    ],
)  # fmt: skip
def test_a_plain_request_is_motos(method, url, headers, body):
    from moto.core.request import Request

    sized = {**headers, "Content-Length": str(len(body))}
    real = Request.from_primitives(method, url, sized, body)
    mine = quick_request(method, urlsplit(url), headers, body)

    def seen(request):
        environ = {
            key: value
            for key, value in request.environ.items()
            if key not in ("wsgi.input", "wsgi.errors", "werkzeug.request")
        }
        names = (
            "method path raw_path raw_url url url_root host scheme query_string content_type "
            "mimetype content_length from_wsgi_server args form files data values"
        )
        return {
            **{name: getattr(request, name) for name in names.split()},
            "body": request.get_data(),
            "headers": sorted(request.headers),
            "environ": environ,
        }

    expected, got = seen(real), seen(mine)
    expected["environ"].setdefault("moto.preserved_header_names", {})
    assert got == expected


@pytest.mark.parametrize(
    ("url", "headers", "body"),
    [
        (URL, {}, b""),
        (f"{URL}/a%20b", {}, b""),
        (f"{URL}//double", {}, b""),
        (f"{URL}/\u00fc", {}, b""),
        (f"{URL}/", {"x-amz-meta-my_key": "x"}, b""),
        (f"{URL}/", {"Content-Encoding": "gzip"}, b""),
        (f"{URL}/", {"Content-Type": "multipart/form-data; boundary=x"}, b""),
        (f"{URL}/", FORM, b"\xff\xfe"),
    ],
)  # fmt: skip
def test_any_other_is_left_to_moto(url, headers, body):
    assert quick_request("POST", urlsplit(url), headers, body) is None


# -- whole answers --------------------------------------------------------------------------------
def test_a_days_answers_are_the_same_without_the_quick_ways(monkeypatch):
    quick = Bench()
    scenario(quick)
    quick.world.close()

    import moto.core.responses as responses
    import moto.core.serialize as changed

    # moto's own serialiser once more, under a name that no seam knows.
    spec = importlib.util.spec_from_file_location("moto_serialize_unchanged", changed.__file__)
    plain = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, plain)
    spec.loader.exec_module(plain)
    assert plain.xmltodict is xmltodict
    for name in ("XFormedAttributePicker", "get_serializer_class"):
        monkeypatch.setattr(responses, name, getattr(plain, name))
    monkeypatch.setattr("labkit.backing.moto_dispatch.quick_request", lambda *args: None)
    slow = Bench()
    scenario(slow)
    slow.world.close()
    assert len(quick.answers) > 50
    for ours, motos in zip(quick.answers, slow.answers, strict=True):
        assert (ours.status, ours.headers, ours.body) == (motos.status, motos.headers, motos.body)


def test_a_request_id_is_drawn_as_moto_draws_it():
    import string

    from moto.moto_api._internal.moto_random import MotoRandom

    one, other = MotoRandom(7), MotoRandom(7)
    pool = string.ascii_letters + string.digits
    assert one.get_random_string(52) == "".join(other.choice(pool) for _ in range(52))
    assert one.random() == other.random()
    assert moto_serialize  # its seams are in place
