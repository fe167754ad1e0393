# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Connections to other servers are used again: how often, for whom, and what happens when the server had enough."""

import socket
import smtplib
import unittest

from .harness import WorldCase, poll
from .peer import Sink


class Reuse(WorldCase):
    """A server for each test, so that none finds another's connections."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], tls=False,
                                 settings={"outbound": {"concurrency": 1, "idle_timeout": "60s",
                                                        "connection_messages": 3},
                                           "queue": {"first_retry": "1s", "max_retry": "2s"}})
        cls.north.write_config()
        cls.relay_port = world.port + 3
        text = cls.north.config.read_text().replace("threads = 2", "threads = 1")
        cls.north.config.write_text(text + f'[[listen]]\naddress = "{cls.north.address}:{cls.relay_port}"\n'
                                    'role = "submission"\ntls = "off"\ntrusted_networks = ["127.0.0.0/8"]\n')

    def sink(self, domain, answer=None, **more):
        address = self.world.new_address()
        sink = Sink(address, self.world.port, answer, **more)
        self.addCleanup(sink.close)
        self.world.publish(f"{domain}. 5 IN MX 10 mx.{domain}.\nmx.{domain}. 5 IN A {address}")
        return sink

    def send(self, sink, domain, token):
        """One message, and no other before it has arrived."""
        with smtplib.SMTP(self.north.address, self.relay_port, local_hostname="inner") as client:
            client.sendmail("joe@elsewhere.example", [f"suzie@{domain}"], f"Subject: {token}\r\n\r\n".encode())
        poll(lambda: [m for m in sink.messages if token.encode() in m[2]], f"{token} is at the sink")
        self.north.await_empty_queue()

    def test_a_connection_carries_as_many_messages_as_it_may(self):
        sink = self.sink("often.example")
        for n in range(5):
            self.send(sink, "often.example", f"often-{n}")
        self.assertEqual(sink.connections, 2)
        poll(lambda: sink.commands.count("QUIT") == 1, "the full one was told goodbye")

    def test_one_that_the_server_closed_is_noticed(self):
        sink = self.sink("closed.example")
        self.send(sink, "closed.example", "before-close")
        sink.open_sockets[0].shutdown(socket.SHUT_RDWR)
        self.send(sink, "closed.example", "after-close")
        self.assertEqual(sink.connections, 2)
        self.assertNotIn("deferred", self.lines_with("closed.example"))

    def test_a_server_that_has_enough_of_it_gets_another(self):
        """421 to MAIL, and no word at all: neither counts as an attempt."""
        for domain, fault in (("enough.example", "421 4.7.0 enough"), ("silent.example", "")):
            with self.subTest(domain):
                asked = []

                def answer(verb, argument, asked=asked, fault=fault):
                    if verb != "MAIL":
                        return None
                    asked.append(argument)
                    if len(asked) != 2:
                        return None
                    if not fault:
                        raise OSError("the server hangs up")
                    return fault

                sink = self.sink(domain, answer)
                self.send(sink, domain, f"first-{domain}")
                self.send(sink, domain, f"second-{domain}")
                self.assertEqual(sink.connections, 2)
                self.assertEqual(len(asked), 3)
                self.assertNotIn("deferred", self.lines_with(domain))

    def test_no_connection_is_used_for_another_host(self):
        one, two = self.sink("one.example"), self.sink("two.example")
        self.send(one, "one.example", "to-one")
        self.send(two, "two.example", "to-two")
        self.assertEqual((one.connections, two.connections), (1, 1))

    def lines_with(self, word):
        return "\n".join(line for line in self.north.log.read_text().splitlines() if word in line)


class Idle(WorldCase):
    @classmethod
    def build(cls, world):
        Reuse.build.__func__(cls, world)
        text = cls.north.config.read_text()
        cls.north.config.write_text(text.replace('idle_timeout = "60s"', 'idle_timeout = "1s"'))

    sink, send = Reuse.sink, Reuse.send

    def test_who_is_idle_is_told_goodbye(self):
        sink = self.sink("idle.example")
        self.send(sink, "idle.example", "idle")
        poll(lambda: "QUIT" in sink.commands, "QUIT was said")
        poll(lambda: not sink.open_sockets, "the connection is gone")


class Shutdown(WorldCase):
    @classmethod
    def build(cls, world):
        Reuse.build.__func__(cls, world)

    sink, send = Reuse.sink, Reuse.send

    def test_the_end_of_the_server_is_told_with_quit(self):
        sink = self.sink("bye.example")
        self.send(sink, "bye.example", "bye")
        self.assertNotIn("QUIT", sink.commands)
        self.assertEqual(self.north.stop(), 0)
        poll(lambda: "QUIT" in sink.commands, "QUIT was said")


if __name__ == "__main__":
    unittest.main()
