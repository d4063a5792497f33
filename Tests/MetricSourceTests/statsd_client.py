"""A service's StatsD client (python3-statsd) that does what its standard input says, a line at a time:
`METHOD NAME VALUE`, such as `incr requests 10`. Prints the line when it is sent. usage: statsd_client.py PORT PREFIX"""
import sys

import statsd

client = statsd.StatsClient("127.0.0.1", int(sys.argv[1]), prefix=sys.argv[2])
for line in sys.stdin:
    method, name, value = line.split()
    if method == "change":
        client.gauge(name, float(value), delta=True)
    elif method == "set":
        client.set(name, value)
    else:
        getattr(client, method)(name, float(value))
    print(line.strip(), flush=True)
