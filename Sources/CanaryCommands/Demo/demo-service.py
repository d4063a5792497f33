#!/usr/bin/env python3
"""The demo's service: a small web shop that says which version it is, whether it is well, and what it has served.

It reads `release.json` beside itself:

  version      what /version and the header X-Release say
  sick_after   seconds of good health before /healthz says 503; absent: never
  error_rate   share of requests that are answered 500, at once
  order_rate   share of the other requests that end in an order
  median_ms    median time to an answer; times are lognormal with sigma 0.5
  slow_share   share of requests that take slow_factor times as long
  slow_factor

/metrics is Prometheus' text format. Latencies are those of good answers only, since fast errors would pass for speed.
"""
import asyncio
import json
import math
import os
import random
import signal
import sys
import time
from bisect import bisect_left
from statistics import NormalDist

HERE = os.path.dirname(os.path.realpath(__file__))
SIGMA = 0.5
# Each block of requests holds the quantiles of the release's distribution in random order, so that a short run is
# decided by what the releases are and not by luck.
BLOCK = 1000
# 2 ms to 2.8 s, 10 % apart.
EDGES = [0.002 * 1.1**step for step in range(77)]


class Release:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
        self.version = said["version"]
        self.sick_after = said.get("sick_after", math.inf)
        self.errors = round(BLOCK * said.get("error_rate", 0.01))
        self.orders = said.get("order_rate", 0.2)
        median = said.get("median_ms", 20) / 1000
        slow = round(BLOCK * said.get("slow_share", 0))
        self.times = self.quantiles(BLOCK - slow, median) + self.quantiles(slow, median * said.get("slow_factor", 1))

    @staticmethod
    def quantiles(count, median):
        normal = NormalDist(math.log(median), SIGMA)
        return [math.exp(normal.inv_cdf((index + 0.5) / count)) for index in range(count)]

    def requests(self):
        """For ever: the seconds until a good answer, or None for an error at once."""
        while True:
            block = random.sample(self.times, BLOCK)
            for index in random.sample(range(BLOCK), self.errors):
                block[index] = None
            yield from block


class Shop:
    def __init__(self, release):
        self.release = release
        self.started = time.monotonic()
        self.requests = release.requests()
        self.served = {"200": 0, "500": 0}
        self.orders = 0
        self.buckets = [0] * (len(EDGES) + 1)
        self.seconds = 0.0
        self.busy = 0
        self.ending = asyncio.Event()

    async def connected(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.busy += 1
                try:
                    status, body = await self.answer(head.split(" ", 2)[1])
                finally:
                    self.busy -= 1
                writer.write(self.message(status, body))
                is_last = "connection: close" in head.lower() or "HTTP/1.0" in head.split("\r\n", 1)[0]
                if is_last or self.ending.is_set():
                    break
                await writer.drain()
        except (OSError, EOFError, IndexError, asyncio.LimitOverrunError):
            pass
        writer.close()

    def message(self, status, body):
        data = body.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(data)}\r\n"
        return f"{head}X-Release: {self.release.version}\r\n\r\n".encode() + data

    async def answer(self, path):
        if path == "/version":
            return "200 OK", self.release.version + "\n"
        if path == "/metrics":
            return "200 OK", self.metrics()
        if path == "/healthz":
            if time.monotonic() - self.started > self.release.sick_after:
                return "503 Service Unavailable", "the till is on fire\n"
            return "200 OK", "well\n"
        return await self.trade()

    async def trade(self):
        delay, begun = next(self.requests), time.monotonic()
        if delay is None:
            self.served["500"] += 1
            return "500 Internal Server Error", "the till is jammed\n"
        await asyncio.sleep(delay)
        taken = time.monotonic() - begun
        self.served["200"] += 1
        self.seconds += taken
        self.buckets[bisect_left(EDGES, taken)] += 1
        self.orders += random.random() < self.release.orders
        return "200 OK", "welcome to the shop\n"

    def metrics(self):
        lines = ["# TYPE http_requests_total counter"]
        lines += [f'http_requests_total{{code="{code}"}} {count}' for code, count in self.served.items()]
        lines += ["# TYPE http_request_duration_seconds histogram"]
        total = 0
        for edge, count in zip([f"{edge:.6g}" for edge in EDGES] + ["+Inf"], self.buckets):
            total += count
            lines.append(f'http_request_duration_seconds_bucket{{le="{edge}"}} {total}')
        lines += [f"http_request_duration_seconds_sum {self.seconds:.6f}"]
        lines += [f"http_request_duration_seconds_count {total}"]
        lines += ["# TYPE orders_total counter", f"orders_total {self.orders}"]
        with open("/proc/self/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        lines += ["# TYPE process_resident_memory_bytes gauge", f"process_resident_memory_bytes {resident}"]
        return "\n".join(lines) + "\n"


async def main(port):
    shop = Shop(Release(os.path.join(HERE, "release.json")))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, shop.ending.set)
    server = await asyncio.start_server(shop.connected, "127.0.0.1", port)
    await shop.ending.wait()
    # No new connections; who is being served gets an answer.
    server.close()
    patience = time.monotonic() + 2
    while shop.busy and time.monotonic() < patience:
        await asyncio.sleep(0.01)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
