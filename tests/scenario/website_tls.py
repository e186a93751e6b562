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

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = Site(hub, website__certificate=hub.root / "site.pem", website__certificate_key=hub.root / "site.key")
    site.sender("web", secret=SECRET)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-days", "1", "-out", hub.root / "site.pem", "-keyout", hub.root / "site.key"],
                   check=True, capture_output=True)
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
        with socket.create_connection(("127.0.0.1", site.port), PATIENCE_S) as plain:
            plain.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                assert not plain.recv(100).startswith(b"HTTP/1.1 2")
            except ConnectionResetError:
                pass
    assert len(hub.ask(ops, "find", "--type", "website.>")) == 3
    hub.stop()
