"""OpenSearch domains: moto keeps what they are, and here is what is in them.

A domain's endpoint (``<name>.<region>.es.amazonaws.com``, and with ``search-`` before it) is
answered in process: from a Lambda function, whose HTTP requests to it come back to the lab, and
from :meth:`Domains.ask`. Who asks is asked about: the domain's access policy, and the identity
policies of whoever signs, must allow ``es:ESHttp<Method>``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from labkit.backing.mount import MotoWorld
from labkit.backing.opensearch_documents import Documents, NoIndex
from labkit.backing.opensearch_queries import BadRequest
from labkit.core.call import Principal

HOST = ".es.amazonaws.com"


class Domains:
    """What is in the domains of a lab.

    Parameters
    ----------
    moto:
        The lab's world, where domains are.
    judge:
        Who decides who may; set once there is somebody.
    """

    def __init__(self, moto: MotoWorld) -> None:
        self._moto = moto
        self._documents: dict[tuple[str, str, str], Documents] = {}
        self.judge: Callable[..., Any] | None = None

    def documents(self, account: str, region: str, name: str) -> Documents:
        """What is in a domain."""
        return self._documents.setdefault((account, region, name), Documents())

    def _find(self, account: str, host: str) -> tuple[str, str, str] | None:
        """Account, Region and name of the domain behind a host: the asker's, or anybody's."""
        name, region = host.removesuffix(HOST).rsplit(".", 1)
        name = name.removeprefix("search-")
        with self._moto.held():
            if self._moto.untouched("opensearch"):
                return None
            from moto.opensearch.models import opensearch_backends

            for owner in (account, *sorted(set(opensearch_backends) - {account})):
                backend = opensearch_backends[owner].get(region)
                if backend is not None and name in backend.domains:
                    return owner, region, name
        return None

    def ask(self, who: Principal, method: str, host: str, path: str, body: str) -> tuple[int, str]:
        """One request to a domain: HTTP status and the answer, JSON text.

        Parameters
        ----------
        who:
            Who signs it.
        method, host, path, body:
            The request; ``path`` with its query.
        """
        found = self._find(who.account, host)
        if found is None:
            return 0, f"{host}: there is no such domain"
        account, region, name = found
        arn = f"arn:aws:es:{region}:{account}:domain/{name}"
        plain = urlsplit(path)
        action = f"es:ESHttp{method.capitalize()}"
        if self.judge is not None and not self.judge(who, action, arn + plain.path, {}).value:
            text = (
                f"User: {who.arn} is not authorized to perform: {action} because no policy of the "
                "domain or of the caller allows it"
            )
            return 403, json.dumps({"Message": text})
        documents = self.documents(account, region, name)
        try:
            return _answer(
                documents, method.upper(), plain.path, dict(parse_qsl(plain.query)), body
            )
        except NoIndex as problem:
            return 404, _error(404, "index_not_found_exception", f"no such index {problem}")
        except BadRequest as problem:
            return 400, _error(400, problem.kind, str(problem))
        except (ValueError, TypeError, AttributeError, RecursionError) as problem:
            return 400, _error(400, "illegal_argument_exception", str(problem))


def _error(status: int, kind: str, reason: str) -> str:
    told = {"type": kind, "reason": reason}
    return json.dumps({"error": {"root_cause": [told], **told}, "status": status})


def _answer(
    documents: Documents, method: str, path: str, query: Mapping[str, str], body: str
) -> tuple[int, str]:
    """Route a request; see the head of ``opensearch_documents``."""
    parts = [unquote(part) for part in path.split("/") if part]
    if not parts:
        return 200, json.dumps({"version": {"distribution": "opensearch", "number": "2.5.0"}})
    index = "" if parts[0].startswith("_") else parts[0]
    rest = parts[1:] if index else parts
    word = rest[0] if rest else ""
    if word == "_bulk" and method in ("POST", "PUT"):
        return 200, json.dumps(documents.bulk(body, index))
    if word in ("_search", "_count"):
        request = json.loads(body) if body.strip() else {}
        if "q" in query:
            request["query"] = {"query_string": {"query": query["q"]}}
        for name in ("size", "from", "sort"):
            if name in query:
                request[name] = query[name]
        if word == "_count":
            total = documents.search(index, {**request, "size": 0})["hits"]["total"]["value"]
            return 200, json.dumps({"count": total})
        return 200, json.dumps(documents.search(index, request))
    if word == "_cat" and rest[1:2] == ["indices"]:
        rows = [{"index": n, "docs.count": str(len(d)), "health": "green", "status": "open"}
                for n, d in sorted(documents.indexes.items())]  # fmt: skip
        return 200, json.dumps(rows)
    if index and not rest:
        return _whole_index(documents, method, index)
    if index and word in ("_doc", "_create"):
        return _document(documents, method, index, rest, body)
    raise BadRequest(f"no handler found for uri [{path}] and method [{method}]", "no_handler")


def _whole_index(documents: Documents, method: str, index: str) -> tuple[int, str]:
    if method == "PUT":
        documents.indexes.setdefault(index, {})
        return 200, json.dumps({"acknowledged": True, "index": index})
    names = documents.named(index)
    if method == "DELETE":
        for name in names:
            del documents.indexes[name]
        return 200, json.dumps({"acknowledged": True})
    return 200, json.dumps({name: {"aliases": {}, "mappings": {}} for name in names})


def _document(
    documents: Documents, method: str, index: str, rest: list[str], body: str
) -> tuple[int, str]:
    name = rest[1] if len(rest) > 1 else ""
    if method in ("PUT", "POST"):
        told = json.loads(body)
        if not isinstance(told, dict):
            raise BadRequest("a document is an object")
        item = documents.put(index, name, told, new=rest[0] == "_create")
        return item.pop("status"), json.dumps(item)
    if method == "DELETE":
        item = documents.delete(index, name)
        return item.pop("status"), json.dumps(item)
    held = documents.indexes.get(index)
    if held is None:
        raise NoIndex(index)
    found = name in held
    told = {"_index": index, "_id": name, "found": found}
    if found:
        told["_source"] = held[name]
    return 200 if found else 404, json.dumps(told)
