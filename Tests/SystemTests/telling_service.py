"""The demo's service, which is beside this file as shop.py, telling a metrics server what it serves: with STATSD_PORT in
the environment each answer, to a StatsD listener and with python3-statsd; with CARBON_PORT each second's counts, in
carbon's line protocol, kept while nobody takes them. NAME is what its metrics begin with."""
import asyncio
import os
import sys
import time

import shop


class StatsDShop(shop.Shop):
    def __init__(self, release):
        super().__init__(release)
        import statsd

        self.client = statsd.StatsClient("127.0.0.1", int(os.environ["STATSD_PORT"]), prefix=os.environ["NAME"])

    async def trade(self):
        begun = time.monotonic()
        status, body = await super().trade()
        self.client.incr("requests")
        if status.startswith("200"):
            self.client.timing("took", (time.monotonic() - begun) * 1000)
        else:
            self.client.incr("errors")
        return status, body


class CarbonShop(shop.Shop):
    def __init__(self, release):
        super().__init__(release)
        self.teller = asyncio.get_running_loop().create_task(self.tell())

    async def tell(self):
        kept, told = [], (0, 0)
        while True:
            now = time.time()
            await asyncio.sleep(1.01 - now % 1)
            seen = (sum(self.served.values()), self.served["500"])
            for name, after, before in zip(("requests", "errors"), seen, told):
                kept.append(f"{os.environ['NAME']}.{name} {after - before} {int(now)}\n")
            told = seen
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["CARBON_PORT"]))
                writer.write("".join(kept).encode())
                await writer.drain()
                writer.close()
                kept = []
            except OSError:
                pass


shop.Shop = StatsDShop if "STATSD_PORT" in os.environ else CarbonShop
asyncio.run(shop.main(int(sys.argv[1])))
