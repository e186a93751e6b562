"""Everybody's mailbox, at a mail server of this scenario's own.

    with serving(Mailbox()) as box:
        ... mail.port = {box.port}
        box.to("c1@example.org")[0]["Subject"]

A scenario ends as skipped where python3-aiosmtpd or openssl is not installed."""
import contextlib
import email
import email.policy
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from lib import event

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult  # noqa: F401  # for who asks for passwords
except ImportError:
    print("skipped: python3-aiosmtpd is not installed")
    sys.exit(77)

if shutil.which("openssl") is None:
    print("skipped: openssl is not installed, to make a certificate with")
    sys.exit(77)


class Mailbox:
    """Takes what comes; breaks the line behind the text of those who are listed."""

    def __init__(self):
        self.mails, self.drop, self.lock = [], set(), threading.Lock()
        self.port = 0

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            self.mails.append((envelope.rcpt_tos[0], envelope.content))
        if envelope.rcpt_tos[0] in self.drop:
            server.transport.abort()
        return "250 2.0.0 taken"

    def to(self, address):
        with self.lock:
            return [email.message_from_bytes(text, policy=email.policy.default)
                    for to, text in self.mails if to == address]


@contextlib.contextmanager
def serving(box, **more):
    """The box behind a port; `more` as aiosmtpd's Controller has it."""
    with socket.socket() as free:  # the controller wants to know its port beforehand
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=box.port, **more)
    server.start()  # raises when somebody else has taken it since
    try:
        yield box
    finally:
        server.stop()


@contextlib.contextmanager
def certificate(name, also):
    """A folder with cert.pem and key.pem of this name, signed by itself."""
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-addext", f"subjectAltName={also}", "-keyout", folder / "key.pem",
                        "-out", folder / "cert.pem"], check=True, capture_output=True)
        (folder / "key.pem").chmod(0o600)
        yield folder


# ---- Whom campaigns are for ----

def mailbox(n, domain="bücher.example"):
    """As he writes it; 19 writes another script on both sides of the @."""
    return f"ñandú@{domain}" if n == 19 else f"c{n}@example.org"


def person(n):
    return {"localId": f"L{n}", "memberCard": f"M{n}", "memberCardAssurance": "ASSURANCE_VERIFIED",
            "emails": [{"value": mailbox(n), "assurance": "ASSURANCE_VERIFIED"}],
            "name": {"full": f"李{n}", "family": "李"}}


def consent(n, verb, key, purpose):
    return event(f"website.consent.{verb}", key, "/site",
                 {"scopes": [{"purpose": f"CONSENT_PURPOSE_{purpose}",
                              "channel": "CONTACT_CHANNEL_EMAIL"}], "customer": person(n)})


def order(n):
    return event("website.order.placed", f"o{n}", "/site",
                 {"orderId": f"o{n}", "lines": [{"productId": "TV"}],
                  "totals": {"grand": {"minorUnits": "1000", "currency": "CNY"}},
                  "customer": person(n)})
