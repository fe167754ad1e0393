# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that go wrong at every place of a dialog, in every way, all at once: each is hung up on, nothing that was not
finished is delivered, nothing that was is lost, and an honest client is served meanwhile. The places of the other
direction are in test_peers."""

import collections
import socket
import ssl
import struct
import threading
import unittest

from .harness import WorldCase, message, poll
from .peer import Closed, Peer, chunk, connect, dot
from .seed import TORTURE, dice

ENVELOPE = ("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>")


def at_connect(_south, peer, _token):
    return peer


def in_tls(south, peer, _token):
    """Half a ClientHello is on its way."""
    peer.begin(tls=False)
    assert peer.cmd("STARTTLS").code == 220
    peer.send(b"\x16\x03\x01\x02\x00\x01")
    return peer


def after(*lines, then=None):
    """A place that these lines lead to, over TLS; `then(token)` are the octets that follow."""
    def go(_south, peer, token):
        peer.begin()
        if lines:
            peer.pipeline(*lines)
        if then:
            peer.send(then(token))
        return peer
    return go


def whole(token):
    return message("s@west.example", "suzie@south.example", token)


PLACES = {
    "connect": at_connect,
    "tls": in_tls,
    "ehlo": after(),
    "half a command": after(then=lambda _: b"MAIL FROM:<s@west"),
    "mail": after(ENVELOPE[0]),
    "rcpt": after(*ENVELOPE),
    "data": after(*ENVELOPE, "DATA"),
    "header": after(*ENVELOPE, "DATA", then=lambda token: f"Subject: {token}\r\nX-Half:".encode()),
    "body": after(*ENVELOPE, "DATA", then=lambda token: whole(token) + b"more\r\n"),
    "large body": after(*ENVELOPE, "DATA", then=lambda token: whole(token) + b"y" * 78 * 10_000 + b"\r\n"),
    "half a dot": after(*ENVELOPE, "DATA", then=lambda token: whole(token) + b"\r\n."),
    "chunk": after(*ENVELOPE, then=lambda token: b"BDAT 10000000 LAST\r\n" + whole(token)),
    "between chunks": after(*ENVELOPE, then=lambda token: chunk(whole(token))),
    "end": after(*ENVELOPE, "DATA", then=lambda token: dot(whole(token))),
    "last chunk": after(*ENVELOPE, then=lambda token: chunk(whole(token), last=True)),
}
FINISHED = ("end", "last chunk")  # all that the client had to say


def hang(peer, _random):
    read_to_the_end(peer)


def half_close(peer, _random):
    peer.sock.shutdown(socket.SHUT_WR)
    read_to_the_end(peer)


def close(peer, _random):
    peer.close()


def reset(peer, _random):
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def garbage(peer, random):
    peer.send(random.randbytes(random.randint(1, 20_000)).replace(b".", b",") + b"\r\n")
    read_to_the_end(peer)


def endless(peer, _random):
    """One line that never ends, until nobody listens."""
    for _ in range(400):
        peer.send(b"z" * 10_000)
    read_to_the_end(peer)


def early(peer, _random):
    """Commands by the hundred, whatever is answered."""
    for _ in range(300):
        peer.send(b"RSET\r\nNOOP\r\nHELP\r\nVRFY x\r\n")
    read_to_the_end(peer)


WAYS = (hang, half_close, close, reset, garbage, endless, early)


def read_to_the_end(peer):
    while peer.sock.recv(65536):
        pass


class Clients(WorldCase):
    @classmethod
    def build(cls, world):
        limits = {"command_timeout": "3s", "data_timeout": "3s", "exempt": ["127.0.0.0/8"]}
        cls.south = world.server("south.example", settings={"limits": limits})

    def play(self, cell, random, ended):
        place, way, token = cell
        peer = Peer(self.south.address, self.south.smtp_port)
        try:
            PLACES[place](self.south, peer, token)
            WAYS[way](peer, random)
        except (OSError, ssl.SSLError, Closed):
            pass  # hung up on in the middle of it
        finally:
            peer.close()
        ended.append(cell)

    def test_wherever_a_client_goes_wrong_nothing_is_lost_and_nothing_half_is_delivered(self):
        for round_ in range(TORTURE):
            random = dice(f"clients {round_}")
            cells = [(place, way, f"{place.replace(' ', '-')}-{WAYS[way].__name__}-{round_}")
                     for place in PLACES for way in range(len(WAYS))]
            random.shuffle(cells)
            ended = collections.deque()
            threads = [threading.Thread(target=self.play, args=(cell, dice(cell[2]), ended), daemon=True)
                       for cell in cells]
            for thread in threads:
                thread.start()
            self.honest(f"meanwhile-{round_}")
            poll(lambda: len(ended) == len(cells), "each was hung up on", bound=120)
            self.honest(f"afterwards-{round_}")
            self.judge(cells)

    def honest(self, token):
        with connect(self.south) as peer:
            peer.pipeline(*ENVELOPE, "DATA")
            peer.send(dot(whole(token)))
            self.assertEqual(peer.reply().code, 250)
        self.south.await_mail("suzie", f"Subject: {token}\n")

    def judge(self, cells):
        self.south.await_empty_queue()
        for place, way, token in cells:
            copies = len(self.south.find("suzie", f"Subject: {token}\n"))
            with self.subTest(place=place, way=WAYS[way].__name__):
                if place not in FINISHED:
                    self.assertEqual(copies, 0)
                elif WAYS[way] in (close, reset):
                    self.assertLessEqual(copies, 1)  # it may have been gone before it was heard
                else:
                    self.assertEqual(copies, 1)
        self.assertNotIn("internal error", self.south.tail(1 << 30))


if __name__ == "__main__":
    unittest.main()
