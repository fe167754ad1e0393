# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Clients for whom nothing speaks: lists in the DNS are asked about them, and they are told to come again."""

import unittest

from .dnsserver import SERVFAIL
from .harness import WorldCase, cas, message, poll, txt
from .peer import Peer, dot

FRONT = "127.78.1.1"
WELL, LISTED, WELCOME, TEST = "192.0.2.7", "192.0.2.66", "192.0.2.67", "192.0.2.68"


def reverse(address, zone):
    return ".".join(reversed(address.split("."))) + "." + zone


class Strangers(WorldCase):
    """By a front that says for whom it connects: loopback is in no list."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", users=["joe"], mailboxes=["joe"])
        cls.south = world.server("south.example", mailboxes=["suzie", "ann"], users=["suzie"], settings=cls.settings)
        cls.south.tables = cls.tables
        cls.south.listeners.append((world.port + 10, "mx", "starttls", {"xclient_from": [FRONT]}))
        for client in (LISTED, WELCOME):
            world.publish(f"{reverse(client, 'bl.example')}. 5 IN A 127.0.0.2")
        world.publish(f"{reverse(WELCOME, 'wl.example')}. 5 IN A 127.0.5.1")
        world.publish(f"{reverse(TEST, 'bl.example')}. 5 IN A 127.255.255.254")
        world.publish(f"west.example. 5 IN TXT {txt(f'v=spf1 ip4:{WELL} ip4:{LISTED} -all')}")
        world.publish("plain.example. 5 IN MX 10 mx.plain.example.\nmx.plain.example. 5 IN A 192.0.2.99")

    def peer(self, client):
        peer = Peer(self.south.address, self.world.port + 10, FRONT)
        self.addCleanup(peer.close)
        self.assertEqual(peer.reply().code, 220)
        peer.cmd("EHLO front.example")
        self.assertEqual(peer.cmd(f"XCLIENT NAME=[UNAVAILABLE] ADDR={client}").code, 220)
        self.assertEqual(peer.cmd("EHLO client.example").code, 250)
        return peer

    def rcpt(self, client, sender="eve@plain.example", to="suzie@south.example", peer=None):
        peer = peer or self.peer(client)
        self.assertEqual(peer.cmd(f"MAIL FROM:<{sender}>").code, 250)
        return peer, peer.cmd(f"RCPT TO:<{to}>")

    def send(self, client, token, sender="eve@plain.example", to="suzie@south.example"):
        peer, reply = self.rcpt(client, sender, to)
        if reply.code != 250:
            return reply
        self.assertEqual(peer.cmd("DATA").code, 354)
        peer.send(dot(message(sender, to, token)))
        return peer.reply()


class Lists(Strangers):
    settings = {"strangers": {"dnsbl_score": 2}}
    tables = ('[[dnsbl]]\nzone = "bl.example"\nname = "the-list"\nweight = 2\n'
              '[[dnsbl]]\nzone = "wl.example"\nweight = -1\n'
              '[[dnsbl]]\nzone = "down.example"\n')

    @classmethod
    def build(cls, world):
        super().build(world)
        for client in (WELL, LISTED, WELCOME, TEST):
            world.dns.set_mode(reverse(client, "down.example"), SERVFAIL)

    def test_who_is_listed_is_refused(self):
        _, reply = self.rcpt(LISTED)
        self.assertEqual((reply.code, reply.lines[-1].split()[1]), (550, "5.7.1"))
        self.assertIn("listed by the-list", reply.text)
        self.assertIn("(rule listed-client)", reply.text)

    def test_who_is_not_is_taken_though_a_list_fails(self):
        self.assertEqual(self.send(WELL, "well").code, 250)
        self.south.await_mail("suzie", "well")

    def test_a_list_of_welcome_clients_weighs_against_it(self):
        self.assertEqual(self.send(WELCOME, "welcome").code, 250)

    def test_an_answer_that_serves_nobody_is_no_listing(self):
        self.assertEqual(self.send(TEST, "not-served").code, 250)

    def test_postmaster_hears_from_everybody(self):
        self.assertEqual(self.rcpt(LISTED, to="postmaster@south.example")[1].code, 250)

    def test_an_entry_lets_it_in(self):
        cas("exempt", "add", LISTED, "--for", "ann@south.example", "--config", self.south.config)
        self.assertEqual(self.send(LISTED, "exempt", to="ann@south.example").code, 250)
        self.assertEqual(self.rcpt(LISTED)[1].code, 550, "for ann alone")

    def test_confirmed_mail_is_asked_of_nobody(self):
        self.north.submit("joe", ["suzie@south.example"], message("joe@north.example", "suzie@south.example", "agreed"))
        mail = self.south.await_mail("suzie", "agreed")
        self.assert_results(mail, "mx.south.example", "cas=pass")
        self.assertFalse([name for name, *_ in self.world.dns.asked if reverse(self.north.address, "bl.example") in str(name)])


class Greylist(Strangers):
    settings = {"strangers": {"greylist": "2s"}}
    tables = ""

    def test_who_comes_again_is_let_in(self):
        refused = self.send("198.51.100.9", "first")
        self.assertEqual((refused.code, refused.lines[-1].split()[1]), (451, "4.7.1"))
        self.assertIn("(rule greylisted)", refused.text)
        poll(lambda: self.send("198.51.100.10", "again").code == 250, "its turn")
        self.south.await_mail("suzie", "again")
        self.assertEqual(self.south.find("suzie", "first"), [])

    def test_for_whom_spf_speaks_need_not_wait(self):
        self.assertEqual(self.send(WELL, "vouched", sender="ada@west.example").code, 250)

    def test_postmaster_need_not_wait(self):
        self.assertEqual(self.send("203.0.113.9", "postmaster", to="postmaster@south.example").code, 250)

    def test_confirmed_mail_need_not_wait(self):
        self.north.submit("joe", ["suzie@south.example"], message("joe@north.example", "suzie@south.example", "at-once"))
        self.south.await_mail("suzie", "at-once")
        self.assertNotIn("greylisted", "\n".join(l for l in self.south.log.read_text().splitlines() if "joe@north" in l))


if __name__ == "__main__":
    unittest.main()
