"""HTTP on a free loopback port, and HTTPS on another with a certificate of its own.

usage: server.py [PORT] [--tls]
First line out: {"port": …, "tls": … or null, "ca": PEM path or null}. Then one JSON command per line in, one answer out:
  {"set": PATH, "answers": [{"status": 200, "headers": {…}, "body": "…"}, …]}   the last answer repeats
  {"count": PATH}                                       requests seen for PATH, with the headers and body of the last one
Paths with a behaviour of their own: /hang never answers, /stall stops in the middle of the body, /huge never ends,
/garbage is not HTTP, /headers echoes the request's headers. Ends when its standard input does.
"""
import json, os, shutil, socket, ssl, subprocess, sys, tempfile, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

routes, counts, last, lock = {}, {}, {}, threading.Lock()
never = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        with lock:
            last[self.path] = {"headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
            counts[self.path] = counts.get(self.path, 0) + 1
            answers = routes.get(self.path)
            answer = answers.pop(0) if answers and len(answers) > 1 else (answers or [None])[0]
        behaviour = getattr(self, "do_" + self.path.strip("/"), None)
        if answer is None and behaviour:
            behaviour()
        elif answer is None:
            self.send(404, {}, b"")
        else:
            self.send(answer.get("status", 200), answer.get("headers", {}), answer.get("body", "").encode())

    do_HEAD = do_GET
    do_POST = do_GET

    def send(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_hang(self):
        never.wait()

    def do_stall(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        never.wait()

    def do_huge(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass

    def do_garbage(self):
        self.wfile.write(b"SSH-2.0-not_http\r\n")
        self.close_connection = True

    def do_headers(self):
        self.send(200, {}, json.dumps({k.lower(): v for k, v in self.headers.items()}).encode())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, address):
        pass


def serve(port, context=None):
    server = Server(("127.0.0.1", port), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def certificate(directory):
    ca = os.path.join(directory, "ca.pem")
    key = os.path.join(directory, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", ca, "-keyout", key],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    return ca, context


def main():
    ports = [int(a) for a in sys.argv[1:] if a.isdigit()]
    directory = tempfile.mkdtemp(prefix="canary-test-") if "--tls" in sys.argv else None
    try:
        ca, tls = None, None
        if directory:
            ca, context = certificate(directory)
            tls = serve(0, context)
        port = serve(ports[0] if ports else 0)
        print(json.dumps({"port": port, "tls": tls, "ca": ca}), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            with lock:
                if "set" in command:
                    routes[command["set"]] = command["answers"]
                path = command.get("count")
                print(json.dumps({"count": counts.get(path, 0), **last.get(path, {})}), flush=True)
    finally:
        if directory:
            shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


main()
