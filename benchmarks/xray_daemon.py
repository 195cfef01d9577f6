"""A lab's X-Ray daemon under load: 5,000 segments a second over UDP, from another process.

The sender is this module in a process of its own: segments of about 700 bytes, in portions of five
each millisecond, so that it keeps the rate and does not flood. Meanwhile the lab's clock is tied to
the machine's, as in ``labkit serve``: what comes is batched, put and kept while more comes.

``python -m benchmarks.xray_daemon`` prints as JSON how many were sent, taken and kept, and how long
the lab took for one segment. ``python -m benchmarks.xray_daemon send PORT RATE SECONDS`` is the
sender.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

from labkit.core.clock import machine_now_us, machine_seconds

RATE, SECONDS = 5_000, 5
HEADER = b'{"format":"json","version":1}\n'


def document(number: int, at: float) -> bytes:
    """A segment with a call to a table, as an SDK would send it."""
    return json.dumps(
        {
            "name": f"service-{number % 7}",
            "id": f"{number:016x}",
            "trace_id": f"1-{int(at):08x}-{number:024x}",
            "start_time": at,
            "end_time": at + 0.042,
            "http": {
                "request": {"method": "GET", "url": "https://shop.example/cart/7"},
                "response": {"status": 200, "content_length": 512},
            },
            "aws": {"xray": {"sdk": "X-Ray for Python", "sdk_version": "2.15.0"}},
            "annotations": {"order_id": f"o-{number}", "version": "2.4.1"},
            "subsegments": [
                {
                    "name": "DynamoDB",
                    "id": f"{number + (1 << 40):016x}",
                    "namespace": "aws",
                    "start_time": at + 0.001,
                    "end_time": at + 0.03,
                    "aws": {"operation": "GetItem", "table_name": "carts"},
                    "http": {"response": {"status": 200}},
                }
            ],
        },
        separators=(",", ":"),
    ).encode()


def send(port: int, rate: int, seconds: float) -> int:
    """Send at a rate; how many were sent."""
    began = machine_seconds()
    sent, total = 0, int(rate * seconds)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while sent < total:
            due = min(total, int((machine_seconds() - began) * rate))
            at = machine_now_us() / 1e6
            while sent < due:
                sender.sendto(HEADER + document(sent, at), ("127.0.0.1", port))
                sent += 1
            time.sleep(0.001)
    return sent


def receive(rate: int, seconds: float) -> dict[str, float]:
    """A live lab with a daemon while another process sends."""
    import labkit
    from labkit.core.clock import to_datetime
    from labkit.serve import Service

    with labkit.Lab(start=to_datetime(machine_now_us()), active=False) as lab:
        daemon = lab.xray_daemon(0)
        with Service(lab, speed=1.0):
            command = [sys.executable, "-m", "benchmarks.xray_daemon", "send"]
            command += [str(daemon.address[1]), str(rate), str(seconds)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            sent = int(done.stdout)
            for _ in range(600):
                if daemon.counters.received >= sent and not daemon.waiting:
                    break
                time.sleep(0.05)
        daemon.stop()
        c = daemon.counters
        store = lab.parts.xray.store(lab.account, lab.region)
        clock = lab.world.clock
        kept = len(store.traces(clock.start_us - 60_000_000, clock.now_us + 60_000_000))
        return {"sent": sent, "received": c.received, "taken": c.sent, "kept": kept,
                "spilled": c.spilled, "rejected": c.rejected}  # fmt: skip


def work(count: int = 20_000) -> float:
    """Seconds that a lab takes for one segment from the queue into the store: the best thousand."""
    import labkit

    with labkit.Lab(active=False) as lab:
        daemon = lab.xray_daemon(0)
        texts = [document(n, 1767603600.0).decode() for n in range(count)]
        times = []
        for begin in range(0, count, 1_000):
            some = texts[begin : begin + 1_000]
            began = machine_seconds()
            lab._do("xray_daemon.receive", name=daemon.name, documents=some)
            times.append(machine_seconds() - began)
        daemon.stop()
    return min(times) / 1_000


def main() -> None:
    """As the head of this file says."""
    if sys.argv[1:2] == ["send"]:
        print(send(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
        return
    rate = int(sys.argv[1]) if len(sys.argv) > 1 else RATE
    print(json.dumps(receive(rate, SECONDS) | {"segment": work()}))


if __name__ == "__main__":
    main()
