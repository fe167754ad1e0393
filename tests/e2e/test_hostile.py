# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Peers that are broken, slow or hostile: each is answered or dropped, and the server goes on for everybody else."""

import os
import random
import socket
import struct
import unittest

from .harness import WorldCase, message, poll
from .peer import Closed, Peer, connect, dot

MIB = 1 << 20


class Hostile(WorldCase):
    @classmethod
    def build(cls, world):
        limits = {"limits": {"command_timeout": "3s", "data_timeout": "3s"}}
        cls.south = world.server("south.example", settings=limits)
        cls.serial = 0

    def raw(self):
        peer = Peer(self.south.address, self.south.smtp_port)
        self.addCleanup(peer.close)
        return peer

    def tearDown(self):
        """Whatever was done to it, an honest peer is served."""
        type(self).serial += 1
        token = f"honest-{self.serial}"
        with connect(self.south) as peer:
            peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
            peer.send(dot(message("s@west.example", "suzie@south.example", token)))
            self.assertEqual(peer.reply().code, 250)
        self.south.await_mail("suzie", f"Subject: {token}\n")

    def drain(self, peer):
        """Reads until the server hangs up; the reply codes."""
        codes = []
        try:
            while True:
                codes.append(peer.reply().code)
        except (Closed, ValueError):
            return codes

    def test_garbage(self):
        source = random.Random(2)
        for n in range(20):
            peer = self.raw()
            try:
                peer.send(source.randbytes(source.randint(1, 20000)) + b"\r\n" * (n % 3))
                peer.sock.shutdown(socket.SHUT_WR)
            except OSError:
                continue
            for code in self.drain(peer):
                self.assertIn(code // 100, (2, 4, 5))

    def test_other_protocols(self):
        for words in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
                      b"SSH-2.0-x\r\n"):
            peer = self.raw()
            peer.send(words)
            peer.sock.shutdown(socket.SHUT_WR)
            self.drain(peer)

    def test_a_line_without_end_does_not_fill_memory(self):
        before = self.south.peak_memory()
        peer = self.raw()
        peer.begin(tls=False)
        block = b"x" * MIB
        try:
            for _ in range(64):
                peer.send(block)
            peer.send(b"\r\n")
            self.assertGreaterEqual(peer.reply().code, 500)
        except (OSError, Closed):
            pass
        self.assertLess(self.south.peak_memory() - before, 32 * MIB)

    def test_a_very_long_line_in_a_message_is_content(self):
        peer = connect(self.south)
        self.addCleanup(peer.close)
        peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
        peer.send(dot(message("s@west.example", "suzie@south.example", "long-line", "y" * MIB + "\r\n")))
        self.assertEqual(peer.reply().code, 250)
        self.assertIn(b"y" * MIB, self.south.await_mail("suzie", "long-line").raw)

    def test_a_header_without_end_is_refused(self):
        peer = connect(self.south)
        self.addCleanup(peer.close)
        peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
        peer.send(b"From: s@west.example\r\n" + b"X: y\r\n" * 200000 + b"\r\nbody\r\n.\r\n")
        self.assertEqual(peer.reply().status, "552 5.3.4")

    def test_too_many_bad_commands(self):
        peer = self.raw()
        peer.begin(tls=False)
        peer.send(b"NONSENSE\r\n" * 100)
        codes = self.drain(peer)
        self.assertEqual(codes[-1], 421)
        self.assertLess(len(codes), 60)

    def test_thousands_of_recipients_are_bounded(self):
        peer = connect(self.south)
        self.addCleanup(peer.close)
        peer.cmd("MAIL FROM:<s@west.example>")
        codes = set()
        for n in range(12):
            codes |= {r.code for r in peer.pipeline(*[f"RCPT TO:<x{n}-{m}@south.example>" for m in range(100)])}
        self.assertTrue(codes <= {550, 452, 421}, codes)

    def test_silence_is_not_waited_for_for_ever(self):
        for opening in (None, "EHLO client.example", "STARTTLS"):
            peer = self.raw()
            self.assertEqual(peer.reply().code, 220)
            if opening:
                if opening == "STARTTLS":
                    peer.cmd("EHLO client.example")
                    peer.cmd(opening)
                    continue  # the handshake has its own, longer patience
                peer.cmd(opening)
            self.drain(peer)

    def test_silence_in_the_middle_of_a_message(self):
        peer = connect(self.south)
        self.addCleanup(peer.close)
        peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
        peer.send(b"Subject: never-ends\r\n\r\nhalf")
        self.drain(peer)
        self.assertEqual(self.south.find("suzie", "never-ends"), [])

    def test_gone_without_a_word(self):
        for stage in range(4):
            peer = self.raw()
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends RST
            if stage > 0:
                peer.begin(tls=stage > 1)
            if stage > 2:
                peer.send("MAIL FROM:<s@west.example>\r\nRCPT TO:<suzie@south.example>\r\nDATA\r\nSubject: gone\r\n")
            peer.close()
        self.south.await_empty_queue()
        self.assertEqual(self.south.find("suzie", "Subject: gone"), [])

    def test_tls_handshake_with_garbage(self):
        for octets in (b"\x00" * 100, os.urandom(500), b"EHLO x\r\n"):
            peer = self.raw()
            peer.begin(tls=False)
            self.assertEqual(peer.cmd("STARTTLS").code, 220)
            peer.send(octets)
            peer.sock.shutdown(socket.SHUT_WR)
            while True:
                try:
                    if not peer.sock.recv(4096):
                        break
                except OSError:
                    break

    def test_a_reader_that_never_reads(self):
        """Replies pile up in a socket nobody empties: the server stops reading, or hangs up; it does not grow."""
        before = self.south.peak_memory()
        peer = self.raw()
        peer.begin(tls=False)
        peer.sock.settimeout(3)
        try:
            for _ in range(2000):
                peer.send(b"NOOP\r\nVRFY x\r\n" * 1000)
        except OSError:
            pass
        self.assertLess(self.south.peak_memory() - before, 64 * MIB)

    def test_many_connections_at_once(self):
        peers = [self.raw() for _ in range(200)]
        for peer in peers:
            self.assertIn(peer.reply().code, (220, 421))
        for peer in peers:
            peer.close()

    def test_half_open_sessions_are_given_up(self):
        peers = [self.raw() for _ in range(50)]
        for peer in peers:
            self.assertEqual(peer.reply().code, 220)
            peer.send(b"EHL")
        for peer in peers:
            self.drain(peer)
        poll(lambda: self.south.alive, "the server lives")


if __name__ == "__main__":
    unittest.main()
