# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas init`: each role from flags alone, the records it writes published as they are, the server started with the
configuration it wrote, real mail confirmed. Again: nothing changes. Half-way: nothing stays."""

import getpass
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import smtplib
import stat
import subprocess
import tempfile
import time
import unittest

from .harness import BOUND, CAS, PASSWORD, Server, WorldCase, cas, message, poll, toml
from .postfix import Postfix, why_not
from .small_disk import SmallDisk, own_namespace

OK, USAGE, CANTCREAT, TRY_AGAIN, CONFIG, INTERRUPTED = 0, 64, 73, 75, 78, 130
ROOT_ONLY = [] if os.getuid() else ["--run-as", getpass.getuser()]


def setUpModule():
    own_namespace()


class InitServer(Server):
    """A server whose configuration, keys, certificate and records `cas init` made."""

    def __init__(self, world, domain, address, role, *flags):
        self.role, self.flags = role, flags
        super().__init__(world, domain, address, users=("joe",) if role == "all-in-one" else (), signing=False)
        self.config = self.directory / "etc/cas/cas.toml"
        self.admin_socket = self.directory / "run/cas/admin.sock"
        self.zone = self.directory / f"etc/cas/{domain}.zone"

    def public_names(self):
        """They come with the zone."""

    def init(self, *more, stdin=PASSWORD + "\n"):
        flags = ["--role", self.role, "--host", self.host, "--address", self.address, "--resolver",
                 f"{self.world.dns.address}:{self.world.dns.port}", "--submission",
                 f"{self.address}:{self.submission_port}", "--root", self.directory, *ROOT_ONLY, *self.flags]
        if self.role != "smarthost":
            flags += ["--listen", f"{self.address}:{self.smtp_port}"]
        done = subprocess.run([CAS, "init", self.domain, *map(str, flags), *map(str, more)], input=stdin,
                              capture_output=True, text=True, timeout=BOUND)
        self.said = done.stdout + done.stderr
        return done.returncode

    def write_config(self):
        """What a test needs besides: another port for SMTP, and no limits for who polls."""
        assert self.init() == OK, self.said
        self.world.publish("$TTL 5\n" + self.zone.read_text())
        cas("keys", "rotate", self.domain, "--config", self.config)
        with open(self.config, "a") as file:
            file.write(f"\n[outbound]\nport = {self.world.port}\nhost_backoff = \"0s\"\n[log]\nlevel = \"debug\"\n"
                       "[limits]\nexempt = [\"127.0.0.0/8\"]\n")
        self.enter_reverse()

    def enter_reverse(self):
        """What the provider of the address would publish: for loopback every resolver answers itself (RFC 6303)."""
        reverse = re.findall(r"(?m)^; (\S+\.in-addr\.arpa\. )IN (PTR \S+)$", self.zone.read_text())
        assert reverse, self.zone.read_text()
        folder = self.config.parent / "conf.d"
        folder.mkdir()
        (folder / "reverse.toml").write_text("[dns]\nlocal_zones = [\"127.in-addr.arpa.\"]\nlocal_data = [" +
                                             ", ".join(toml(f"{name}60 IN {record}") for name, record in reverse) + "]\n")

    def wait_ready(self):
        if self.role == "smarthost":
            self.smtp_port = self.submission_port  # the only one there is
        super().wait_ready()

    def maildir(self, mailbox, domain=None):
        return self.directory / "var/lib/cas/mail" / (domain or self.domain) / mailbox


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class Roles(WorldCase):
    @classmethod
    def build(cls, world):
        def made(domain, role, *flags):
            server = InitServer(world, domain, world.new_address(), role, *flags)
            world.servers.append(server)
            return server

        cls.south = world.server("south.example", mailboxes=["suzie"], users=["suzie"])
        cls.inside = world.server("inside.example", mailboxes=["x"])  # has the mailboxes of the next two
        cls.inside.add_domain("gate.example", ["ann"])
        cls.inside.add_domain("smart.example", ["bob"])
        place = f"smtp:{cls.inside.address}:{world.port}"
        cls.north = made("north.example", "all-in-one", "--account", "joe", "--password-stdin")
        cls.gate = made("gate.example", "gateway", "--deliver", place, "--trust", "127.0.0.0/8")
        cls.smart = made("smart.example", "smarthost", "--deliver", place, "--trust", "127.0.0.0/8")

    def hand_over(self, server, sender, token):
        """As the mail server that is trusted does: no password, no TLS."""
        with smtplib.SMTP(server.address, server.submission_port, local_hostname="inside.example") as client:
            client.sendmail(sender, ["suzie@south.example"], message(sender, "suzie@south.example", token))
        return self.south.await_mail("suzie", token)

    def test_all_in_one_sends_what_is_confirmed(self):
        self.north.submit("joe", "suzie@south.example", message("joe@north.example", "suzie@south.example", "init-1"))
        mail = self.south.await_mail("suzie", "init-1")
        self.assert_results(mail, "mx.south.example", "cas=pass", "policy.cas=confirmed")
        self.assertEqual(len(mail.get_all("DKIM-Signature")), 2)

    def test_all_in_one_takes_what_is_confirmed(self):
        self.south.submit("suzie", "joe@north.example", message("suzie@south.example", "joe@north.example", "init-2"))
        self.assert_results(self.north.await_mail("joe", "init-2"), "mx.north.example", "cas=pass")

    def test_the_records_pass_the_check_as_they_were_written(self):
        """In each role. Loopback has neither a public authority nor a web server for MTA-STS; p=none is where one begins.
        Where the MX is somebody else's, that is a host of the local network here, and TLSRPT is for its owner to publish."""
        usual = {"dmarc.none", "mta-sts", "server.certificate"}
        for server, wrong in ((self.north, usual), (self.gate, usual),
                              (self.smart, usual | {"mx.private-address", "tlsrpt"})):
            with self.subTest(server.role):
                done = subprocess.run([CAS, "dns", "check", "--json", server.domain, "--config", server.config],
                                      capture_output=True, text=True, timeout=BOUND)
                findings = {finding["id"]: finding["severity"] for finding in json.loads(done.stdout)["domains"][0]["findings"]}
                self.assertEqual({name for name, severity in findings.items() if severity != "ok"}, wrong, done.stdout)
                self.assertLessEqual({name for name, severity in findings.items() if severity not in ("ok", "note")},
                                     {"mx.private-address"})
                self.assertLessEqual({"host.address", "ptr", "spf", "spf.helo", "dkim", "dmarc", "cas"}, set(findings))

    def test_who_has_the_account_reads_postmasters_mail(self):
        self.south.submit("suzie", "postmaster@north.example",
                          message("suzie@south.example", "postmaster@north.example", "init-3"))
        self.north.await_mail("joe", "init-3")

    def test_spf_passes_with_the_records_as_they_were_written(self):
        mail_from = cas("check-auth", "--ip", self.north.address, "--helo", self.north.host, "--mail-from",
                        "joe@north.example", "--config", self.north.config)
        self.assertRegex(mail_from, r"(?i)spf.*pass")

    def test_gateway_asks_the_server_behind_and_hands_on(self):
        self.south.submit("suzie", "ann@gate.example", message("suzie@south.example", "ann@gate.example", "init-4"))
        mail = self.inside.await_mail("ann", "init-4", domain="gate.example")
        self.assertIn("cas=pass", str(mail["Authentication-Results"]) + str(mail.get_all("Authentication-Results")))

    def test_gateway_sends_for_the_server_behind(self):
        self.assert_results(self.hand_over(self.gate, "ann@gate.example", "init-5"), "mx.south.example", "cas=pass",
                            "policy.cas=confirmed")

    def test_smarthost_sends_for_the_server_behind(self):
        self.assert_results(self.hand_over(self.smart, "bob@smart.example", "init-6"), "mx.south.example", "cas=pass",
                            "policy.cas=confirmed")

    def test_smarthost_publishes_no_mx(self):
        self.assertNotRegex(self.smart.zone.read_text(), r"(?m)^[^;].* MX ")

    def test_secrets_are_secret(self):
        for server in (self.north, self.gate, self.smart):
            self.assertEqual(mode(server.config) & 0o007, 0)
            for key in (server.directory / "var/lib/cas/keys" / server.domain).iterdir():
                self.assertEqual(mode(key) & 0o077, 0, key)
            for key in (server.directory / "etc/cas/tls").glob("*.key"):
                self.assertEqual(mode(key) & 0o007, 0, key)
            self.assertNotIn(PASSWORD, server.said)

    def test_again_nothing_changes(self):
        before = tree(self.gate.directory / "etc")
        self.assertEqual(self.gate.init(), OK, self.gate.said)
        self.assertEqual(tree(self.gate.directory / "etc"), before)
        self.assertNotIn("made ", self.gate.said)
        self.assertIn("kept", self.gate.said)

    def test_another_domain_of_the_same_server(self):
        """Made beside the first, loaded by a running server, and mail comes and goes as for the first."""
        before = tree(self.smart.directory / "etc")
        done = self.beside(self.smart, "--yes", "--deliver", f"smtp:{self.inside.address}:{self.world.port}")
        self.assertEqual(done.returncode, OK, done.stderr)
        after = tree(self.smart.directory / "etc")
        self.assertEqual({name: after[name] for name in before}, before)
        self.assertEqual(sorted(set(after) - set(before)),
                         ["cas/conf.d/west.example.toml", "cas/west.example.zone"])
        self.assertEqual(mode(self.smart.directory / "etc/cas/conf.d/west.example.toml") & 0o007, 0)
        zone = (self.smart.directory / "etc/cas/west.example.zone").read_text()
        self.world.publish("$TTL 5\n" + zone)
        cas("keys", "rotate", "west.example", "--config", self.smart.config)
        os.kill(self.smart.process.pid, signal.SIGHUP)
        poll(lambda: self.smart.tail(100000).count("signing domain=west.example") == 2, "it was loaded")
        self.assert_results(self.hand_over(self.smart, "bob@west.example", "init-7"), "mx.south.example", "cas=pass",
                            "policy.cas=confirmed")
        again = self.beside(self.smart, "--yes")
        self.assertEqual(again.returncode, OK, again.stderr)
        self.assertEqual(tree(self.smart.directory / "etc"), after)
        self.assertNotIn("made ", again.stdout)

    def beside(self, server, *flags):
        return subprocess.run([CAS, "init", "west.example", "--root", server.directory, *flags], capture_output=True,
                              text=True, timeout=BOUND, stdin=subprocess.DEVNULL)


class BeforePostfix(WorldCase):
    """A gateway before a Postfix that has the mailboxes and sends through it."""

    postfix = None

    @classmethod
    def build(cls, world):
        reason = why_not()
        if reason:
            raise unittest.SkipTest(reason)
        cls.south = world.server("south.example", mailboxes=["suzie"], users=["suzie"])
        address = world.new_address()
        cls.postfix = Postfix(world, "post.example", {"south.example": (address, world.submission_port)})
        cls.addClassCleanup(cls.postfix.close)
        cls.gate = InitServer(world, "post.example", address, "gateway", "--deliver",
                              f"smtp:{cls.postfix.address}:{cls.postfix.port}", "--trust", "127.0.0.0/8")
        world.servers.append(cls.gate)

    def test_in(self):
        self.south.submit("suzie", "ann@post.example", message("suzie@south.example", "ann@post.example", "postfix-1"))
        text = poll(lambda: self.postfix.bounces("postfix-1"), "Postfix has it")[0]
        self.assertIn("cas=pass", text)

    def test_out(self):
        self.postfix.send("ann@post.example", ["suzie@south.example"],
                          message("ann@post.example", "suzie@south.example", "postfix-2"))
        self.assert_results(self.south.await_mail("suzie", "postfix-2"), "mx.south.example", "cas=pass",
                            "policy.cas=confirmed")


def tree(folder):
    """Every file with its octets."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))}


class Alone(unittest.TestCase):
    """Without a server."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cas-init-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.root = self.directory / "root"
        self.keys = self.root / "var/lib/cas/keys/north.example"

    flags = ["--role", "all-in-one", "--host", "mx.north.example", "--address", "192.0.2.1", "--account", "joe",
             "--resolver", "127.0.0.1:9", *ROOT_ONLY]

    def command(self, *more, flags=None, domain="north.example"):
        return [CAS, "init", domain, *map(str, self.flags if flags is None else flags), "--root", str(self.root),
                *map(str, more)]

    def init(self, *more, status=OK, flags=None, stdin=None, domain="north.example"):
        done = subprocess.run(self.command(*more, flags=flags, domain=domain), input=stdin or "", capture_output=True,
                              text=True, timeout=BOUND)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, "Sanitizer|runtime error")
        return done.stdout + done.stderr

    def assert_nothing(self):
        self.assertEqual(tree(self.directory), {}, "something was left")

    # ---- What is asked ----

    def test_the_password_is_shown_once_and_kept_as_a_hash(self):
        said = self.init()
        shown = re.findall(r"password ([a-z2-9]{5}(?:-[a-z2-9]{5}){3}) ", said)
        self.assertEqual(len(shown), 1, said)
        for name, octets in tree(self.root).items():
            self.assertNotIn(shown[0].encode(), octets or b"", name)
        self.assertIn("$argon2id$", (self.root / "etc/cas/cas.toml").read_text())

    def test_it_ends_with_five_steps(self):
        steps = re.findall(r"(?m)^  (\d)\. (\w+)", self.init())
        self.assertEqual(steps, [("1", "publish"), ("2", "sign"), ("3", "start"), ("4", "check"), ("5", "test")])

    def test_without_a_terminal_it_names_what_is_missing(self):
        said = self.init(flags=[], status=USAGE)
        for flag in ("--role", "--host", "--account", "--yes"):
            self.assertIn(flag, said)
        self.assert_nothing()

    def test_a_gateway_needs_to_be_told_where_to_deliver(self):
        said = self.init("--yes", flags=["--role", "gateway", "--address", "192.0.2.1", *ROOT_ONLY], status=USAGE)
        self.assertIn("--deliver", said)
        self.assert_nothing()

    def test_answers_that_can_be_none(self):
        for flags, word in ((["--role", "relay"], "smarthost"), (["--host", "localhost"], "look up"),
                            (["--address", "300.1.1.1"], "192.0.2.1"), (["--account", "j o e"], "joe"),
                            (["--role", "gateway", "--deliver", "10.0.0.5"], "smtp:10.0.0.5:25"),
                            (["--role", "gateway", "--deliver", "smtp:10.0.0.5:25", "--trust", "0.0.0.0/0"], "relay"),
                            (["--listen", "25"], "0.0.0.0:25"), (["--certificate", "/nowhere.pem"], "--key"),
                            (["--resolver", "localhost"], "127.0.0.1:5353")):
            with self.subTest(flags=flags):
                kept = ["--host", "mx.north.example", "--address", "192.0.2.1", "--account", "joe", *ROOT_ONLY]
                usual = [f for n, f in enumerate(kept) if f not in flags and (n == 0 or kept[n - 1] not in flags)]
                said = self.init("--yes", *usual, flags=flags, status=USAGE)
                self.assertIn(word, said)
        said = self.init(domain="no domain", status=USAGE)
        self.assertIn("north.example", said)
        self.assert_nothing()

    def test_a_dry_run_shows_all_and_makes_nothing(self):
        said = self.init("--dry-run")
        self.assertIn('name = "north.example"', said)
        self.assertIn("north.example. IN MX", said)
        self.assert_nothing()

    def test_questions_on_a_terminal_show_what_is_usual(self):
        answers = [("What is this server", ""), ("Its name", "mx.north.example"), ("The first account", "joe")]
        status, said = self.at_terminal(["--address", "192.0.2.1", "--resolver", "127.0.0.1:9", *ROOT_ONLY], answers)
        self.assertEqual(status, OK, said)
        self.assertRegex(said, r"all-in-one, gateway or smarthost \[[a-z-]+\]: ")
        self.assertTrue((self.root / "etc/cas/cas.toml").exists())

    def test_a_question_is_asked_again_where_the_answer_is_none(self):
        answers = [("What is this server", "gatekeeper"), ("is not known; use", "all-in-one"), ("Its name", "localhost"),
                   ("look up", "mx.north.example"), ("The first account", "joe")]
        status, said = self.at_terminal(["--address", "192.0.2.1", "--resolver", "127.0.0.1:9", *ROOT_ONLY], answers)
        self.assertEqual(status, OK, said)

    def test_control_c_at_a_question(self):
        status, said = self.at_terminal(["--address", "192.0.2.1", "--resolver", "127.0.0.1:9", *ROOT_ONLY],
                                        [("What is this server", "\x03")])
        self.assertEqual(status, INTERRUPTED, said)
        self.assert_nothing()

    def at_terminal(self, flags, answers):
        """Plays the answers to the questions; exit status and all that was shown."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(CAS, self.command(flags=flags))
        said = ""
        try:
            for question, answer in answers:
                before = len(said)
                while question not in said[before:]:
                    said += os.read(fd, 4096).decode(errors="replace")
                os.write(fd, answer.encode() if answer == "\x03" else answer.encode() + b"\n")
            while True:
                said += os.read(fd, 4096).decode(errors="replace")
        except OSError:  # the other side is gone
            pass
        finally:
            os.close(fd)
            _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), said

    # ---- What is there ----

    def test_what_is_missing_is_made_again(self):
        self.init()
        lost = [*(self.root / "etc/cas/tls").iterdir(), self.root / "etc/cas/north.example.zone", *self.keys.glob("*r.next.pem")]
        kept = {path: path.read_bytes() for path in [self.root / "etc/cas/cas.toml", *self.keys.glob("*e.next.pem")]}
        self.assertEqual(len(lost), 4)
        for path in lost:
            path.unlink()
        said = self.init()
        for path in lost[:3]:
            self.assertTrue(path.exists(), path)
        self.assertEqual(len(list(self.keys.glob("*.pem"))), 2)
        for path, octets in kept.items():
            self.assertEqual(path.read_bytes(), octets, path)
        self.assertNotIn("password ", said)

    def test_a_zone_that_was_edited_stays(self):
        self.init()
        zone = self.root / "etc/cas/north.example.zone"
        zone.write_text("; mine\n")
        self.assertIn("differs", self.init())
        self.assertEqual(zone.read_text(), "; mine\n")

    def test_a_configuration_that_cannot_be_used_is_named(self):
        self.init()
        config = self.root / "etc/cas/cas.toml"
        config.write_text(config.read_text().replace('mode = "optional"', 'mode = "sometimes"'))
        before = tree(self.root)
        said = self.init(status=CONFIG)
        self.assertIn("cas.toml", said)
        self.assertIn("sometimes", said)
        self.assertEqual(tree(self.root), before)

    # ---- Another domain ----

    def test_another_domain_has_its_own_file_account_and_keys(self):
        self.init()
        before = tree(self.root)
        said = self.init(domain="south.example", flags=["--account", "suzie"])
        after = tree(self.root)
        self.assertEqual({name: after[name] for name in before}, before)
        text = (self.root / "etc/cas/conf.d/south.example.toml").read_text()
        for part in ('name = "south.example"', 'mailboxes = ["suzie"]', 'name = "suzie@south.example"', "$argon2id$",
                     "var/lib/cas/mail/south.example"):
            self.assertIn(part, text)
        self.assertEqual(len(list((self.root / "var/lib/cas/keys/south.example").glob("*.next.pem"))), 2)
        zone = (self.root / "etc/cas/south.example.zone").read_text()
        self.assertIn("\nsouth.example. IN MX 10 mx.north.example.\n", zone)
        self.assertIn("Account suzie@south.example  password ", said)
        self.assertRegex(said, r"(?m)^  3\. load ")
        cas("config", "check", "--config", self.root / "etc/cas/cas.toml")

    def test_another_domain_may_have_another_role(self):
        self.init()
        self.init(domain="south.example", flags=["--role", "gateway", "--deliver", "lmtp:127.0.0.1:24"])
        text = (self.root / "etc/cas/conf.d/south.example.toml").read_text()
        self.assertIn('deliver = "lmtp:127.0.0.1:24"', text)
        said = self.init(domain="west.example", flags=["--role", "smarthost", "--deliver", "smtp:127.0.0.1:2525"],
                         status=CONFIG)
        self.assertIn("takes no mail from outside", said)

    def test_another_domain_changes_nothing_that_all_share(self):
        self.init()
        before = tree(self.root)
        for flags, status, words in ((["--listen", "127.0.0.1:2525"], USAGE, "--listen is for all domains"),
                                     (["--address", "192.0.2.2"], USAGE, "--address is for all domains"),
                                     (["--host", "mx.south.example"], CONFIG, "with mx.north.example for --host"),
                                     ([], USAGE, "--account")):
            self.assertIn(words, self.init(domain="south.example", flags=flags, status=status))
            self.assertEqual(tree(self.root), before)

    def test_another_domain_writes_over_nothing(self):
        self.init()
        file = self.root / "etc/cas/conf.d/south.example.toml"
        file.parent.mkdir()
        file.write_text("# mine\n")
        before = tree(self.root)
        said = self.init("--yes", domain="south.example", flags=[], status=CONFIG)
        self.assertIn("conf.d/south.example.toml is there and does not have south.example", said)
        self.assertEqual(tree(self.root), before)

    def test_another_domain_is_taken_back_when_a_step_fails(self):
        self.init()
        (self.root / "etc/cas/south.example.zone").mkdir()
        before = tree(self.root)
        self.assertIn("is in the way", self.init("--yes", domain="south.example", flags=[], status=CONFIG))
        self.assertEqual(tree(self.root), before)

    def test_another_domain_as_a_dry_run(self):
        self.init()
        before = tree(self.root)
        said = self.init("--yes", "--dry-run", domain="south.example", flags=[])
        self.assertIn("conf.d/south.example.toml", said)
        self.assertIn("south.example. IN MX", said)
        self.assertEqual(tree(self.root), before)

    def test_another_role_than_that_of_the_file_is_refused(self):
        self.init()
        before = tree(self.root)
        said = self.init(flags=["--role", "gateway", "--deliver", "smtp:127.0.0.1:25"], status=CONFIG)
        self.assertIn("all-in-one for --role, not gateway", said)
        self.assertEqual(tree(self.root), before)

    @unittest.skipIf(os.getuid() != 0, "gives a folder to somebody else")
    def test_a_state_of_somebody_else_is_refused(self):
        state = self.root / "var/lib/cas"
        state.mkdir(parents=True)
        shutil.chown(state, "nobody")
        self.assertIn("chown -R root: ", self.init(status=CONFIG))
        self.assertEqual(list(state.iterdir()), [])

    def test_mta_sts_where_it_is_wanted(self):
        self.assertNotIn("_mta-sts", self.init("--dry-run"))
        self.init("--mta-sts")
        zone = (self.root / "etc/cas/north.example.zone").read_text()
        self.assertRegex(zone, r'(?m)^_mta-sts\.north\.example\. IN TXT "v=STSv1; id=\w+"$')
        policy = self.root / "etc/cas/north.example.mta-sts.txt"
        self.assertEqual(policy.read_bytes().split(b"\r\n")[:3], [b"version: STSv1", b"mode: testing", b"mx: mx.north.example"])
        self.assertNotIn("differs", self.init())
        policy.write_text("mine\n")
        self.assertIn("differs", self.init())
        self.assertEqual(policy.read_text(), "mine\n")

    def test_half_a_certificate_is_named(self):
        self.init()
        (self.root / "etc/cas/tls/mx.north.example.key").unlink()
        before = tree(self.root)
        self.assertIn("mx.north.example.key is missing", self.init(status=CONFIG))
        self.assertEqual(tree(self.root), before)

    def test_a_key_that_a_killed_run_left_gets_its_certificate(self):
        self.init()
        tls = self.root / "etc/cas/tls"
        (tls / "mx.north.example.crt").unlink()
        (self.root / "etc/cas/cas.toml").unlink()
        key = (tls / "mx.north.example.key").read_bytes()
        self.init()
        self.assertEqual((tls / "mx.north.example.key").read_bytes(), key)
        cas("config", "check", "--config", self.root / "etc/cas/cas.toml")
        (tls / "mx.north.example.crt").unlink()
        self.assertIn("mx.north.example.crt is missing", self.init(status=CONFIG))

    def test_another_certificate_in_its_place_is_named(self):
        tls = self.root / "etc/cas/tls"
        tls.mkdir(parents=True)
        (tls / "mx.north.example.crt").write_text("no certificate\n")
        (tls / "mx.north.example.key").write_text("no key\n")
        before = tree(self.root)
        self.assertIn("mx.north.example.crt is there and cannot be used", self.init(status=CONFIG))
        self.assertEqual(tree(self.root), before)

    def test_a_broken_key_in_the_folder_is_named(self):
        self.keys.mkdir(parents=True)
        (self.keys / "cas1.pem").write_text("no key\n")
        before = tree(self.root)
        self.assertIn("cas1.pem cannot be used", self.init(status=CONFIG))
        self.assertEqual(tree(self.root), before)

    def test_a_certificate_that_is_given_is_used_where_it_lies(self):
        crt, key = self.directory / "own.crt", self.directory / "own.key"
        cas("cert", "self-signed", "mx.north.example", "--cert", crt, "--key", key)
        self.init("--certificate", crt, "--key", key)
        self.assertIn(toml(crt), (self.root / "etc/cas/cas.toml").read_text())
        self.assertFalse((self.root / "etc/cas/tls").exists())
        self.assertRegex((self.root / "etc/cas/north.example.zone").read_text(), "TLSA 3 1 1 [0-9A-F]{64}")

    # ---- Half-way ----

    def test_a_later_step_that_fails_takes_all_back(self):
        (self.root / "etc/cas/north.example.zone").mkdir(parents=True)
        before = tree(self.root)
        self.assertIn("is in the way", self.init(status=CONFIG))
        self.assertEqual(tree(self.root), before)

    def test_a_full_disk_takes_all_back(self):
        """Wherever it fills: with a little more room each time, until all fits."""
        passed = set()
        for room in range(0, 13):
            disk = SmallDisk(self.directory / f"disk{room}", 4096 * 40)
            self.root = disk.directory / "root"
            try:
                disk.fill(leave=4096 * (room + 1))
                before = tree(disk.directory)
                done = subprocess.run(self.command(), capture_output=True, text=True, timeout=BOUND, input="")
                self.assertIn(done.returncode, (OK, CANTCREAT), done.stderr)
                if done.returncode == CANTCREAT:
                    self.assertIn("No space left on device", done.stderr)
                    self.assertEqual(tree(disk.directory), before)
                passed.add(done.returncode)
            finally:
                disk.close()
        self.assertEqual(passed, {OK, CANTCREAT})

    def test_a_signal_takes_all_back(self):
        """Sent as soon as something is there; where the program was faster, again."""
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=sent):
                poll(lambda: self.interrupted(sent), f"{sent!r} comes while files are made")

    def interrupted(self, sent):
        process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not (self.root / "etc/cas/tls").exists():
            time.sleep(0)
        process.send_signal(sent)
        said = process.communicate(timeout=BOUND)[1]
        self.assertIn(process.returncode, (OK, INTERRUPTED), said)
        if process.returncode == INTERRUPTED:
            self.assert_nothing()
            return True
        shutil.rmtree(self.root)
        return False

    def test_what_a_killed_run_left_is_no_obstacle(self):
        process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        poll(lambda: (self.root / "etc/cas/tls").exists() or process.poll() is not None, "something is made")
        process.kill()
        process.wait()
        self.init()
        cas("config", "check", "--config", self.root / "etc/cas/cas.toml")


if __name__ == "__main__":
    unittest.main()
