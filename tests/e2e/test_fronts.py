# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Fronts that say for whom they connect: the PROXY protocol and XCLIENT, from listed networks alone."""

import base64
import ipaddress
import struct
import unittest

from .harness import PASSWORD, WorldCase, client_tls, message, poll, txt
from .peer import Closed, Peer, dot

FRONT, OTHER = "127.77.1.1", "127.77.1.2"
CLIENT = "192.0.2.7"


def binary(address, port=4711, command=0x21, tlv=b""):
    address = ipaddress.ip_address(address)
    body = address.packed * 2 + struct.pack("!HH", port, 25) + tlv
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, 0x11 if address.version == 4 else 0x21]) + struct.pack("!H", len(body)) + body


class Fronts(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie"], users=["suzie"])
        cls.proxied, cls.implicit, cls.named = (world.port + n for n in (10, 11, 12))
        keys = {"proxy_from": [FRONT]}
        cls.south.listeners += [(cls.proxied, "mx", "starttls", keys),
                                (cls.implicit, "submission", "implicit", {**keys, "trusted_networks": [FRONT, "192.0.2.64/26"]}),
                                (cls.named, "submission", "starttls", {"xclient_from": [FRONT], "trusted_networks": [FRONT, "192.0.2.64/26"]})]
        world.publish(f"west.example. 5 IN TXT {txt('v=spf1 ip4:192.0.2.7 ip6:2001:db8::7 -all')}")

    def peer(self, port, source=FRONT):
        peer = Peer(self.south.address, port, source)
        self.addCleanup(peer.close)
        return peer

    def deliver(self, peer, token, sender="ada@west.example"):
        self.assertEqual(peer.reply().code, 220)
        self.assertEqual(peer.cmd("EHLO client.example").code, 250)
        peer.pipeline(f"MAIL FROM:<{sender}>", "RCPT TO:<suzie@south.example>", "DATA")
        peer.send(dot(message(sender, "suzie@south.example", token)))
        self.assertEqual(peer.reply().code, 250)
        return self.south.await_mail("suzie", token).raw.decode()

    def test_a_proxy_header_names_who_is_judged(self):
        for header, client in ((f"PROXY TCP4 {CLIENT} 198.51.100.1 4711 25\r\n".encode(), CLIENT),
                               (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n", "IPv6:2001:db8::7"),
                               (binary(CLIENT, tlv=b"\x04\0\1x"), CLIENT), (binary("2001:db8::7"), "IPv6:2001:db8::7")):
            peer = self.peer(self.proxied)
            peer.send(header)
            mail = self.deliver(peer, f"proxied-{len(header)}")
            self.assertIn(f"[{client}]", mail.split("Received: ", 1)[1].split("\r\n\tby ")[0].split(" by ")[0])
            self.assertRegex(mail, r"spf=pass[^;]*west\.example")

    def test_another_client_is_no_pass(self):
        peer = self.peer(self.proxied)
        peer.send(binary("203.0.113.5"))
        self.assertRegex(self.deliver(peer, "foreign"), r"spf=fail")

    def test_what_comes_behind_the_header_may_be_tls(self):
        peer = self.peer(self.implicit)
        peer.send(binary("192.0.2.65"))
        peer.sock = client_tls().wrap_socket(peer.sock)
        self.assertEqual(peer.reply().code, 220)
        peer.cmd("EHLO x")
        self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, 250, "of an own network, as its header says")

    def test_the_front_s_own_network_is_not_its_client_s(self):
        peer = self.peer(self.implicit)
        peer.send(binary(CLIENT))
        peer.sock = client_tls().wrap_socket(peer.sock)
        peer.reply()
        peer.cmd("EHLO x")
        self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, 530)

    def test_a_front_speaks_for_itself(self):
        for header in (binary(CLIENT, command=0x20), b"PROXY UNKNOWN\r\n"):
            peer = self.peer(self.proxied)
            peer.send(header)
            self.assertEqual(peer.reply().code, 220)

    def test_a_listed_front_without_a_header_is_hung_up_on(self):
        for octets in (b"EHLO client.example\r\n", b"PROXY TCP4 x y 1 2\r\n", b"\x16\x03\x01" + bytes(40)):
            refused = self.south.log.read_text().count(" proxy-refused ")
            peer = self.peer(self.proxied)
            peer.send(octets)
            self.assertRaises(Closed, peer.reply)
            poll(lambda: self.south.log.read_text().count(" proxy-refused ") > refused, "told")

    def test_nobody_else_names_a_client(self):
        peer = self.peer(self.proxied, OTHER)
        peer.send(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n")
        self.assertEqual(peer.reply().code, 220)
        self.assertEqual(peer.reply().code, 500)
        peer = self.peer(self.named, OTHER)
        peer.reply()
        self.assertNotIn("XCLIENT", peer.cmd("EHLO x").text)
        self.assertEqual(peer.cmd("XCLIENT ADDR=192.0.2.65").code, 500)
        self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, 530)

    def test_xclient_begins_anew_as_another_client(self):
        peer = self.peer(self.named)
        peer.reply()
        self.assertIn("XCLIENT NAME ADDR", peer.cmd("EHLO front.example").text)
        self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, 250, "the front itself")
        self.assertEqual(peer.cmd("XCLIENT ADDR=192.0.2.65").code, 503, "not in a transaction")
        peer.cmd("RSET")
        for client, code in (("192.0.2.7", 530), ("192.0.2.65", 250), ("[UNAVAILABLE]", 530), ("IPV6:2001:db8::7", 530)):
            self.assertEqual(peer.cmd(f"XCLIENT NAME=client.example ADDR={client} PORT=4711").code, 220)
            self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, 503, "EHLO comes first")
            self.assertEqual(peer.cmd("EHLO client.example").code, 250)
            self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, code, client)
            peer.cmd("RSET")
        self.assertEqual(peer.cmd("XCLIENT LOGIN=suzie ADDR=192.0.2.7").code, 501, "rights are ours to give")

    def test_who_logged_in_before_is_not_the_next_client(self):
        peer = self.peer(self.named)
        peer.reply()
        peer.cmd("EHLO front.example")
        self.assertEqual(peer.cmd("STARTTLS").code, 220)
        peer.sock = client_tls().wrap_socket(peer.sock)
        peer.cmd("EHLO front.example")
        secret = base64.b64encode(f"\0suzie@south.example\0{PASSWORD}".encode()).decode()
        self.assertEqual(peer.cmd(f"AUTH PLAIN {secret}").code, 235)
        self.assertEqual(peer.cmd("XCLIENT ADDR=192.0.2.7").code, 220)
        self.assertIn("AUTH", peer.cmd("EHLO client.example").text)
        self.assertEqual(peer.cmd("MAIL FROM:<suzie@south.example>").code, 530)


if __name__ == "__main__":
    unittest.main()
