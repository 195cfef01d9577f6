"""Searches of a domain: each kind of query on a few documents."""

import pytest

from labkit.backing.opensearch_documents import Documents, NoIndex
from labkit.backing.opensearch_queries import BadRequest, moment

ROWS = {
    "1": {"status": 200, "path": "/a", "text": "All is well", "tags": ["x", "y"], "t": 1_000,
          "user": {"name": "Ann"}},
    "2": {"status": 500, "path": "/b", "text": "ERROR in the shop", "t": 61_000},
    "3": {"status": 502, "path": "/b/c", "text": "error again, shop closed", "t": 62_000},
}  # fmt: skip


@pytest.fixture
def held():
    documents = Documents()
    for name, row in ROWS.items():
        documents.put("cwl-1", name, row)
    return documents


TABLE = [
    ({"match_all": {}}, "123"),
    ({"term": {"status": 500}}, "2"),
    ({"term": {"status": {"value": "500"}}}, "2"),
    ({"terms": {"status": [200, 502]}}, "13"),
    ({"match": {"text": "error well"}}, "123"),
    ({"match": {"text": {"query": "error shop", "operator": "and"}}}, "23"),
    ({"match_phrase": {"text": "the shop"}}, "2"),
    ({"range": {"status": {"gt": 200, "lte": 500}}}, "2"),
    ({"range": {"t": {"gte": "1970-01-01T00:01:00Z"}}}, "23"),
    ({"exists": {"field": "user.name"}}, "1"),
    ({"term": {"user.name": "Ann"}}, "1"),
    ({"term": {"tags": "y"}}, "1"),
    ({"prefix": {"path": "/b"}}, "23"),
    ({"wildcard": {"path.keyword": "/b/*"}}, "3"),
    ({"ids": {"values": ["3"]}}, "3"),
    ({"query_string": {"query": "error AND NOT closed"}}, "2"),
    ({"query_string": {"query": "status:200 OR status:502"}}, "13"),
    ({"query_string": {"query": 'text:"error again"'}}, "3"),
    ({"bool": {"must": [{"match": {"text": "shop"}}], "must_not": {"term": {"status": 500}}}}, "3"),
    (
        {"bool": {"filter": [{"exists": {"field": "t"}}], "should": [{"term": {"status": 1}}]}},
        "123",
    ),
    ({"bool": {"should": [{"term": {"status": 200}}, {"term": {"status": 502}}]}}, "13"),
]


@pytest.mark.parametrize(("query", "wanted"), TABLE)
def test_queries(held, query, wanted):
    found = held.search("cwl-*", {"query": query, "sort": ["t"]})["hits"]
    assert "".join(hit["_id"] for hit in found["hits"]) == wanted
    assert found["total"]["value"] == len(wanted)


def test_the_best_match_comes_first_and_pages_are_cut(held):
    found = held.search("_all", {"query": {"match": {"text": "error shop closed"}}, "size": 1})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["3"]
    assert found["hits"]["total"]["value"] == 2
    page = held.search("cwl-1", {"sort": [{"status": "desc"}], "from": 1, "_source": ["status"]})
    assert [hit["_source"] for hit in page["hits"]["hits"]] == [{"status": 500}, {"status": 200}]


def test_aggregations(held):
    aggs = {
        "by_minute": {
            "date_histogram": {"field": "t", "fixed_interval": "1m"},
            "aggs": {"worst": {"max": {"field": "status"}}},
        },
        "tags": {"terms": {"field": "tags"}},
    }
    told = held.search("cwl-1", {"size": 0, "aggs": aggs})["aggregations"]
    assert told["by_minute"]["buckets"] == [
        {"key": 0, "doc_count": 1, "worst": {"value": 200.0}},
        {"key": 60_000, "doc_count": 2, "worst": {"value": 502.0}},
    ]
    assert [b["key"] for b in told["tags"]["buckets"]] == ["x", "y"]


def test_bulk_says_what_became_of_each(held):
    body = (
        '{"create":{"_index":"n","_id":"1"}}\n{"a":1}\n'
        '{"create":{"_index":"n","_id":"1"}}\n{"a":2}\n'
        '{"index":{"_index":"n","_id":"1"}}\n{"a":3}\n{"delete":{"_index":"n","_id":"9"}}\n'
    )
    told = held.bulk(body)
    statuses = [item["status"] for i in told["items"] for item in i.values()]
    assert statuses == [201, 409, 200, 404] and told["errors"]
    assert held.indexes["n"]["1"] == {"a": 3}


@pytest.mark.parametrize("query", [{"nonsense": {}}, {}, {"a": 1, "b": 2}, {"term": 7},
                                   {"range": {"t": {"gte": "soon"}}}])  # fmt: skip
def test_what_is_no_query(held, query):
    with pytest.raises(BadRequest):
        held.search("cwl-1", {"query": query or {"x": 1}})


def test_an_index_that_is_not_there(held):
    assert held.search("none-*", {})["hits"]["hits"] == []
    with pytest.raises(NoIndex):
        held.search("none", {})


def test_moments():
    assert moment("1970-01-01T00:00:10Z") == 10_000
    assert moment("1970-01-01T01:00:00Z||-1h") == 0
    assert moment("soon") is None
