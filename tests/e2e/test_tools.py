# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The tools of these tests, tested: what judges others must itself be right."""

import base64
import pathlib
import smtplib
import subprocess
import tempfile
import types
import unittest

import dns.exception
import dns.flags
import dns.rcode

from . import cas_py, crash, crash_watch, dnsserver, torture, wire
from .peer import Peer, Sink, dot

# RFC 8463 A.2
SEED = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
PUBLIC = base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")

MESSAGE = b"\r\n".join([
    b"Received: from x by y; Mon, 23 Nov 2026 19:00:00 +0000",
    b"From: Joe SixPack <joe@football.example.com>",
    b"To: Suzie Q <suzie@shopping.example.net>",
    b"Subject: Is dinner",
    b" ready?",
    b"Date: Mon, 23 Nov 2026 19:00:00 +0000",
    b"Message-ID: <20261123190000.1@football.example.com>",
    b"", b"Hi.", b"", b"We lost the game.  Are you hungry yet?", b"", b"Joe.", b""])


class CasVector(unittest.TestCase):
    """The example of CAS §A.1, octet for octet."""

    intent = cas_py.Intent(id="AAECAwQFBgcICQoLDA0ODw", domain="football.example.com", selector="brisbane",
                           sender="joe@football.example.com", recipients=["suzie@shopping.example.net"],
                           author="joe@football.example.com", issued=1795460400, lifetime=86400)

    def test_public_key_of_rfc_8463(self):
        self.assertEqual(cas_py.SigningKey(SEED).public, PUBLIC)

    def test_header_and_body_hash(self):
        self.assertEqual(cas_py.b64u(cas_py.header_hash(MESSAGE)), "oOkcH935xVS_y7OmmDYWN6RMwoOKZyR-tEosIgmkR5U")
        self.assertEqual(cas_py.b64u(cas_py.body_hash(MESSAGE)), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8")

    def test_line_is_the_one_of_the_vector(self):
        self.assertEqual(
            self.intent.line(cas_py.SigningKey(SEED), MESSAGE),
            "v=CAS1;i=AAECAwQFBgcICQoLDA0ODw;d=football.example.com;s=brisbane;a=ed25519-sha256;t=1795460400;"
            "x=1795546800;f=joe@football.example.com;q=shopping.example.net;r=suzie;o=joe@football.example.com;k=p;"
            "m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI;"
            "b=Ex5txsnmiYbfX8kmZvdtWmHYsFaalilIi_HrRJf58a3otlreKAFIrjIhGKpaz0mRm254dqXWj6-USj91hKanAQ")

    def test_refolding_and_added_trace_fields_do_not_change_the_digest_and_a_second_from_does(self):
        before = cas_py.digest_c1("x", MESSAGE)
        refolded = MESSAGE.replace(b"Subject: Is dinner\r\n ready?", b"SUBJECT:Is  dinner ready? ")
        self.assertEqual(cas_py.digest_c1("x", b"Received: by z\r\n" + refolded + b"\r\n\r\n"), before)
        self.assertNotEqual(cas_py.digest_c1("x", b"From: ceo@bank.example\r\n" + MESSAGE), before)
        self.assertNotEqual(cas_py.digest_c1("x", MESSAGE.replace(b"lost", b"won")), before)

    def test_percent_encoding(self):
        self.assertEqual(cas_py.encode("joe+x.y"), "joe+x.y")
        self.assertEqual(cas_py.encode('a b%;@"é'), "a%20b%25%3B%40%22%C3%A9")

    def test_openssl_accepts_the_signature(self):
        key = cas_py.SigningKey()
        with tempfile.TemporaryDirectory() as folder:
            spki = bytes.fromhex("302a300506032b6570032100") + key.public
            for name, octets in (("key", spki), ("in", b"message"), ("sig", key.sign(b"message"))):
                with open(f"{folder}/{name}", "wb") as file:
                    file.write(octets)
            subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
                            f"{folder}/key", "-in", f"{folder}/in", "-sigfile", f"{folder}/sig"],
                           check=True, capture_output=True)


class DnsServerModes(unittest.TestCase):
    def setUp(self):
        self.server = dnsserver.DnsServer("127.0.0.1")
        self.addCleanup(self.server.close)
        self.server.add('a.example. 60 IN MX 10 mx.a.example.\nk._domainkey.a.example. 60 IN TXT "one" "two"\n'
                        "alias.example. 60 IN CNAME k._domainkey.a.example.\n")

    def ask(self, name, rdtype, **how):
        return dnsserver.query(self.server, name, rdtype, **how)

    def test_answers_from_the_zone_over_udp_and_tcp(self):
        for tcp in (False, True):
            self.assertIn("10 mx.a.example.", self.ask("A.example.", "MX", tcp=tcp).answer[0].to_text().lower())
        self.assertEqual(self.server.count("a.example", "MX"), 2)

    def test_follows_cname(self):
        self.assertEqual(len(self.ask("alias.example.", "TXT").answer), 2)

    def test_nothing_there_and_no_such_name_differ(self):
        self.assertEqual(self.ask("_domainkey.a.example.", "TXT").rcode(), dns.rcode.NOERROR)
        self.assertEqual(self.ask("b.example.", "TXT").rcode(), dns.rcode.NXDOMAIN)

    def test_servfail_and_nxdomain(self):
        self.server.set_mode("a.example.", dnsserver.SERVFAIL)
        self.assertEqual(self.ask("a.example.", "MX").rcode(), dns.rcode.SERVFAIL)
        self.server.set_mode("a.example.", dnsserver.NXDOMAIN)
        self.assertEqual(self.ask("a.example.", "MX").rcode(), dns.rcode.NXDOMAIN)
        self.server.heal()
        self.assertEqual(self.ask("a.example.", "MX").rcode(), dns.rcode.NOERROR)

    def test_drop_says_nothing(self):
        self.server.set_mode("a.example.", dnsserver.DROP)
        with self.assertRaises(dns.exception.Timeout):
            self.ask("a.example.", "MX", timeout=0.3)

    def test_truncate_is_short_over_udp_and_whole_over_tcp(self):
        self.server.set_mode("a.example.", dnsserver.TRUNCATE)
        short = self.ask("a.example.", "MX")
        self.assertTrue(short.flags & dns.flags.TC)
        self.assertFalse(short.answer)
        self.assertTrue(self.ask("a.example.", "MX", tcp=True).answer)


class CrashJudge(unittest.TestCase):
    """What the crash test would say."""

    def faults(self, delivered, **told):
        outcome = types.SimpleNamespace(**{"accepted": set(), "unknown": set(), "refused": set(), **told})
        copies = {token: [str(n) for n in range(delivered.count(token))] for token in delivered}
        return crash.judge(copies, [outcome])[0] + crash.doubled(copies)

    def test_accepted_is_there_once_and_unknown_at_most_once(self):
        self.assertEqual(self.faults(["a", "u"], accepted={"a"}, unknown={"u", "v"}), [])

    def test_each_way_to_be_wrong_is_named(self):
        self.assertIn("lost", self.faults([], accepted={"a"})[0])
        self.assertIn("doubled", self.faults(["a", "a"], accepted={"a"})[0])
        self.assertIn("doubled", self.faults(["u", "u"], unknown={"u"})[0])
        self.assertIn("refused", self.faults(["r"], refused={"r"})[0])
        self.assertIn("never sent", self.faults(["x"])[0])


class CrashWatch(unittest.TestCase):
    """Which message may be there twice, and why. Times are seconds."""

    sender, receiver = types.SimpleNamespace(tail=lambda lines: "", log=""), types.SimpleNamespace()

    def faults(self, *offers, kills=(), copies=1, recorded=0):
        watch = crash_watch.Watch(gentle=False)
        for begun, code in offers:
            offer = crash_watch.Offer("token", "01M8D9GD8QZ4JZGX8N27QRR80Y", begun)
            offer.code, offer.answered = code, begun + 1 if code else None
            watch.offers["token"].append(offer)
        for server, began in kills:
            watch.kills.append(crash_watch.Kill(server))
            watch.kills[-1].began = began
        self.sender.tail = lambda lines: "x 01M8D9GD8QZ4JZGX8N27QRR80Y delivered to=y\n" * recorded
        return watch.faults(self.sender, {"token": [str(n) for n in range(copies)]})

    def test_once_is_right(self):
        self.assertEqual(self.faults((0, b"250")), [])

    def test_the_sender_died_before_it_wrote_the_reply_down(self):
        self.assertEqual(self.faults((0, b"250"), (9, b"250"), kills=[(self.sender, 5)], copies=2, recorded=1), [])

    def test_the_reply_was_lost_with_either(self):
        for server in (self.sender, self.receiver):
            self.assertEqual(self.faults((0, None), (9, b"250"), kills=[(server, 5)], copies=2, recorded=1), [])

    def test_a_refusal_is_no_copy(self):
        self.assertEqual(self.faults((0, b"451"), (9, b"250")), [])
        self.assertIn("2 times", self.faults((0, b"451"), (9, b"250"), copies=2)[0])

    def test_nobody_died(self):
        self.assertIn("nobody died", self.faults((0, b"250"), (9, b"250"))[0])
        self.assertIn("nobody died", self.faults((0, None), (9, b"250"), kills=[(self.sender, 20)])[0])

    def test_the_death_of_the_receiver_does_not_explain_what_the_sender_forgot(self):
        self.assertIn("nobody died", self.faults((0, b"250"), (9, b"250"), kills=[(self.receiver, 5)])[0])

    def test_what_was_written_down_is_not_sent_again(self):
        self.assertIn("written down",
                      self.faults((0, b"250"), (9, b"250"), kills=[(self.sender, 5)], recorded=2)[0])

    def test_more_copies_than_offers(self):
        self.assertIn("offered 1 times", self.faults((0, b"250"), copies=2)[0])


class Torture(unittest.TestCase):
    """The runner of the long trials."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.said = []

    def trial(self, name, script, **more):
        more = {"runs": 2, "bound": 60, **more}
        return torture.Trial(name, ["sh", "-c", f"echo $CAS_SEED >>{self.folder}/{name}; {script}"], **more)

    def seeds(self, name):
        file = self.folder / name
        return file.read_text().split() if file.exists() else []

    def play(self, *trials, program="p", **more):
        return torture.play(trials, self.folder, program, say=self.said.append, **more)

    def test_what_passed_is_not_played_again_and_what_failed_is_with_its_seed(self):
        good, bad = self.trial("good", "true"), self.trial("bad", "false")
        failed = self.play(good, bad)
        self.assertEqual([name for name, _ in failed], ["bad", "bad"])
        self.assertEqual(len(set(self.seeds("good"))), 2)
        self.assertEqual(self.play(good, bad), failed)
        self.assertEqual(len(self.seeds("good")), 2)
        self.assertEqual(self.seeds("bad"), 2 * self.seeds("bad")[:2])

    def test_another_program_has_passed_nothing(self):
        self.play(self.trial("good", "true"))
        self.play(self.trial("good", "true"), program="q")
        self.assertEqual(len(self.seeds("good")), 4)

    def test_a_run_that_does_not_end_is_a_fault(self):
        self.assertEqual(len(self.play(self.trial("stuck", "sleep 600", runs=1, bound=0.1))), 1)

    def test_when_the_time_is_over_nothing_more_begins(self):
        self.assertEqual(self.play(self.trial("late", "true"), seconds=-1), [])
        self.assertEqual(self.seeds("late"), [])

    def test_a_seed_that_is_asked_for_is_played_again(self):
        for _ in range(2):
            self.play(self.trial("good", "true"), seed=7)
        self.assertEqual(self.seeds("good"), ["7", "7"])

    def test_its_trials_are_the_modules_that_know_of_it(self):
        names = [trial.name for trial in torture.trials()]
        self.assertLessEqual({"crash", "disk_full", "limits", "model", "tests"}, set(names))
        self.assertNotIn("forged", names)


class Taps(unittest.TestCase):
    """The tap between smtplib and the sink, with STARTTLS."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.certificate = (f"{cls.folder.name}/cert", f"{cls.folder.name}/key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=sink", "-out", cls.certificate[0], "-keyout", cls.certificate[1]],
                       check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def tap(self, **settings):
        sink = Sink("127.0.0.1", 0, certificate=self.certificate)
        self.addCleanup(sink.close)
        tap = wire.Wire("127.0.0.1", 0, sink._server.server_address, self.certificate, **settings)
        self.addCleanup(tap.close)
        return sink, tap, tap._server.server_address

    def test_records_a_transaction_and_counts_its_round_trips(self):
        sink, tap, (address, port) = self.tap()
        with Peer(address, port) as peer:
            peer.begin()
            peer.pipeline("MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "DATA")
            peer.send(dot(b"Subject: x\r\n\r\n.dots\r\n"))
            self.assertEqual(peer.reply().code, 250)
        self.assertEqual(sink.messages[0][2], b"Subject: x\r\n\r\n.dots\r\n")
        self.assertEqual(tap.conversations[0].round_trips(), 2)

    def test_lock_step_takes_more_round_trips(self):
        _, tap, (address, port) = self.tap()
        with Peer(address, port) as peer:
            peer.begin()
            for line in ("MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "DATA"):
                peer.cmd(line)
            peer.send(dot(b"x\r\n"))
            peer.reply()
        self.assertEqual(tap.conversations[0].round_trips(), 4)

    def test_cuts_before_the_final_reply_once(self):
        sink, _, (address, port) = self.tap(rule=wire.cut(wire.final_reply))
        with smtplib.SMTP(address, port) as client:
            client.starttls()
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                client.sendmail("a@a.example", ["b@b.example"], b"x\r\n")
        self.assertEqual(len(sink.messages), 1)
        with smtplib.SMTP(address, port) as client:
            client.sendmail("a@a.example", ["b@b.example"], b"x\r\n")
        self.assertEqual(len(sink.messages), 2)

    def test_hides_a_keyword(self):
        _, _, (address, port) = self.tap(hide=["PIPELINING"])
        with smtplib.SMTP(address, port) as client:
            client.ehlo()
            self.assertFalse(client.has_extn("pipelining"))
            self.assertTrue(client.has_extn("8bitmime"))


if __name__ == "__main__":
    unittest.main()
