# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Under a service manager: what it is told and when, sockets that it hands over, the confinement of the unit."""

import importlib.util
import os
import signal
import socket
import threading
import unittest

from .harness import BOUND, WorldCase, cas, message, poll
from .manager import Manager, confinement, listening, listening_unix, system_calls, unit_settings
from .peer import connect, dot


class Case(WorldCase):
    """One server, which a Manager starts in each test."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie"], users=["suzie"])
        world.start = lambda: None

    def manage(self, **options):
        manager = Manager(self.south, **options)
        self.addCleanup(os.unlink, manager.path)
        self.addCleanup(manager.close)
        self.addCleanup(self.south.stop)
        return manager

    def deliver(self, token):
        with connect(self.south) as peer:
            peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
            peer.send(dot(message("s@west.example", "suzie@south.example", token)))
            self.assertEqual(peer.reply().code, 250)
        self.south.await_mail("suzie", f"Subject: {token}\n")


class Notify(Case):
    def test_ready_is_told_once_and_not_before_everything_answers(self):
        manager = self.manage()
        manager.start()
        for port in (self.south.smtp_port, self.south.submission_port):
            with socket.create_connection((self.south.address, port), timeout=BOUND) as sock:
                self.assertEqual(sock.recv(4), b"220 ")
        self.assertIn("mx.south.example", cas("status", "--config", self.south.config))
        self.assertEqual(["READY" in one for one in manager.hear()], [True])
        self.assertIn("serving mx.south.example", manager.told[0]["STATUS"])

    def test_who_cannot_start_is_never_ready(self):
        manager = self.manage()
        with listening(self.south.address, self.south.smtp_port):
            manager.start(wait=False)
            self.assertEqual(self.south.process.wait(BOUND), 78)
        self.assertEqual(manager.hear(), [])
        self.south.process = None

    def test_a_reload_is_told_from_its_beginning_to_its_end(self):
        manager = self.manage()
        manager.start()
        self.south.process.send_signal(signal.SIGHUP)
        ready = manager.await_word("READY", since=2)
        begin = manager.told[1]
        self.assertEqual(begin["RELOADING"], "1")
        self.assertGreater(int(begin["MONOTONIC_USEC"]), 0)
        self.assertNotIn("failed", ready["STATUS"])

    def test_a_reload_that_fails_says_where_until_one_succeeds(self):
        manager = self.manage()
        manager.start()
        good = self.south.config.read_text()
        self.addCleanup(self.south.config.write_text, good)
        self.south.config.write_text(good + '\n[log]\nlevel = "loud"\n' if "[log]" not in good
                                     else good.replace('level = "debug"', 'level = "loud"'))
        self.south.process.send_signal(signal.SIGHUP)
        status = manager.await_word("READY", since=2)["STATUS"]
        self.assertRegex(status, r"the last reload failed.*cas\.toml:\d+: log\.level: ")
        self.south.config.write_text(good)
        self.south.process.send_signal(signal.SIGHUP)
        self.assertNotIn("failed", manager.await_word("READY", since=4)["STATUS"])

    def test_a_fault_in_conf_d_keeps_the_old_in_force_and_names_the_file(self):
        manager = self.manage()
        manager.start()
        more = self.south.directory / "conf.d/10-more.toml"
        more.parent.mkdir()
        self.addCleanup(more.parent.rmdir)
        more.write_text('[[domain]]\nname = "east.example"\nmaildir = "mail"\nmailboxs = ["ann"]\n')
        self.addCleanup(more.unlink)
        self.south.process.send_signal(signal.SIGHUP)
        self.assertIn("conf.d/10-more.toml:", manager.await_word("READY", since=2)["STATUS"])
        with connect(self.south) as peer:
            self.assertEqual(peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<ann@east.example>")[1].code, 550)
        more.write_text(more.read_text().replace("mailboxs", "mailboxes"))
        self.south.process.send_signal(signal.SIGHUP)
        manager.await_word("READY", since=4)
        with connect(self.south) as peer:
            self.assertEqual(peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<ann@east.example>")[1].code, 250)

    def test_the_end_is_told_when_it_begins(self):
        manager = self.manage()
        manager.start()
        self.assertEqual(self.south.stop(), 0)
        self.assertEqual(manager.hear()[-1]["STOPPING"], "1")

    def test_signs_of_life_come_again_and_again(self):
        manager = self.manage(watchdog=0.4)
        manager.start()
        for _ in range(3):
            manager.await_word("WATCHDOG", "1", since=len(manager.told))

    def test_without_a_watchdog_there_are_none(self):
        manager = self.manage()
        manager.start()
        self.deliver("no-watchdog")
        self.assertFalse([one for one in manager.hear() if "WATCHDOG" in one])


class Sockets(Case):
    def handed(self, smtp_alone=False):
        south = self.south
        sockets = [("cas.socket", listening(south.address, south.smtp_port))]
        if not smtp_alone:
            sockets += [("cas.socket", listening(south.address, south.submission_port)),
                        ("cas-admin.socket", listening_unix(south.admin_socket))]
        return sockets

    def setUp(self):
        self.addCleanup(self.south.admin_socket.unlink, missing_ok=True)

    def test_they_are_used_and_outlive_the_server(self):
        manager = self.manage(sockets=self.handed())
        manager.start()
        self.deliver("handed-1")
        self.south.login("suzie").quit()
        self.assertIn("mx.south.example", cas("status", "--config", self.south.config))
        self.assertEqual(self.south.stop(), 0)
        self.assertTrue(self.south.admin_socket.exists())
        manager.start()
        self.deliver("handed-2")

    def test_who_comes_while_no_server_runs_waits_for_the_next(self):
        manager = self.manage(sockets=self.handed())
        manager.start()
        self.assertEqual(self.south.stop(), 0)
        with socket.create_connection((self.south.address, self.south.smtp_port), timeout=BOUND) as early:
            manager.start()
            self.assertEqual(early.recv(4), b"220 ")

    def test_restarts_refuse_nobody(self):
        manager = self.manage(sockets=self.handed())
        manager.start()
        done, greetings, faults = threading.Event(), [], []

        def come_and_go():
            while not done.is_set():
                try:
                    with socket.create_connection((self.south.address, self.south.smtp_port), timeout=BOUND) as sock:
                        greetings.append(sock.recv(4))
                except OSError as error:
                    faults.append(error)

        clients = [threading.Thread(target=come_and_go) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(3):
            before = len(greetings)
            poll(lambda: len(greetings) > before + 20, "clients come")
            self.assertEqual(self.south.stop(), 0)
            manager.start()
        done.set()
        for client in clients:
            client.join()
        self.assertEqual(faults, [])
        self.assertLessEqual(set(greetings), {b"220 ", b"421 "})

    def test_a_socket_that_no_listener_wants_is_refused(self):
        stray = ("cas.socket", listening(self.south.address, self.south.smtp_port + 7))
        manager = self.manage(sockets=[*self.handed(), stray])
        manager.start(wait=False)
        self.assertEqual(self.south.process.wait(BOUND), 78)
        self.south.process = None
        self.assertRegex(self.south.tail(), rf"cas\.toml:\d+: listen: nothing here listens on {self.south.address}:"
                                            rf"{self.south.smtp_port + 7} \(cas\.socket\)")

    def test_what_is_not_handed_over_is_opened(self):
        manager = self.manage(sockets=self.handed(smtp_alone=True))
        manager.start()
        self.south.login("suzie").quit()


class Unit(Case):
    @unittest.skipUnless(importlib.util.find_spec("seccomp"), "python3-seccomp is not installed")
    def test_it_works_within_the_system_calls_and_memory_that_the_unit_allows(self):
        allowed = system_calls(unit_settings())
        if allowed is None:
            self.skipTest("systemd-analyze is not installed")
        self.assertNotIn("ptrace", allowed)
        self.assertNotIn("setuid", allowed)
        manager = self.manage()
        manager.start(confine=confinement(allowed))
        with open(f"/proc/{self.south.process.pid}/status", encoding="ascii") as status:
            self.assertRegex(status.read(), r"(?m)^NoNewPrivs:\t1$[^\0]*^Seccomp:\t2$")
        self.deliver("confined-1")
        with self.south.login("suzie") as client:  # Argon2id, and TLS by then
            client.sendmail("suzie@south.example", ["suzie@south.example"],
                            message("suzie@south.example", "suzie@south.example", "confined-2"))
        self.south.await_mail("suzie", "Subject: confined-2\n")
        self.south.process.send_signal(signal.SIGHUP)
        manager.await_word("READY", since=2)
        self.assertEqual(self.south.stop(), 0)

    def test_the_unit_lets_through_what_the_program_says(self):
        settings = unit_settings()
        self.assertEqual(settings["Type"], ["notify"])
        self.assertIn("/etc/cas/cas.toml", settings["ConditionPathExists"])
        for status in (64, 77, 78):
            self.assertIn(str(status), settings["RestartPreventExitStatus"][0].split())
        self.assertEqual(settings["CapabilityBoundingSet"], ["CAP_NET_BIND_SERVICE"])
        # The drain has 30 seconds; the manager must not be less patient.
        self.assertGreater(int(settings["TimeoutStopSec"][0].rstrip("s")), 30)


if __name__ == "__main__":
    unittest.main()
