#!/usr/bin/env python3
"""The screens of the call center's agents: takes what carehub-callcenter posts when a telephone rings.

    screen.py [--token TOKEN]

It listens on a port of 127.0.0.1, which is the first line that it prints; each line after that is one
call as it was posted, in JSON, so that whoever wants to see what an agent sees reads it.  It goes on
until it is stopped."""
import argparse
import http.server
import sys

LIMIT = 4 << 20


class Screen(http.server.BaseHTTPRequestHandler):
    timeout = 10
    token = None

    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        if self.token and self.headers.get("Authorization") != "Bearer " + self.token:
            self.send_response(401)
        elif length > LIMIT:
            self.send_response(413)
        else:
            call = self.rfile.read(length)
            sys.stdout.buffer.write(call.rstrip(b"\n").replace(b"\n", b" ") + b"\n")
            sys.stdout.buffer.flush()
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_words):
        pass


def main():
    parser = argparse.ArgumentParser(description="Prints the records that agents would see.")
    parser.add_argument("--token", help="whoever posts must show it")
    Screen.token = parser.parse_args().token
    server = http.server.HTTPServer(("127.0.0.1", 0), Screen)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
