"""A line to the hub that can break between a question and its answer.

    with Line(port) as line:
        ... connect a client to 127.0.0.1:line.port ...
        line.hold()               # what the hub says stays in the line
        ... the client says something ...
        assert line.said.wait(PATIENCE_S)
        line.cut()                # it breaks, with all that is in it; the next one is whole
"""
import asyncio
import contextlib
import threading


class Line:
    def __init__(self, port):
        self.far, self.held, self.said, self.writers = port, False, threading.Event(), set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = self._do(asyncio.start_server(self._take, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.loop.call_soon_threadsafe(self.server.close)

    def _do(self, what):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result()

    def hold(self):
        """`said`: the client has said something since."""
        async def hold():
            self.held = True
            self.said.clear()
        self._do(hold())

    def cut(self):
        async def cut():
            for writer in self.writers:
                writer.transport.abort()
            self.held = False
        self._do(cut())

    async def _take(self, reader, writer):
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far)
            pair = {writer, far_writer}
            self.writers |= pair
            await asyncio.gather(self._carry(reader, far_writer, True), self._carry(far_reader, writer, False))
            self.writers -= pair
        writer.close()

    async def _carry(self, reader, writer, says):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if says:
                    self.said.set()
                elif self.held:
                    continue  # until it is cut
                writer.write(data)
                await writer.drain()
        writer.close()
