"""Lines of JSON over a socket: how the batch, the warm process and its forks talk."""

import json
import socket


class JsonLines:
    """One end of a socket."""

    def __init__(self, connection: socket.socket):
        self.connection, self.pieces = connection, b""

    def send(self, **line: object) -> None:
        """Send a line; raises OSError when the other end is gone."""
        self.connection.sendall(json.dumps(line).encode() + b"\n")

    def lines(self) -> list[object]:
        """The lines that came since; raises ConnectionError when the other end is gone."""
        piece = self.connection.recv(1 << 20)
        if not piece:
            raise ConnectionError("the warm process is gone")
        *whole, self.pieces = (self.pieces + piece).split(b"\n")
        return [json.loads(line) for line in whole]
