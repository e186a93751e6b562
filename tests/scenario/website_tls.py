"""With a certificate the port speaks TLS and nothing else; a body in drops and a connection that is kept alive
work there, too."""
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys

from lib import PATIENCE_S, Hub
from website_site import SECRET, Site, signed

if shutil.which("openssl") is None:
    print("openssl is not installed, to make a certificate with")
    sys.exit(77)



def make(folder, kind):
    """A certificate and its key in place of those that are there."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", kind, "-nodes", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-days", "1", "-out", folder / "site.pem", "-keyout",
                    folder / "site.key"] +
                   (["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []),
                   check=True, capture_output=True)


def shown(port):
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = Site(hub, website__certificate=hub.root / "site.pem", website__certificate_key=hub.root / "site.key")
    site.sender("web", secret=SECRET)
    make(hub.root, "ec")
    hub.start()
    with site:
        trust = ssl.create_default_context(cafile=hub.root / "site.pem")
        secure = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=PATIENCE_S, context=trust)
        for n in range(3):
            headers, body = signed(SECRET, f"m{n}", {"type": "website.feedback.given", "data": {
                "feedbackId": f"F{n}", "remarks": "x" * 20000 * n + "fine"}})
            secure.request("POST", "/webhooks", body=(body[i:i + 999] for i in range(0, len(body), 999)),
                           headers={**headers, "content-length": str(len(body))})
            answer = secure.getresponse()
            assert (answer.status, json.loads(answer.read())["outcome"]) == (200, "accepted")
        secure.close()

        # Another certificate takes its place on an open port, also for a key of another kind; who is there stays.
        held = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=PATIENCE_S, context=trust)
        held.request("GET", "/none")
        held.getresponse().read()
        there, old = held.sock, shown(site.port)
        make(hub.root, "rsa:2048")
        told = site.ask_reload()
        assert told.returncode == 0 and told.stdout == "active 2 taken_over\n", told
        assert shown(site.port) == ssl.PEM_cert_to_DER_cert((hub.root / "site.pem").read_text()) != old
        held.request("GET", "/none")
        held.getresponse().read()
        assert held.sock is there, "the same connection"
        held.close()

        # One whose key is another's changes nothing, and whoever asked is told.
        good = shown(site.port)
        (hub.root / "other").mkdir()
        make(hub.root / "other", "rsa:2048")
        shutil.copy(hub.root / "other/site.pem", hub.root / "site.pem")
        told = site.ask_reload()
        assert told.returncode == 2 and "website.certificate:" in told.stderr and "kept 2" in told.stderr, told
        assert shown(site.port) == good

        with socket.create_connection(("127.0.0.1", site.port), PATIENCE_S) as plain:
            plain.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                assert not plain.recv(100).startswith(b"HTTP/1.1 2")
            except ConnectionResetError:
                pass
    assert len(hub.ask(ops, "find", "--type", "website.>")) == 3
    hub.stop()
