"""Exercise 13: who is guilty, since when, and who was hit."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

GUILTY = '''
xray = boto3.client("xray")

def graph(start, end):
    """Node by number, and the edges, of the graph between two instants."""
    pages = xray.get_paginator("get_service_graph").paginate(StartTime=start, EndTime=end)
    return {one["ReferenceId"]: one for page in pages for one in page["Services"]}

def figures(start, end):
    """Of each node per client request: own seconds, seconds lost on the way, bad answers."""
    nodes = graph(start, end)
    edges = [(a, e["ReferenceId"], e["SummaryStatistics"]) for a, node in nodes.items()
             for e in node["Edges"] if e.get("EdgeType") != "link"]
    asked = sum(s["TotalCount"] for a, b, s in edges if nodes[a]["Type"] == "client")
    found = {}
    for place, node in nodes.items():
        if node["Type"] == "client":
            continue
        told = node["SummaryStatistics"]
        out = [s["TotalResponseTime"] for a, b, s in edges if a == place]
        into = [s["TotalResponseTime"] for a, b, s in edges if b == place]
        bad = {"throttled": told["ErrorStatistics"]["ThrottleCount"],
               "failing": told["FaultStatistics"]["TotalCount"]}
        found[node["Name"], node["Type"]] = {
            "slow": (told["TotalResponseTime"] - sum(out)) / asked,
            "lost": (sum(into) - told["TotalResponseTime"]) / asked if into else 0,
            "calls": [(nodes[b]["Name"], nodes[b]["Type"]) for a, b, s in edges if a == place],
            **{kind: count / asked for kind, count in bad.items()}}
    return found

@ex.deliver
def guilty(quiet, start, end):
    """Who is guilty between start and end, and of what, against the quiet time before."""
    before, now = figures(quiet, start), figures(start, end)
    more = lambda name, kind: now[name][kind] - before.get(name, {}).get(kind, 0)
    red = {name: more(name, "failing") + more(name, "throttled") for name in now}
    deep = [name for name in now if red[name] > 0.02
            and not any(red.get(one, 0) > red[name] / 2 for one in now[name]["calls"])]
    if deep:
        name = max(deep, key=red.get)
        kind = max(("failing", "throttled"), key=lambda kind: more(name, kind))
    else:
        name, kind = max(((name, kind) for name in now for kind in ("slow", "lost")),
                         key=lambda one: more(*one))
    return {"service": name[0], "kind": kind}
'''

CUSTOMERS = '''
from collections import Counter
xray = boto3.client("xray")

@ex.deliver
def customers(service, start, end):
    """Since when a service fails, and whom it failed since."""
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=start, EndTime=end, FilterExpression=f'service("{service}") {{ fault }}')
    hit = [one for page in pages for one in page["TraceSummaries"]]
    def says(trace):
        """What the deepest exception of a fault says."""
        return [e["Message"] for c in trace["FaultRootCauses"] for s in c["Services"]
                for p in s["EntityPath"] for e in p["Exceptions"]][-1:]
    common, _ = Counter(text for one in hit for text in says(one)).most_common(1)[0]
    mine = [one for one in hit if common in says(one)]
    return {"since": min(one["StartTime"] for one in mine),
            "users": sorted({u["UserName"] for one in mine for u in one["Users"]})}
'''

#: The same by whole percentages of each node's own requests.
BY_NODE = GUILTY.replace("count / asked for kind", "count / (told['TotalCount'] or 1) for kind")
NOW = """
@ex.deliver
def guilty(quiet, start, end):
    nodes = [one for one in boto3.client("xray").get_service_graph(StartTime=start, EndTime=end)
             ["Services"] if one["Type"] != "client"]
    def mean(one):
        told = one["SummaryStatistics"]
        return told["TotalResponseTime"] / (told["TotalCount"] or 1)
    def bad(one):
        return one["SummaryStatistics"]["FaultStatistics"]["TotalCount"]
    worst = max(nodes, key=RANK)
    return {"service": worst["Name"], "kind": KIND}
"""
SLOWEST = NOW.replace("RANK", "mean").replace("KIND", "'slow'")
REDDEST = NOW.replace("RANK", "bad").replace("KIND", "'failing'")
FIXED = """
@ex.deliver
def customers(service, start, end):
    pages = boto3.client("xray").get_paginator("get_trace_summaries").paginate(
        StartTime=start, EndTime=end, FilterExpression=WANTED)
    found = [one for page in pages for one in page["TraceSummaries"]]
    return {"since": min(one["StartTime"] for one in found),
            "users": {user["UserName"] for one in found for user in one["Users"]}}
"""

ANSWERS = [
    # -- 1: who
    Answer("nothing at all", 1, UNTOUCHED, ("No `guilty` has been handed in",)),
    Answer("own time and deepest fault", 1, PASSED, ("3 of 3 cases", "deepest node"),
           GUILTY + CUSTOMERS),
    Answer("by shares of a node", 1, PASSED, ("3 of 3 cases",), BY_NODE),
    Answer("the slowest node", 1, NOT_YET, ("is waiting for others", "its own?"), SLOWEST),
    Answer("most faults", 1, NOT_YET, ("passes that on",), REDDEST),
    Answer("lost is slow", 1, NOT_YET, ("You say that cart is slow", "Whose word is an edge"),
           GUILTY.replace('"kind": kind}', '"kind": "slow" if kind == "lost" else kind}')),
    Answer("throttled is failing", 1, NOT_YET, ("statistics does a 429 stand",),
           GUILTY.replace('"kind": kind}', '"kind": "failing" if kind == "throttled" else kind}')),
    Answer("the highest that became red", 1, NOT_YET, ("red although none of its callees",),
           GUILTY.replace("and not any(red.get(one, 0) > red[name] / 2 for one in ", "and (")),
    Answer("not against the quiet time", 1, NOT_YET, ("quiet",),
           GUILTY.replace("before.get(name, {}).get(kind, 0)", "0").replace("> 0.02", "> 9")),
    Answer("another word", 1, NOT_YET, ("You call it 'timeout'",),
           GUILTY.replace('"kind": kind}', '"kind": "timeout"}')),
    Answer("nothing comes back", 1, NOT_YET, ("returned NoneType",),
           "@ex.deliver\ndef guilty(quiet, start, end):\n    pass"),
    Answer("seven hours", 1, BROKEN, ("6 hours",), """
@ex.deliver
def guilty(quiet, start, end):
    from datetime import timedelta
    boto3.client("xray").get_service_graph(StartTime=end - timedelta(hours=7), EndTime=end)
"""),
    # -- 2: since when, and whom
    Answer("nothing for the second", 2, UNTOUCHED, ("No `customers` has been handed in",)),
    Answer("the most common exception", 2, PASSED, ("2 of 2 cases", "Only sampled"), CUSTOMERS),
    Answer("since as text", 2, PASSED, ("2 of 2 cases",),
           CUSTOMERS.replace("min(one[\"StartTime\"] for one in mine)",
                             "min(one[\"StartTime\"] for one in mine).isoformat()")),
    Answer("fault alone", 2, NOT_YET, ("200, try again", "the root's, or the service's"),
           FIXED.replace("WANTED", "'fault'")),
    Answer("everybody", 2, NOT_YET, ("everybody who came", "Which requests went wrong"),
           FIXED.replace("WANTED", "\"responsetime >= 0\"")),
    Answer("all faults of the service", 2, NOT_YET, ("failed before it began",),
           FIXED.replace("WANTED", "f'service(\"{service}\") {{ fault }}'")),
    Answer("since the first fault", 2, NOT_YET, ("it began at", "as one does now and then"),
           CUSTOMERS.replace("for one in mine),\n", "for one in hit),\n")),
    Answer("since the last", 2, NOT_YET, ("the first was hit at",),
           CUSTOMERS.replace("min(one", "max(one")),
    Answer("an index", 2, NOT_YET, ("no instant",),
           CUSTOMERS.replace("min(one[\"StartTime\"] for one in mine)", "3")),
    Answer("a list", 2, NOT_YET, ("returned list",),
           "@ex.deliver\ndef customers(service, start, end):\n    return []"),
    Answer("a filter that is none", 2, BROKEN, ("Invalid",),
           FIXED.replace("WANTED", "'faulty = '")),
]  # fmt: skip
