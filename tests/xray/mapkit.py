"""Traces for the tests of the service graph: told as who calls whom, in a line each."""

from __future__ import annotations

from labkit.xray.engine.graph import Graph
from labkit.xray.engine.trace import assemble

NINE = 1767603600  # 2026-01-05T09:00:00Z
NINE_US = NINE * 1_000_000


def trace_id(number, at=NINE):
    return f"1-{int(at):08x}-{number:024x}"


class Story:
    """Documents of one trace, with ids in the order in which they are told."""

    def __init__(self, number=1, at=NINE):
        self.trace_id = trace_id(number, at)
        self.at = at
        self.documents = []
        self._count = number * 1000

    def id(self):
        self._count += 1
        return f"{self._count:016x}"

    def segment(self, name, start, end, *, parent="", origin="", **more):
        """A segment; times in seconds after the story's beginning."""
        document = {
            "trace_id": self.trace_id, "id": self.id(), "name": name,
            "start_time": self.at + start, "subsegments": [], **more,
        }  # fmt: skip
        if end is None:
            document["in_progress"] = True
        else:
            document["end_time"] = self.at + end
        if parent:
            document["parent_id"] = parent
        if origin:
            document["origin"] = origin
        self.documents.append(document)
        return document

    def call(self, above, name, start, end, namespace="remote", **more):
        """A subsegment of a segment or subsegment."""
        document = {
            "id": self.id(), "name": name, "start_time": self.at + start,
            "end_time": self.at + end, **more,
        }  # fmt: skip
        if namespace:
            document["namespace"] = namespace
        above.setdefault("subsegments", []).append(document)
        return document

    def trace(self):
        return assemble(self.trace_id, self.documents)


def table(story, above, start, end, name="products", **more):
    """A call of a DynamoDB table."""
    aws = {"table_name": name, "operation": "GetItem"}
    return story.call(above, "DynamoDB", start, end, "aws", aws=aws, **more)


def checkout(number=1, at=NINE, *, slow=0.0, throttled=False, user="", version="2.4.0"):
    """front end -> checkout -> catalogue -> table products, and checkout -> payment company."""
    story = Story(number, at)
    failed = {"fault": True} if throttled else {}
    front = story.segment(
        "front", 0, 0.30 + slow, origin="AWS::EC2::Instance", user=user,
        annotations={"version": version}, http={"request": {"method": "POST", "url": "/pay"}},
        **failed,
    )  # fmt: skip
    call = story.call(front, "checkout", 0.01, 0.29 + slow, **failed)
    check = story.segment(
        "checkout", 0.02, 0.28 + slow, parent=call["id"], origin="AWS::ECS::Container", **failed
    )
    call = story.call(check, "catalogue", 0.03, 0.15 + slow, **failed)
    shelf = story.segment(
        "catalogue", 0.04, 0.14 + slow, parent=call["id"], origin="AWS::ECS::Container", **failed
    )
    refused = {}
    if throttled:
        shelf["cause"] = {
            "exceptions": [
                {"id": story.id(), "type": "ProvisionedThroughputExceededException",
                 "message": "too fast"}
            ]
        }  # fmt: skip
        refused = {"error": True, "throttle": True, "cause": shelf["cause"]}
    table(story, shelf, 0.05, 0.13 + slow, **refused)
    if not throttled:
        story.call(check, "pay.example.com", 0.16 + slow, 0.24 + slow)
    return story


def graph_of(stories):
    """A graph, and the traces by id that it looks at."""
    traces = {}
    for story in stories:
        traces[story.trace_id] = story.trace()
    graph = Graph(traces.get)
    graph.update(traces)
    return graph, traces
