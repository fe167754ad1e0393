# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Own networks relay without a password; what leaves goes to the servers that the configuration names."""

import base64
import os
import smtplib
import unittest

from .harness import WorldCase, message, poll
from .peer import Peer, Sink

PASSWORD = "p w\u00e4rd"


class Smarthost(WorldCase):
    @classmethod
    def build(cls, world):
        cls.address = world.new_address()
        cls.smart = Sink(cls.address, world.port + 1)
        cls.other = Sink(cls.address, world.port + 2)
        cls.addClassCleanup(cls.smart.close)
        cls.addClassCleanup(cls.other.close)
        cls.north = world.server("north.example", mailboxes=["joe"], tls=False)
        cls.north.smtp_port = world.port
        world.publish(f"smart.isp.example. 5 IN A {cls.address}")
        cls.relay_port = world.port + 3
        cls.north.settings["outbound"] = {"smarthost": f"smart.isp.example:{world.port + 1}"}
        cls.north.write_config()
        own = f"{cls.north.address}/32"
        with open(cls.north.config, "a", encoding="utf-8") as config:
            config.write(f'[[listen]]\naddress = "{cls.north.address}:{cls.relay_port}"\nrole = "submission"\n'
                         f'tls = "off"\ntrusted_networks = ["{own}"]\n'
                         f'[[transport]]\ndomain = ".x.example"\nnext_hop = "{cls.address}:{world.port + 2}"\n')

    def relay(self, octets, to, sender="anybody@elsewhere.example", source=None):
        client = smtplib.SMTP(self.north.address, self.relay_port, local_hostname="inner",
                              source_address=(source or self.north.address, 0))
        with client:
            return client.sendmail(sender, to, octets)

    def arrived(self, sink, token):
        return poll(lambda: [m for m in sink.messages if token in m[2]], f"{token} is at the sink")

    def test_mail_of_an_own_network_goes_to_the_smarthost_as_it_is(self):
        octets = b"Subject: as-it-is\r\nBcc: kept@c.example\r\n\r\nno From, no Date.\r\n.\r\n"
        self.relay(octets, ["suzie@south.example"])
        [(sender, to, got)] = self.arrived(self.smart, b"as-it-is")
        self.assertIn("<anybody@elsewhere.example>", sender)
        self.assertEqual(to, ["suzie@south.example"])
        received, kept = got[:len(got) - len(octets)], got[len(got) - len(octets):]
        self.assertEqual(kept, octets)
        self.assertTrue(received.startswith(b"Received: "), received)

    def test_a_domain_with_a_transport_goes_there(self):
        self.relay(b"Subject: by-transport\r\n\r\n", ["suzie@a.x.example"])
        self.arrived(self.other, b"by-transport")
        self.assertEqual([m for m in self.smart.messages if b"by-transport" in m[2]], [])

    def test_mail_for_a_mailbox_here_stays_here(self):
        self.relay(b"From: a@b.example\r\nSubject: stays-here\r\n\r\n", ["joe@north.example"])
        self.north.await_mail("joe", "stays-here")

    def test_a_stranger_may_not_relay(self):
        peer = Peer(self.north.address, self.relay_port, source=self.address)
        self.addCleanup(peer.close)
        peer.begin(tls=False)
        self.assertEqual(peer.cmd("MAIL FROM:<joe@north.example>").code, 530)

    def test_the_mx_listener_relays_for_nobody(self):
        peer = Peer(self.north.address, self.north.smtp_port, source=self.north.address)
        self.addCleanup(peer.close)
        peer.begin(tls=False)
        peer.cmd("MAIL FROM:<a@b.example>")
        self.assertEqual(peer.cmd("RCPT TO:<suzie@south.example>").status, "550 5.7.1")


class ImplicitTlsAndAuth(WorldCase):
    """A provider's submission port: the password is given inside TLS, to a name that was verified."""

    @classmethod
    def build(cls, world):
        cls.asked = []
        certificate = world.certificate("smart.isp.example")
        # The certificate stands for itself among the roots.
        os.environ["SSL_CERT_FILE"] = str(certificate[0])
        cls.addClassCleanup(os.environ.pop, "SSL_CERT_FILE")
        address = world.new_address()

        def answer(verb, argument):
            if verb == "AUTH":
                cls.asked.append(argument)
                return "235 welcome"
            return None

        cls.good = Sink(address, world.port + 1, answer, certificate, keywords=("PIPELINING", "AUTH PLAIN"))
        cls.wrong = Sink(address, world.port + 2, answer, world.certificate("wrong.isp.example"),
                         keywords=("PIPELINING", "AUTH PLAIN"))
        cls.addClassCleanup(cls.good.close)
        cls.addClassCleanup(cls.wrong.close)
        world.publish(f"smart.isp.example. 5 IN A {address}")
        cls.north = world.server("north.example", mailboxes=["joe"], tls=False)
        password = cls.north.directory / "password"
        password.write_text(PASSWORD + "\n", encoding="utf-8")
        login = {"tls": "required", "user": "joe", "password_file": str(password)}
        cls.north.settings["outbound"] = {"smarthost": f"smart.isp.example:{world.port + 1}", **login}
        cls.north.write_config()
        cls.relay_port = world.port + 3
        with open(cls.north.config, "a", encoding="utf-8") as config:
            config.write(f'[[listen]]\naddress = "{cls.north.address}:{cls.relay_port}"\nrole = "submission"\n'
                         f'tls = "off"\ntrusted_networks = ["127.0.0.0/8"]\n'
                         f'[[transport]]\ndomain = "x.example"\nnext_hop = "smart.isp.example:{world.port + 2}"\n'
                         f'tls = "required"\nuser = "joe"\npassword_file = "{password}"\n')

    def relay(self, octets, to):
        with smtplib.SMTP(self.north.address, self.relay_port, local_hostname="inner") as client:
            client.sendmail("anybody@elsewhere.example", to, octets)

    def test_the_password_is_given_to_the_name_that_was_meant(self):
        self.relay(b"Subject: with-auth\r\n\r\n", ["suzie@south.example"])
        poll(lambda: [m for m in self.good.messages if b"with-auth" in m[2]], "the message is there")
        secret = base64.b64encode(f"\0joe\0{PASSWORD}".encode()).decode()
        self.assertIn(f"PLAIN {secret}", self.asked)
        self.assertNotIn(secret, self.north.log.read_text())

    def test_another_name_gets_neither_password_nor_message(self):
        self.relay(b"Subject: to-wrong\r\n\r\n", ["suzie@x.example"])
        poll(lambda: "certificate" in self.north.queue(), "the queue says why it waits")
        self.assertEqual([c for c in self.wrong.commands if c.startswith(("AUTH", "MAIL"))], [])
        self.assertEqual(self.wrong.messages, [])


if __name__ == "__main__":
    unittest.main()
