# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping: SIGTERM drains and ends with 0, a crash loses nothing, a bad configuration does not start."""

import subprocess
import unittest

from .harness import CAS, BOUND, WorldCase, message, poll
from .peer import Closed, Peer, Sink, connect, dot


class Shutdown(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")

    def setUp(self):
        for server in (self.north, self.south):
            if not server.alive:
                server.start()

    def test_sigterm_ends_an_idle_server_with_0(self):
        self.assertEqual(self.south.stop(), 0)

    def test_idle_sessions_hear_421(self):
        with connect(self.south) as peer, Peer(self.south.address, self.south.smtp_port) as fresh:
            self.assertEqual(fresh.reply().code, 220)
            self.south.process.terminate()
            for one in (peer, fresh):
                try:
                    self.assertEqual(one.reply().status, "421 4.3.2")
                except Closed:
                    self.fail("closed without 421")
        self.assertEqual(self.south.stop(), 0)

    def test_a_message_under_way_is_taken(self):
        """In the middle of DATA the client may finish; its 250 counts."""
        peer = connect(self.south)
        self.addCleanup(peer.close)
        peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
        octets = dot(message("s@west.example", "suzie@south.example", "drain-1", "x\r\n" * 50000))
        peer.send(octets[:60000])
        self.south.process.terminate()
        poll(lambda: not self.accepts(), "no new connections")
        peer.send(octets[60000:])
        self.assertEqual(peer.reply().code, 250)
        try:
            self.assertEqual(peer.cmd("MAIL FROM:<s@west.example>").code, 421)
        except (Closed, OSError):
            pass
        self.assertEqual(self.south.stop(), 0)
        self.south.start()
        self.south.await_mail("suzie", "Subject: drain-1")

    def accepts(self):
        try:
            with Peer(self.south.address, self.south.smtp_port, timeout=2) as peer:
                return peer.reply().code == 220
        except (OSError, Closed):
            return False

    def test_accepted_and_killed_at_once_is_delivered_after_the_start(self):
        for n in range(5):
            with connect(self.south) as peer:
                peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
                peer.send(dot(message("s@west.example", "suzie@south.example", f"power-{n}")))
                self.assertEqual(peer.reply().code, 250)
                self.south.kill()
            self.south.start()
        for n in range(5):
            self.south.await_mail("suzie", f"Subject: power-{n}\n")
        self.south.await_empty_queue()

    def test_what_waits_while_the_other_side_is_down_arrives_when_it_is_back(self):
        self.south.stop()
        self.north.submit("joe", "suzie@south.example", message("joe@north.example", "suzie@south.example", "down-1"))
        poll(lambda: "4.4.1" in self.north.queue(), "it waits")
        self.assertEqual(self.north.stop(), 0)
        self.north.start()
        self.south.start()
        self.assert_results(self.south.await_mail("suzie", "down-1"), "mx.south.example", "cas=pass")

    def test_a_second_server_on_the_same_state_does_not_start(self):
        done = subprocess.run([CAS, "serve", "--config", self.south.config], capture_output=True, text=True,
                              timeout=BOUND)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(done.stdout + done.stderr)
        self.assertTrue(self.accepts())

    def test_delivering_to_a_silent_server_does_not_hold_the_stop_up(self):
        """A relay attempt in the middle of nowhere: its message stays queued."""
        address = self.world.new_address()
        silent = Sink(address, self.world.port, lambda verb, argument: poll(lambda: False, "nothing", 30))
        self.addCleanup(silent.close)
        self.world.publish(f"silent.example. 5 IN MX 10 mx.silent.example.\nmx.silent.example. 5 IN A {address}")
        self.north.submit("joe", "x@silent.example", message("joe@north.example", "x@silent.example", "silent-1"))
        poll(lambda: any(c.startswith("MAIL") for c in silent.commands), "the relay is in the middle of it")
        self.assertEqual(self.north.stop(), 0)
        self.north.start()
        self.assertIn("x@silent.example", self.north.queue())


class BadConfigurations(unittest.TestCase):
    def refused(self, text):
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([CAS, "serve", "--config", file.name], capture_output=True, text=True, timeout=BOUND)
            return done.returncode, done.stdout + done.stderr, file.name

    def test_refusals_name_the_file_the_line_and_the_key(self):
        for text, line, key in (("host = \"mx.a.example\"\nnonsense = 1\n", 2, "nonsense"),
                                ("host = 7\n", 1, "host"),
                                ("host = \"mx.a.example\"\n[[domain]]\nname = \"a.example\"\nmode = \"maybe\"\n", 4,
                                 "mode")):
            status, said, name = self.refused(text)
            self.assertEqual(status, 78, said)  # EX_CONFIG
            self.assertIn(f"{name.rsplit('/', 1)[1]}:{line}", said)
            self.assertIn(key, said)

    def test_text_that_is_no_toml(self):
        status, said, _ = self.refused("host = \n")
        self.assertEqual(status, 78, said)


if __name__ == "__main__":
    unittest.main()
