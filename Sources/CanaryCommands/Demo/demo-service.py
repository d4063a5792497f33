#!/usr/bin/env python3
"""The demo's service: a small web shop that says which version it is, whether it is well, and what it has served.

It reads `release.json` beside itself: `version`, and `sick_after`, seconds of good health before it turns ill.
"""
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.realpath(__file__))
with open(os.path.join(HERE, "release.json"), encoding="utf-8") as file:
    RELEASE = json.load(file)
STARTED = time.monotonic()
SERVED = {"200": 0, "503": 0}


def is_sick():
    after = RELEASE.get("sick_after")
    return after is not None and time.monotonic() - STARTED > after


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = 200, "welcome to the shop\n"
        if self.path == "/version":
            body = RELEASE["version"] + "\n"
        elif self.path == "/metrics":
            lines = ["# TYPE http_requests_total counter"]
            lines += [f'http_requests_total{{code="{code}"}} {count}' for code, count in SERVED.items()]
            body = "\n".join(lines) + "\n"
        else:
            if is_sick():
                status, body = 503, "the till is on fire\n"
            SERVED[str(status)] += 1
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.allow_reuse_address = True
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
