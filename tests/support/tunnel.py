"""TLS before a port that speaks none, as stunnel puts it there, with certificates of a throw-away authority; and the ways
in which such a thing goes wrong.

    authority = Authority(folder)
    with Tunnel(exchange.port) as tunnel:
        tunnel.identity = authority.certify("pbx", "IP:127.0.0.1")
        ... connect a client that trusts authority.certificate to 127.0.0.1:tunnel.port ...
"""
import asyncio
import contextlib
import pathlib
import shutil
import ssl
import subprocess
import threading


def have_openssl():
    return shutil.which("openssl") is not None


class Authority:
    def __init__(self, folder, name="Throw-away CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-days", "1", "-out", self.certificate, "-keyout", self.key)
        (self.folder / "index.txt").touch()
        (self.folder / "ca.conf").write_text(
            f"[ca]\ndefault_ca = it\n[it]\ndatabase = {self.folder}/index.txt\nrand_serial = yes\n"
            f"new_certs_dir = {self.folder}\ncertificate = {self.certificate}\nprivate_key = {self.key}\n"
            "default_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n"
            "default_days = 1\n[any]\ncommonName = supplied\n")

    @staticmethod
    def run(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def certify(self, name, names, begin=None, end=None):
        """Certificate and key for `names` ("DNS:pbx.example"), from `begin` to `end` (20200101000000Z)."""
        request, certificate, key = (self.folder / f"{name}.{kind}" for kind in ("req", "pem", "key"))
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                 f"/CN={name}", "-addext", f"subjectAltName={names}", "-out", request, "-keyout", key)
        times = ["-startdate", begin, "-enddate", end] if begin else []
        self.run("ca", "-batch", "-notext", "-config", self.folder / "ca.conf", "-in", request,
                 "-out", certificate, *times)
        return certificate, key


class Tunnel:
    """How it answers: `tls`, with its identity; `plain`; `cut`, after a client's first words; `mute`."""

    def __init__(self, port):
        self.behind, self.how, self.identity = port, "tls", None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._take, "127.0.0.1", 0), self.loop).result()
        self.port = self.server.sockets[0].getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.loop.call_soon_threadsafe(self.server.close)

    async def _take(self, reader, writer):
        # Errors are the client's to tell.
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError, ssl.SSLError):
            if self.how == "cut":
                await reader.read(100)
                writer.write(b"\x16\x03\x03\x00\x7a\x02\x00\x00")  # an answer's first words
            elif self.how == "mute":
                await reader.read()
            else:
                if self.how == "tls":
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(*self.identity)
                    await writer.start_tls(context)
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.behind)
                await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        writer.close()

    @staticmethod
    async def _carry(reader, writer):
        with contextlib.suppress(OSError, ssl.SSLError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
