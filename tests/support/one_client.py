"""A port on which an exchange of a test talks to one client at a time."""
import socket
import threading


class OneClient:
    def __init__(self, port=0):
        self.logins, self.refused, self.pings = 0, 0, 0
        self.ready = threading.Event()  # it is logged in, and has looked at what there is
        self.gone = threading.Event()   # one has gone
        self.client = None
        self.sending = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", port))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def close(self):
        """The exchange is gone: nobody listens any more."""
        self.server.close()
        self.hang_up()

    def hang_up(self, farewell=b""):
        """The line breaks, as at a stop of the exchange: what it says last, and plain end of file."""
        client = self.client
        self.ready.clear()
        if client is not None:
            try:
                if farewell:
                    self.send(farewell)
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def send(self, data):
        with self.sending:
            self.client.sendall(data)

    @staticmethod
    def heard(client, end):
        """Each text that the client ends so, until he is gone."""
        buffered = b""
        while True:
            while end not in buffered:
                more = client.recv(65536)
                if not more:
                    return
                buffered += more
            text, buffered = buffered.split(end, 1)
            yield text.decode()

    def _serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client = client
            try:
                self._talk(client)
            except OSError:
                pass
            self.ready.clear()
            self.gone.set()
            client.close()
