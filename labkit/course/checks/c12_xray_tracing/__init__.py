"""Exercise 12: three silent services, a budget for sampling, and an order that can be found.

Set-ups on EC2, ECS and Lambda are mended until whole traces arrive (:mod:`.arriving`); sampling
rules keep every payment within a budget (:mod:`.sampling`); a function records its order so that a
filter expression finds it (:mod:`.recording`). The broken set-ups are in :mod:`.setups`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.course.checks.c12_xray_tracing import setups
from labkit.course.checks.c12_xray_tracing.arriving import Arrives
from labkit.course.checks.c12_xray_tracing.recording import Records
from labkit.course.checks.c12_xray_tracing.sampling import BROWSED, BUDGET, PAID, Samples
from labkit.course.task import Task, Ticket
from labkit.course.variant import Variant
from labkit.lab import Lab


class XRayTracing(Task):
    """See the head of this file."""

    chapter = "12_xray_tracing"
    title = "Three services that nobody hears"
    minutes = 35
    checks = (Arrives(), Samples(), Records())
    needs_notebook = (
        "its third check judges your function `checkout`, and a function can't be handed over an "
        "endpoint; use labkit check exercises/12_xray_tracing.ipynb"
    )

    def vary(self, variant: Variant) -> Mapping[str, Any]:
        """Names, paths, traffic."""
        return {
            "seed": variant.seed() % 1_000_000,
            "role": variant.pick("role", ("cart-machine", "cart-web", "cart-node")),
            "task": variant.pick("task", ("checkout", "checkout-v2", "shop-checkout")),
            "function": variant.pick("function", ("pay", "payment", "pay-by-card")),
            "daemon": variant.pick("daemon", ("xray-daemon", "tracer", "xray")),
            "path": variant.pick("path", ("/pay", "/payments", "/till")),
            "browse": variant.pick("browse", (180, 200, 220)),
            "key": variant.pick("key", ("order_id", "order_no", "order_ref")),
        }

    def build(self, lab: Lab, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The shop, three of whose services run on an instance, in a task and in a function."""
        machine = setups.machine(lab, facts["role"])
        setups.task(lab, facts["task"], facts["daemon"])
        setups.function(lab, facts["function"])
        lab.advance(minutes=2)
        lab.shop.traces()
        lab.shop.runs_on("cart", machine)
        lab.shop.runs_on("checkout", facts["task"])
        lab.shop.runs_on("shop-payment", facts["function"])
        return {"machine": machine} | {name: facts[name] for name in ("role", "task", "function")}

    def ticket(self, facts: Mapping[str, Any]) -> Ticket:
        """What Mara wants."""
        return Ticket(
            who="Mara, on-call lead",
            text="(1) Cart is on EC2, checkout on ECS, payment on Lambda. None shows up in X-Ray, "
            "front and catalogue do. Nobody sees an error. I want whole traces. The task stays in "
            "bridge mode: one side-car in the task, no other daemon.\n"
            f"(2) When a payment fails I always want its trace: every `{facts['path']}` and what "
            f"is below it. {PAID} of them come each second, from anywhere, and {facts['browse']} "
            f"requests for other pages. All of it for under ${BUDGET} a month, the first 100,000 "
            f"traces free as usual. Of the other pages {BROWSED} traces a minute or more: I want "
            "to see that we are alive. The front is where requests come in; its SDK asks X-Ray "
            "for the rules.\n"
            f"(3) Lena has an order's number and nothing else. `annotation.{facts['key']} = "
            '"..."` has to find its trace, also when the payment has failed; and then X-Ray '
            "should say that it has, and so should the program: the error goes on to the caller.",
            deliver="mended set-ups; sampling rules; and `checkout(recorder, order, pay)` with "
            "`@ex.deliver` above it: inside a segment called `checkout` it calls `pay(order)`, "
            "whose value it returns. `recorder` is the X-Ray SDK's, `order` a text.",
        )

    def have(self, facts: Mapping[str, Any]) -> Mapping[str, str]:
        """The names."""
        return {
            "ex.machine, ex.role": "id of the cart's instance, and the name of its role",
            "ex.task": f"the checkout's task definition, `{facts['task']}`; a new revision counts "
            "at once",
            "ex.function": f"the payment's function, `{facts['function']}`",
            "ex.lab.xray": "`explain_setup(what)` says whether traces arrive from there, "
            "`explain_sampling(path, method, service=...)` which rule decides",
            "ex.lab": "the lab; the shop is open, its front is the service `front`",
        }


TASK = XRayTracing()
