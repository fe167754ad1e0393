# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""One host, several addresses (RFC 8305): an address that says nothing keeps no mail waiting, one that refuses is left
alone for a while, and hosts keep the order of their preference (RFC 5321 §5.1)."""

import json
import socket
import unittest

from .harness import WorldCase, cas, message, poll
from .peer import Sink


class Silence:
    """Listens with a queue that is full: further SYNs are dropped, as a firewall does."""

    def __init__(self, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sockets = [socket.socket(family)]
        self.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sockets[0].bind((address, port))
        self.sockets[0].listen(0)
        for _ in range(4):
            knocker = socket.socket(family)
            knocker.setblocking(False)
            knocker.connect_ex((address, port))
            self.sockets.append(knocker)

    def close(self):
        for each in self.sockets:
            each.close()


class Addresses(WorldCase):
    @classmethod
    def build(cls, world):
        # Who waited for an address that says nothing would wait for ten minutes.
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False,
                                 settings={"outbound": {"connect_timeout": "10m", "host_backoff": "10m"}})
        cls.silence = Silence("::1", world.port)
        cls.sinks = []

    @classmethod
    def tearDownClass(cls):
        cls.silence.close()
        for sink in cls.sinks:
            sink.close()
        super().tearDownClass()

    def sink(self, **settings):
        sink = Sink(self.world.new_address(), self.world.port, **settings)
        sink.address = sink._server.server_address[0]
        self.sinks.append(sink)
        return sink

    def publish_host(self, host, v6=(), v4=()):
        lines = [f"{host}. 5 IN AAAA {address}" for address in v6] + [f"{host}. 5 IN A {address}" for address in v4]
        self.world.publish("\n".join(lines))

    def send(self, domain):
        self.north.submit("joe", f"ann@{domain}", message("joe@north.example", f"ann@{domain}"))

    def test_an_address_that_says_nothing_is_overtaken_by_the_next(self):
        sink = self.sink()
        self.publish_host("mx.dual.example", v6=["::1"], v4=[sink.address])
        self.world.publish("dual.example. 5 IN MX 10 mx.dual.example.")
        for count in (1, 2):  # who was overtaken has not failed: it is tried first again, and overtaken again
            self.send("dual.example")
            poll(lambda: len(sink.messages) == count, "the message is there")
        self.assertEqual(sink.connections, 2)

    def test_the_next_is_there_too_when_the_winner_does_not_want_the_message(self):
        busy, sink = self.sink(answer=lambda verb, _: "421 4.3.2 busy" if verb == "MAIL" else None), self.sink()
        self.publish_host("mx.busy.example", v4=[busy.address, sink.address])
        self.world.publish("busy.example. 5 IN MX 10 mx.busy.example.")
        self.send("busy.example")
        poll(lambda: sink.messages, "the message is there")

    def test_an_address_that_refuses_is_passed_over_afterwards(self):
        sink, closed = self.sink(), self.world.new_address()
        self.publish_host("mx.refuses.example", v4=[closed])
        self.publish_host("mx2.refuses.example", v4=[sink.address])
        self.world.publish("refuses.example. 5 IN MX 10 mx.refuses.example.\n"
                           "refuses.example. 5 IN MX 20 mx2.refuses.example.")
        self.send("refuses.example")
        poll(lambda: len(sink.messages) == 1, "the message is there")
        late = Sink(closed, self.world.port)
        self.sinks.append(late)
        self.send("refuses.example")
        poll(lambda: len(sink.messages) == 2, "the message is there")
        self.assertEqual(late.connections, 0)

    def test_addresses_that_rest_are_tried_when_somebody_says_retry(self):
        address = self.world.new_address()
        self.publish_host("mx.mended.example", v4=[address])
        self.world.publish("mended.example. 5 IN MX 10 mx.mended.example.")
        self.send("mended.example")
        waits = lambda: "refused" in cas("queue", "list", "--config", self.north.config)
        poll(waits, "it was tried, and waits")
        sink = Sink(address, self.world.port)
        self.sinks.append(sink)
        cas("queue", "retry", "--domain", "mended.example", "--config", self.north.config)
        poll(lambda: sink.messages, "the message is there")

    def test_hosts_do_not_race(self):
        """The better host answers at its second address, and gets the message; the other is not connected to."""
        better, worse = self.sink(), self.sink()
        self.publish_host("mx.better.example", v6=["::1"], v4=[better.address])
        self.publish_host("mx.worse.example", v4=[worse.address])
        self.world.publish("order.example. 5 IN MX 10 mx.better.example.\norder.example. 5 IN MX 20 mx.worse.example.")
        self.send("order.example")
        poll(lambda: better.messages, "the message is there")
        self.assertEqual(worse.connections, 0)

    def test_hosts_without_an_address_hide_none_behind_them(self):
        sink = self.sink()
        self.world.publish("\n".join(f"gone.example. 5 IN MX {n} mx{n}.gone.example." for n in range(9)))
        self.publish_host("mx8.gone.example", v4=[sink.address])
        self.send("gone.example")
        poll(lambda: sink.messages, "the message is there")

    def test_a_bound_of_ours_is_no_reason_to_give_up(self):
        """So many hosts without an address that not all are looked up: there may be one behind them."""
        self.world.publish("\n".join(f"many.example. 5 IN MX {n} mx{n}.many.example." for n in range(60)))
        self.send("many.example")
        last = lambda: [r["last_reply"] for m in self.listed() for r in m["recipients"] if r["last_reply"]]
        poll(lambda: any("has no address" in reply for reply in last()), "it was tried, and waits")
        self.assertEqual(self.north.mail("joe"), [])

    def listed(self):
        domain = ("--domain", "many.example")
        return json.loads(cas("queue", "list", "--json", *domain, "--config", self.north.config))["messages"]


if __name__ == "__main__":
    unittest.main()
