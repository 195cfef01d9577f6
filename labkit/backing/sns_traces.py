"""What a topic sends to X-Ray: a segment for each message, and the trace goes on to subscribers.

A topic whose ``TracingConfig`` is ``PassThrough`` (the default) passes the publisher's header on.
An ``Active`` one adds a segment of its own, if the publisher's request is sampled and a resource
policy of X-Ray lets SNS send segments. Source: SNS developer guide, "Active tracing in Amazon SNS".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labkit.backing.function_traces import Tracer, Under
from labkit.core.clock import MILLISECOND, SECOND
from labkit.core.traces import TraceHeader
from labkit.core.world import World

_SERVICE = "sns.amazonaws.com"
#: How long a topic has a message before its subscribers do.
_TOOK_US = 12 * MILLISECOND


class TopicTraces:
    """The traces of a lab's topics.

    Parameters
    ----------
    world:
        Clock, ids and the port ``accept_segments``.
    tracer:
        Knows under which trace a message was published.
    """

    def __init__(self, world: World, tracer: Tracer) -> None:
        self._world = world
        self._tracer = tracer
        #: The message that was told of last; it has a subscriber after the other.
        self._told = ""

    @contextmanager
    def delivering(self, subscription: Any, message_id: str) -> Iterator[None]:
        """While a subscriber is handed a message: whoever is called is called by the topic."""
        under = self._tracer.under
        active = getattr(subscription.topic, "tracing_config", "PassThrough") == "Active"
        if not (active and under.header.sampled):
            yield
            return
        topic = str(subscription.topic_arn)
        identity = self._world.ids.digest("topic traced", topic, message_id).hex()[:16]
        if self._told != message_id:
            self._told = message_id
            self._tell(topic, identity, message_id, under)
        header = TraceHeader(under.header.root, identity, True)
        with self._tracer.calling(Under(header, under.ahead_us + _TOOK_US)):
            yield

    def _tell(self, topic: str, identity: str, message_id: str, under: Under) -> None:
        ports = self._world.ports
        if not ports.answered("accept_segments"):
            return
        _, _, _, region, account, name = topic.split(":", 5)
        begin_us = self._world.clock.now_us + under.ahead_us
        document = {
            "trace_id": under.header.root,
            "id": identity,
            "parent_id": under.header.parent,
            "name": name,
            "origin": "AWS::SNS::Topic",
            "start_time": begin_us / SECOND,
            "end_time": (begin_us + _TOOK_US) / SECOND,
            "http": {"response": {"status": 200}},
            "aws": {"operation": "Publish", "topic_arn": topic, "message_id": message_id},
            "resource_arn": topic,
        }
        ports.accept_segments(account, region, [document], _SERVICE, topic)
