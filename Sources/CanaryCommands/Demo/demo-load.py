#!/usr/bin/env python3
"""The demo's customers: requests at a steady mean rate, spread over the instances in turn as a load balancer does.

    demo-load.py RATE PORT...

The next request never waits for the last one's answer, so a slow service is asked as often as a fast one. A refused
connection is counted and the request goes to the next instance. Once a second a line of JSON says what was seen from
here since the start: by release its answers, how many of them failed, the seconds that the good ones took together and
their quantiles. The last line comes at the end, on SIGTERM, SIGINT or when the parent is gone.
"""
import asyncio
import json
import math
import os
import random
import signal
import sys
import time

PATIENCE = 5.0
REQUEST = b"GET /basket HTTP/1.1\r\nHost: shop\r\n\r\n"
STEP = 1.02


class Seen:
    """Answers of one release."""

    def __init__(self):
        self.answers = self.failed = 0
        self.seconds = 0.0
        self.steps = {}

    def add(self, is_good, taken):
        self.answers += 1
        if not is_good:
            self.failed += 1
            return
        self.seconds += taken
        step = math.ceil(math.log(taken * 1e6, STEP))
        self.steps[step] = self.steps.get(step, 0) + 1

    def quantile(self, share):
        left = share * (self.answers - self.failed)
        for step in sorted(self.steps):
            left -= self.steps[step]
            if left <= 0:
                return STEP**step / 1e6
        return 0.0

    def figures(self):
        return {
            "answers": self.answers, "failed": self.failed, "seconds": round(self.seconds, 4),
            "p50": round(self.quantile(0.5), 4), "p99": round(self.quantile(0.99), 4),
        }


class Customers:
    def __init__(self, rate, ports):
        self.rate, self.ports = rate, ports
        self.idle = {port: [] for port in ports}
        self.turn = 0
        self.sent = self.failed = self.refused = 0
        self.releases = {}
        self.pending = set()

    async def arrive(self, ending):
        due = time.monotonic()
        while not ending.is_set():
            due += random.expovariate(self.rate)
            await asyncio.sleep(max(0, due - time.monotonic()))
            task = asyncio.create_task(self.ask())
            self.pending.add(task)
            task.add_done_callback(self.pending.discard)

    async def ask(self):
        self.sent += 1
        try:
            is_good = await asyncio.wait_for(self.ask_in_turn(), PATIENCE)
        except asyncio.TimeoutError:
            is_good = False
        self.failed += not is_good

    async def ask_in_turn(self):
        for _ in self.ports:
            self.turn = (self.turn + 1) % len(self.ports)
            answer = await self.ask_one(self.ports[self.turn])
            if answer is not None:
                return answer
        return False

    async def ask_one(self, port):
        """True for a good answer, False for an error, None for no answer."""
        while True:
            is_kept = bool(self.idle[port])
            try:
                stream = self.idle[port].pop() if is_kept else await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                self.refused += 1
                return None
            try:
                answer = await self.exchange(*stream)
            except (OSError, EOFError):
                stream[1].close()
                # The instance may have closed a kept connection just now; a fresh one tells whether it is there.
                if is_kept:
                    continue
                self.refused += 1
                return None
            except asyncio.CancelledError:
                stream[1].close()
                raise
            self.idle[port].append(stream)
            return answer

    async def exchange(self, reader, writer):
        begun = time.monotonic()
        writer.write(REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        is_good = head[0].split(" ")[1] == "200"
        release = headers.get("x-release", "none")
        self.releases.setdefault(release, Seen()).add(is_good, time.monotonic() - begun)
        return is_good

    def report(self):
        seen = {release: seen.figures() for release, seen in sorted(self.releases.items())}
        said = {"sent": self.sent, "failed": self.failed, "refused": self.refused, "releases": seen}
        print(json.dumps(said), flush=True)


async def main(rate, ports):
    customers, ending, parent = Customers(rate, ports), asyncio.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    arriving = asyncio.create_task(customers.arrive(ending))
    while not ending.is_set() and os.getppid() == parent:
        customers.report()
        try:
            await asyncio.wait_for(ending.wait(), 1)
        except asyncio.TimeoutError:
            pass
    ending.set()
    await arriving
    if customers.pending:
        await asyncio.wait(customers.pending, timeout=PATIENCE)
    customers.report()


asyncio.run(main(float(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
