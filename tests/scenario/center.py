"""A call center beside the hub: the adapter, and what it needs to log in to an exchange.

    with Hub() as hub, Exchange() as exchange:
        center = Center(hub, "s3cr3t")
        hub.start()
        center.configure(f"port = {exchange.port}\\nusername = carehub\\n[pop]\\n...")
        with center.running():
            ...

Whoever imports it may import what stands in tests/support, too.
"""
import pathlib
import sys

from service import Service, secret

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))


class Center(Service):
    def __init__(self, hub, password):
        super().__init__(hub, "carehub-callcenter", hub.peer(
            "center", roles="producer, consumer", sources="/callcenter", types="callcenter.>",
            topics="callcenter.>", region="CN"))
        self.password = secret(hub.root / "password", password)

    def configure(self, text):
        """`text` begins with what is said of the exchange, beside the password."""
        super().configure(f"[exchange]\nsecret_file = {self.password}\n{text}")

    def pop_port(self):
        """Where screens may listen, by its last start."""
        return int(self.lines("pop.listening")[-1].rsplit("port=", 1)[1])
