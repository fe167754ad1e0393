# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP, and files that change: what is new comes into force whole or not at all, and no connection is lost."""

import os
import shutil
import signal
import ssl
import unittest

from .harness import WorldCase, cas, message, poll
from .peer import Peer, Sink, connect, dot


class Reload(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie"])

    def certificate(self):
        with connect(self.south) as peer:
            return peer.sock.getpeercert(binary_form=True)

    def lines(self, word):
        return sum(f" {word}" in line for line in self.south.tail(100000).splitlines())

    def hang_up(self, word):
        before = self.lines(word)
        self.south.process.send_signal(signal.SIGHUP)
        poll(lambda: self.lines(word) > before, f"{word} is in the log")

    def new_pair(self, name):
        cert, key = self.south.directory / f"{name}.cert", self.south.directory / f"{name}.key"
        cas("cert", "self-signed", self.south.host, "--cert", cert, "--key", key)
        return cert, key

    def install(self, cert, key):
        for new, old in zip((cert, key), self.world.certificate(self.south.host)):
            if new is not None:
                shutil.copy(new, str(old) + ".new")
                os.rename(str(old) + ".new", old)

    def test_a_new_certificate_after_sighup_and_the_old_session_goes_on(self):
        before = self.certificate()
        with connect(self.south) as running:
            running.cmd("MAIL FROM:<s@west.example>")
            self.install(*self.new_pair("hup"))
            self.hang_up("reloaded")
            self.assertNotEqual(self.certificate(), before)
            running.pipeline("RCPT TO:<suzie@south.example>", "DATA")
            running.send(dot(message("s@west.example", "suzie@south.example", "across-a-reload")))
            self.assertEqual(running.reply().code, 250)
        self.south.await_mail("suzie", "across-a-reload")

    def test_a_new_certificate_is_noticed_without_a_signal_and_half_a_pair_keeps_the_old(self):
        before = self.certificate()
        cert, key = self.new_pair("change")
        told = self.lines("new-keys-unusable")
        self.install(cert, None)
        poll(lambda: self.lines("new-keys-unusable") > told, "half a pair is told")
        self.assertEqual(self.certificate(), before)
        self.install(None, key)
        poll(lambda: self.certificate() != before, "the new certificate is served")
        self.assertEqual(self.lines("new-keys-unusable"), told + 1)

    def test_a_bad_configuration_keeps_the_old_and_is_told(self):
        good = self.south.config.read_text()
        self.addCleanup(self.south.config.write_text, good)
        self.south.config.write_text(good.replace('mailboxes = ["suzie"]', 'mailboxes = ["suzie", "new"]\nmoed = "off"'))
        self.hang_up("reload-failed")
        self.assertIn("moed", self.south.tail())
        self.assertEqual(self.rcpt("new"), "550 5.1.1")
        self.assertEqual(self.rcpt("suzie"), "250 2.1.5")

    def test_a_new_mailbox_and_new_limits_come_into_force(self):
        good = self.south.config.read_text()
        self.assertEqual(self.rcpt("ann"), "550 5.1.1")
        self.south.config.write_text(good.replace('mailboxes = ["suzie"]', 'mailboxes = ["suzie", "ann"]')
                                     .replace("[limits]", "[limits]\nmessage = 100000"))
        self.hang_up("reloaded")
        self.assertEqual(self.rcpt("ann"), "250 2.1.5")
        with connect(self.south) as peer:
            self.assertIn("SIZE 100000", peer.hello.text)
        self.south.config.write_text(good)
        self.hang_up("reloaded")

    def test_what_needs_a_restart_is_named(self):
        good = self.south.config.read_text()
        self.addCleanup(self.south.config.write_text, good)
        self.south.config.write_text(good.replace("threads = 2", "threads = 3"))
        self.hang_up("restart-needed")
        self.assertIn("keys=threads", self.south.tail())

    def rcpt(self, mailbox):
        with connect(self.south) as peer:
            return peer.pipeline("MAIL FROM:<s@west.example>", f"RCPT TO:<{mailbox}@south.example>")[1].status


class NextHop(WorldCase):
    @classmethod
    def build(cls, world):
        cls.address = world.new_address()
        cls.sink = Sink(cls.address, world.port)
        cls.addClassCleanup(cls.sink.close)
        cls.north = world.server("north.example", users=["joe"], settings={"queue": {"first_retry": "10m"}})
        cls.north.write_config()
        cls.dead = f'next_hop = "{cls.address}:{world.port + 1}"'
        with open(cls.north.config, "a", encoding="utf-8") as config:
            config.write(f'[[transport]]\ndomain = "moved.example"\n{cls.dead}\n')

    def deferred(self):
        return self.north.tail(100000).count(" deferred ")

    def retry(self):
        cas("queue", "retry", "--domain", "moved.example", "--config", self.north.config)

    def test_what_waits_for_a_dead_next_hop_goes_to_its_successor(self):
        """Two messages: when the first fails, the second is not tried, and waits for the end of the rest."""
        tokens = (b"moved-1", b"moved-2")
        for token in tokens:
            self.north.submit("joe", "suzie@moved.example",
                              message("joe@north.example", "suzie@moved.example", token.decode()))
        poll(self.deferred, "nobody listens there")
        for _ in range(2):  # in vain: the next rest is longer than this test has patience
            before = self.deferred()
            self.retry()
            poll(lambda: self.deferred() > before, "a retry is an attempt")
        config = self.north.config.read_text()
        self.assertIn(self.dead, config)
        alive = f'next_hop = "{self.address}:{self.world.port}"'
        self.north.config.write_text(config.replace(self.dead, alive))
        self.north.process.send_signal(signal.SIGHUP)
        poll(lambda: " reloaded" in self.north.tail(100000), "it is in force")
        self.retry()
        for token in tokens:
            poll(lambda: [m for m in self.sink.messages if token in m[2]], "it is at the successor")


if __name__ == "__main__":
    unittest.main()
