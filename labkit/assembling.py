"""The parts of a new lab, made from its world: the one list of all of them."""

from __future__ import annotations

from labkit.agents.hosted import Agents
from labkit.agents.xray_hosted import Daemons
from labkit.athena.service import Athena
from labkit.backing.account import Backing
from labkit.cloudtrail.service import CloudTrail
from labkit.cloudwatch.service import CloudWatch
from labkit.core.world import World
from labkit.eventbridge.service import EventBridge
from labkit.logs.service import Logs
from labkit.oam.service import Oam
from labkit.parts import Parts, Post
from labkit.scheduler.service import Scheduler
from labkit.schemas.service import Schemas
from labkit.synthetics.service import Synthetics
from labkit.workloads.fleet import Fleet
from labkit.workloads.group_load import GroupLoads
from labkit.workloads.groups import Groups
from labkit.workloads.latencies import Latencies
from labkit.workloads.people_at_work import AtWork
from labkit.workloads.shop_figures import ShopFigures
from labkit.workloads.shop_logs import ShopLogs
from labkit.workloads.shop_settings import ShopSettings
from labkit.workloads.shop_traces import ShopTraces
from labkit.workloads.shop_visits import ShopVisits
from labkit.workloads.traced_places import TracedPlaces
from labkit.xray.service import XRay


def assembled(world: World, backing: Backing, account: str, region: str, noise_seed: int) -> Parts:
    """The parts of a lab, none of them connected to another yet (see ``wiring``).

    Parameters
    ----------
    world:
        Clock, facts, ports, ids and stores.
    backing:
        The services that are not labkit's own.
    account, region:
        Whose and where, when nobody says otherwise.
    noise_seed:
        Decides the random figures of workloads.
    """
    fleet = Fleet(noise_seed, world.clock, world.facts)
    shop = ShopFigures(noise_seed, world.facts)
    return Parts(
        backing=backing,
        fleet=fleet,
        groups=Groups(fleet, world.facts),
        group_loads=GroupLoads(fleet, world.clock),
        latencies=Latencies(noise_seed),
        agents=Agents(fleet, world.clock, world.facts, world.ports),
        daemons=Daemons(world.clock, world.ports),
        shop=shop,
        shop_logs=ShopLogs(world, shop, noise_seed),
        shop_traces=ShopTraces(shop, noise_seed),
        shop_settings=ShopSettings(world.clock, world.ports, shop),
        traced_places=TracedPlaces(world.clock, world.ports),
        shop_visits=ShopVisits(world.clock, noise_seed, lambda: shop.incidents),
        at_work=AtWork(world, noise_seed),
        cloudwatch=CloudWatch(world, account, region),
        cloudtrail=CloudTrail(world, account, region),
        oam=Oam(world),
        eventbridge=EventBridge(world),
        scheduler=Scheduler(world),
        schemas=Schemas(world),
        logs=Logs(world, account, region),
        xray=XRay(world, account, region),
        synthetics=Synthetics(world, account, region, noise_seed),
        athena=Athena(world, account),
        post=Post(),
    )
