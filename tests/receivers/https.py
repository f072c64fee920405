"""A receiver of webhooks by Python's own server. Prints one JSON object for each thing that happens.

python3 https.py CERTIFICATE KEY FOLDER: while FOLDER/deaf is there, nobody's greeting is answered; while FOLDER/hold is
there, requests are taken down and not answered; FOLDER/status holds another status than 200.
"""

import json, pathlib, ssl, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
folder = pathlib.Path(sys.argv[3])
lock = threading.Lock()


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


def wait(name):
    while (folder / name).exists():
        time.sleep(0.01)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, address):
        if (folder / "deaf").exists():
            say(event="connected")
            wait("deaf")
            return
        try:
            with context.wrap_socket(request, server_side=True) as protected:
                self.RequestHandlerClass(protected, address, self)
        except (ssl.SSLError, OSError):
            say(event="broken")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        say(event="request", path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body)
        wait("hold")
        status = folder / "status"
        self.send_response(int(status.read_text()) if status.exists() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
say(event="ready", port=server.server_address[1])
server.serve_forever()
