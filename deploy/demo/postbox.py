#!/usr/bin/env python3
"""A mail server for the demonstration: takes every mail, and sends none on.

    postbox.py FOLDER

Listens on 127.0.0.1, on a port that the system chooses and that is printed first; each mail becomes a file of the
Maildir FOLDER.  Needs Debian's python3-aiosmtpd."""
import asyncio
import mailbox
import sys

from aiosmtpd.smtp import SMTP


class Postbox:
    def __init__(self, folder):
        self.maildir = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, _server, _session, envelope):
        self.maildir.add(envelope.content)
        return "250 taken"


async def main(folder):
    box = Postbox(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="localhost"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
