"""Observability Access Manager's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.oam.api import links, sinks, tags

#: Its code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "InvalidParameterException"

OPERATIONS = {
    ("oam", "CreateSink"): sinks.create_sink,
    ("oam", "GetSink"): sinks.get_sink,
    ("oam", "ListSinks"): sinks.list_sinks,
    ("oam", "DeleteSink"): sinks.delete_sink,
    ("oam", "PutSinkPolicy"): sinks.put_sink_policy,
    ("oam", "GetSinkPolicy"): sinks.get_sink_policy,
    ("oam", "ListAttachedLinks"): sinks.list_attached_links,
    ("oam", "CreateLink"): links.create_link,
    ("oam", "GetLink"): links.get_link,
    ("oam", "ListLinks"): links.list_links,
    ("oam", "UpdateLink"): links.update_link,
    ("oam", "DeleteLink"): links.delete_link,
    ("oam", "TagResource"): tags.tag_resource,
    ("oam", "UntagResource"): tags.untag_resource,
    ("oam", "ListTagsForResource"): tags.list_tags_for_resource,
}
