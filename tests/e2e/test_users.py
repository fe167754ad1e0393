# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Users that are made while the server runs: how they log in, as whom they may send, who is kept from guessing."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import smtplib
import subprocess
import unittest

from .harness import BOUND, CAS, PASSWORD, WorldCase, cas, client_tls, message
from .peer import Peer

SECRET = "it is hard to guess"
EX_USAGE, EX_DATAERR = 64, 65


class UserCase(WorldCase):
    limits = {}

    @classmethod
    def build(cls, world):
        # joe stands in the configuration file; 587 and 465 as they are used in the world.
        cls.north = world.server("north.example", mailboxes=["joe", "ann", "desk"], users=["joe"],
                                 settings={"limits": {"auth_failures_per_account": 0, **cls.limits}})
        cls.tls_port = world.submission_port + 1
        cls.north.listeners.append((cls.tls_port, "submission", "implicit"))
        cls.south = world.server("south.example")

    # ---- The command ----

    def user(self, *arguments, stdin=None, check=True):
        return cas("user", *arguments, "--config", self.north.config, stdin=stdin, check=check)

    def refused(self, *arguments, stdin=None):
        """Exit status and what was said of a command that must fail."""
        done = subprocess.run([CAS, "user", *arguments, "--config", str(self.north.config)], input=stdin,
                              capture_output=True, text=True, timeout=BOUND)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.returncode, done.stderr

    def add(self, name, *options, secret=SECRET):
        self.addCleanup(lambda: self.user("remove", name, check=False))
        return self.user("add", name, "--password-stdin", *options, stdin=secret + "\n")

    def users(self):
        return {user["name"]: user for user in json.loads(self.user("list", "--json"))["users"]}

    # ---- Clients ----

    def client(self, implicit=False):
        if implicit:
            client = smtplib.SMTP_SSL(self.north.address, self.tls_port, local_hostname="client.example",
                                      timeout=BOUND, context=client_tls())
        else:
            client = smtplib.SMTP(self.north.address, self.north.submission_port, local_hostname="client.example",
                                  timeout=BOUND)
            client.starttls(context=client_tls())
        client.ehlo()
        self.addCleanup(client.close)
        return client

    def logged_in(self, name, secret=SECRET):
        client = self.client()
        client.login(name, secret)
        return client

    def code_of_login(self, name, secret=SECRET):
        try:
            return self.client().login(name, secret)[0]
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code

    def scram(self, client, name, secret, first=None):
        """SCRAM-SHA-256 as RFC 5802 has it; the last reply. The server's own proof is checked."""
        bare = f"n={name.replace('=', '=3D').replace(',', '=2C')},r=fyko+d2lbbFgONRv9qkxdawL"
        code, challenge = client.docmd("AUTH", "SCRAM-SHA-256 " + base64.b64encode((first or "n,," + bare).encode()).decode())
        if code != 334:
            return code, challenge.decode()
        challenge = base64.b64decode(challenge).decode()
        values = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), base64.b64decode(values["s"]), int(values["i"]))

        def keyed(key, text):
            return hmac.digest(key, text.encode(), "sha256")

        client_key = keyed(salted, "Client Key")
        without = f"c=biws,r={values['r']}"
        signed = f"{bare},{challenge},{without}"
        signature = keyed(hashlib.sha256(client_key).digest(), signed)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        code, last = client.docmd(base64.b64encode(f"{without},p={proof}".encode()).decode())
        if code != 334:
            return code, last.decode()
        expected = "v=" + base64.b64encode(keyed(keyed(salted, "Server Key"), signed)).decode()
        self.assertEqual(base64.b64decode(last).decode(), expected)
        code, last = client.docmd("")
        return code, last.decode()


class LoggingIn(UserCase):
    def test_plain_and_login_on_587_and_465(self):
        self.add("ann@north.example")
        for implicit in (False, True):
            for mechanism in ("PLAIN", "LOGIN"):
                with self.subTest(mechanism=mechanism, implicit=implicit):
                    client = self.client(implicit)
                    offered = client.esmtp_features["auth"].split()
                    self.assertEqual([m for m in offered if m in ("PLAIN", "LOGIN")], ["PLAIN", "LOGIN"])
                    client.user, client.password = "ann@north.example", SECRET
                    method = client.auth_plain if mechanism == "PLAIN" else client.auth_login
                    self.assertEqual(client.auth(mechanism, method)[0], 235)
                    token = f"{mechanism}-{implicit}"
                    client.sendmail("ann@north.example", ["suzie@south.example"],
                                    message("ann@north.example", "suzie@south.example", token))
                    mail = self.south.await_mail("suzie", token)
                    self.assert_results(mail, "mx.south.example", "cas=pass", "smtp.mailfrom=ann@north.example")

    def test_login_without_an_initial_response(self):
        self.add("ann@north.example")
        client = self.client()
        client.user, client.password = "ann@north.example", SECRET
        self.assertEqual(client.auth("LOGIN", client.auth_login, initial_response_ok=False)[0], 235)

    def test_nothing_is_offered_without_tls(self):
        self.add("ann@north.example", "--scram")
        peer = Peer(self.north.address, self.north.submission_port)
        self.addCleanup(peer.close)
        self.assertNotIn("AUTH", peer.begin(tls=False).text)
        for command in ("AUTH LOGIN", "AUTH PLAIN", "AUTH SCRAM-SHA-256"):
            self.assertEqual(peer.cmd(command).status, "538 5.7.11", command)

    def test_scram_on_587_and_465(self):
        self.assertNotIn("SCRAM", self.client().esmtp_features["auth"])  # nobody could use it
        self.add("a,b=c@north.example", "--scram", "--send-as", "ann@north.example")
        self.add("dan", "--send-as", "desk@north.example")
        for implicit in (False, True):
            client = self.client(implicit)
            self.assertIn("SCRAM-SHA-256", client.esmtp_features["auth"])
            self.assertEqual(self.scram(client, "a,b=c@north.example", SECRET)[0], 235)
            client.sendmail("ann@north.example", ["suzie@south.example"],
                            message("ann@north.example", "suzie@south.example", f"scram-{implicit}"))
            self.south.await_mail("suzie", f"scram-{implicit}")
        self.assertEqual(self.code_of_login("a,b=c@north.example"), 235)  # PLAIN as before
        self.assertEqual(self.scram(self.client(), "dan", SECRET)[0], 535)  # without a verifier
        self.assertEqual(self.scram(self.client(), "joe@north.example", PASSWORD)[0], 535)

    def test_scram_failures_are_alike_whether_the_user_exists(self):
        self.add("ann@north.example", "--scram")
        said = [self.scram(self.client(), name, "wrong") for name in ("ann@north.example", "nobody@north.example")]
        self.assertEqual(said[0], (535, "5.7.8 authentication credentials invalid"))
        self.assertEqual(said[0], said[1])

    def challenge(self, name):
        client = self.client()
        code, challenge = client.docmd("AUTH", "SCRAM-SHA-256 " + base64.b64encode(f"n,,n={name},r=abc".encode()).decode())
        self.assertEqual(code, 334)
        values = dict(part.split("=", 1) for part in base64.b64decode(challenge).decode().split(","))
        return len(base64.b64decode(values["s"])), values["i"], values["s"]

    def test_who_exists_is_not_told_by_the_salt(self):
        self.add("ann@north.example", "--scram")
        ann, nobody = self.challenge("ann@north.example"), self.challenge("nobody@north.example")
        self.assertEqual(ann[:2], nobody[:2])
        self.assertEqual(nobody, self.challenge("nobody@north.example"))
        self.north.restart()
        self.assertEqual(nobody, self.challenge("nobody@north.example"))
        self.assertEqual(ann, self.challenge("ann@north.example"))

    def test_acting_as_another_by_scram_is_refused(self):
        self.add("ann@north.example", "--scram")
        client = self.client()
        first = "n,a=joe@north.example,n=ann@north.example,r=fyko+d2lbbFgONRv9qkxdawL"
        code, _ = self.scram(client, "ann@north.example", SECRET, first)
        self.assertEqual(code, 535)

    def test_a_client_of_another_make(self):
        """GNU SASL's program over STARTTLS."""
        gsasl = shutil.which("gsasl")
        if gsasl is None:
            self.skipTest("gsasl is not installed")
        self.add("ann@north.example", "--scram")
        for mechanism in ("SCRAM-SHA-256", "PLAIN", "LOGIN"):
            for secret, right in ((SECRET, True), ("wrong", False)):
                done = subprocess.run([gsasl, "--smtp", "--starttls", "--x509-ca-file", "", "--no-cb", "--connect",
                                       f"{self.north.address}:{self.north.submission_port}", "--mechanism", mechanism,
                                       "--authentication-id", "ann@north.example", "--authorization-id",
                                       "ann@north.example", "--password", secret],
                                      input="", capture_output=True, text=True, timeout=BOUND)
                spoken = done.stdout + done.stderr
                self.assertEqual("235 2.7.0" in spoken, right, f"{mechanism}: {spoken}")
                self.assertEqual("535 5.7.8" in spoken, not right, f"{mechanism}: {spoken}")

    def test_a_login_is_bound_to_its_connection(self):
        """SCRAM-SHA-256-PLUS with tls-exporter (RFC 9266), by GNU SASL's client."""
        gsasl = shutil.which("gsasl")
        if gsasl is None:
            self.skipTest("gsasl is not installed")
        self.add("ann@north.example", "--scram")
        for priority, offered in (("NORMAL", True), ("NORMAL:-VERS-TLS1.3", False)):
            for secret, right in ((SECRET, True), ("wrong", False)):
                done = subprocess.run([gsasl, "--smtp", "--starttls", "--x509-ca-file", "", "--priority", priority,
                                       "--connect", f"{self.north.address}:{self.north.submission_port}",
                                       "--mechanism", "SCRAM-SHA-256-PLUS", "--authentication-id", "ann@north.example",
                                       "--authorization-id", "ann@north.example", "--password", secret],
                                      input="", capture_output=True, text=True, timeout=BOUND)
                spoken = done.stdout + done.stderr
                self.assertEqual("SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN" in spoken, offered, spoken)
                self.assertEqual("235 2.7.0" in spoken, offered and right, spoken)

    def test_who_was_not_shown_the_better_mechanism_is_not_let_in(self):
        """RFC 5802 §6: a client that could bind and says that we cannot did not see our EHLO."""
        self.add("ann@north.example", "--scram")
        client = self.client()
        self.assertIn("SCRAM-SHA-256-PLUS", client.esmtp_features["auth"])
        code, _ = self.scram(client, "ann@north.example", SECRET, "y,,n=ann@north.example,r=fyko+d2lbbFgONRv9qkxdawL")
        self.assertEqual(code, 535)

    def test_wrong_passwords(self):
        self.add("ann@north.example")
        for name, secret in (("ann@north.example", "wrong"), ("ann@north.example", SECRET + " "),
                             ("Ann@north.example", SECRET), ("ann", SECRET), ("nobody", SECRET)):
            self.assertEqual(self.code_of_login(name, secret), 535, (name, secret))

    def test_passwords_in_other_spellings_of_the_same_letters(self):
        self.add("ann@north.example", "--scram", secret="p\u00e4ssword")
        plain = base64.b64encode("\0ann@north.example\0pa\u0308ssword".encode()).decode()
        self.assertEqual(self.client().docmd("AUTH", "PLAIN " + plain)[0], 235)


class Changing(UserCase):
    def test_a_new_user_is_in_force_at_once_and_after_kill_minus_nine(self):
        for n in range(5):
            name = f"u{n}@north.example"
            self.assertEqual(self.code_of_login(name), 535)
            self.assertIn("may log in, and send as", self.add(name))
            self.north.kill()
            self.north.start()
            self.assertEqual(self.code_of_login(name), 235)
        self.user("remove", "u0@north.example")
        self.north.kill()
        self.north.start()
        self.assertEqual(self.code_of_login("u0@north.example"), 535)
        self.assertEqual(self.code_of_login("u1@north.example"), 235)

    def assert_ended(self, client):
        """What was logged in sends nothing more; the connection ends."""
        code, text = client.mail("ann@north.example")
        self.assertEqual((code, text[:5]), (421, b"4.7.0"))
        self.assertRaises(smtplib.SMTPServerDisconnected, client.noop)

    def test_a_removed_user_sends_nothing_more(self):
        self.add("ann@north.example")
        client = self.logged_in("ann@north.example")
        self.user("remove", "ann@north.example")
        self.assert_ended(client)
        self.assertEqual(self.code_of_login("ann@north.example"), 535)

    def test_a_message_under_way_is_not_taken_from_a_removed_user(self):
        self.add("ann@north.example")
        client = self.logged_in("ann@north.example")
        self.assertEqual(client.mail("ann@north.example")[0], 250)
        self.assertEqual(client.rcpt("suzie@south.example")[0], 250)
        self.user("remove", "ann@north.example")
        code, text = client.data(message("ann@north.example", "suzie@south.example", "under-way"))
        self.assertEqual(code, 421, text)
        self.north.await_empty_queue()
        self.assertEqual(self.south.find("suzie", "under-way"), [])

    def test_a_new_password_counts_at_once_and_the_old_one_no_more(self):
        self.add("ann@north.example", "--scram")
        client = self.logged_in("ann@north.example")
        self.assertIn("SCRAM is off", self.user("passwd", "ann@north.example", "--password-stdin", stdin="another one\n"))
        self.assert_ended(client)
        self.assertEqual(self.code_of_login("ann@north.example"), 535)
        self.assertEqual(self.code_of_login("ann@north.example", "another one"), 235)
        self.assertFalse(self.users()["ann@north.example"]["scram"])
        self.user("passwd", "ann@north.example", "--scram", "--password-stdin", stdin="the third one\n")
        self.assertEqual(self.scram(self.client(), "ann@north.example", "the third one")[0], 235)
        self.assertEqual(self.scram(self.client(), "ann@north.example", SECRET)[0], 535)

    def test_a_disabled_user_waits_to_be_enabled(self):
        self.add("ann@north.example")
        client = self.logged_in("ann@north.example")
        self.user("disable", "ann@north.example")
        self.assert_ended(client)
        self.assertEqual(self.code_of_login("ann@north.example"), 535)
        self.assertIn("disabled", self.user("list"))
        self.user("enable", "ann@north.example")
        self.assertEqual(self.code_of_login("ann@north.example"), 235)

    def test_users_of_the_configuration_file_are_changed_there(self):
        for arguments in (("add", "joe@north.example", "--password-stdin"), ("remove", "joe@north.example"),
                          ("passwd", "joe@north.example", "--password-stdin"), ("disable", "joe@north.example"),
                          ("may-send-as", "joe@north.example", "--add", "desk@north.example")):
            code, said = self.refused(*arguments, stdin="xxxxxxxx\n")
            self.assertEqual(code, EX_DATAERR)
            self.assertIn("stands in the configuration file", said)
        self.assertEqual(self.code_of_login("joe@north.example", PASSWORD), 235)
        self.assertTrue(self.users()["joe@north.example"]["configured"])
        self.assertIn("configuration file", self.user("list"))

    def test_what_cannot_be_is_said(self):
        self.add("ann@north.example")
        for arguments, stdin, status, words in (
                (("add", "ann@north.example", "--password-stdin"), "xxxxxxxx\n", EX_DATAERR, "already"),
                (("add", "bob@elsewhere.example", "--password-stdin"), "xxxxxxxx\n", EX_DATAERR, "none of the domains"),
                (("add", "bob", "--password-stdin"), "xxxxxxxx\n", EX_DATAERR, "as whom"),
                (("add", "bob", "--send-as", "bob", "--password-stdin"), "xxxxxxxx\n", EX_DATAERR, "write an address"),
                (("add", "bob@north.example", "--password-stdin"), "seven77\n", EX_DATAERR, "8 to 255 octets"),
                (("add", "bob@north.example", "--password-stdin"), "x" * 256 + "seven77\n", EX_DATAERR, "8 to 255 octets"),
                (("add", "bob@north.example", "--password-stdin"), "tab\tinside\n", EX_DATAERR, "RFC 4013"),
                (("add", "bob@north.example"), "x\n", EX_USAGE, "--password-stdin"),
                (("add", "bob@north.example", "--password", "x"), "", EX_USAGE, "--password"),
                (("remove", "nobody"), "", EX_DATAERR, "no user"),
                (("may-send-as", "ann@north.example"), "", EX_USAGE, "--add"),
                (("may-send-as", "ann@north.example", "--remove", "desk@north.example"), "", EX_DATAERR, "no right"),
                (("may-send-as", "ann@north.example", "--remove", "ann@north.example"), "", EX_DATAERR, "without an"),
                (("may-send-as", "nobody", "--add", "ann@north.example"), "", EX_DATAERR, "no user")):
            code, said = self.refused(*arguments, stdin=stdin)
            self.assertEqual(code, status, (arguments, said))
            self.assertIn(words, said)
        self.assertEqual(sorted(self.users()), ["ann@north.example", "joe@north.example"])

    def test_no_secret_is_shown(self):
        self.add("ann@north.example", "--scram")
        shown = self.user("list") + self.user("list", "--json") + self.north.log.read_text()
        for secret in (SECRET, "argon2", "SCRAM-SHA-256$"):
            self.assertNotIn(secret, shown)

    def test_a_password_is_asked_for_twice_and_not_shown(self):
        """On a terminal, as people have it."""
        for again, added in ((SECRET, True), ("different", False)):
            self.addCleanup(lambda: self.user("remove", "ann@north.example", check=False))
            master, slave = os.openpty()
            process = subprocess.Popen([CAS, "user", "add", "ann@north.example", "--config", str(self.north.config)],
                                       stdin=slave, stdout=subprocess.PIPE, stderr=slave)
            os.close(slave)
            seen = b""
            for question, answer in ((b"Password: ", SECRET), (b"Again: ", again)):
                while question not in seen:
                    seen += os.read(master, 1000)
                os.write(master, answer.encode() + b"\n")
            process.communicate(timeout=BOUND)
            self.assertNotIn(SECRET.encode(), seen)
            self.assertEqual(process.returncode, 0 if added else EX_DATAERR)
            self.assertEqual("ann@north.example" in self.users(), added)
            if added:
                self.assertEqual(self.code_of_login("ann@north.example"), 235)
                self.user("remove", "ann@north.example")
            os.close(master)


class SendingAs(UserCase):
    def sends(self, client, envelope, author, token):
        """250, or the reply that refused."""
        try:
            client.sendmail(envelope, ["suzie@south.example"], message(author, "suzie@south.example", token))
        except smtplib.SMTPSenderRefused as error:
            return "envelope", error.smtp_code, error.smtp_error[:5].decode()
        except smtplib.SMTPDataError as error:
            return "author", error.smtp_code, error.smtp_error[:5].decode()
        return 250

    def test_envelope_and_author_are_the_users(self):
        self.add("ann@north.example")
        client = self.logged_in("ann@north.example")
        self.assertEqual(self.sends(client, "ann@north.example", "ann@north.example", "own"), 250)
        self.assertEqual(self.sends(client, "ann+list@north.example", "Ann+News@North.example", "sub"), 250)
        self.assertEqual(self.sends(client, "joe@north.example", "ann@north.example", "x"), ("envelope", 550, "5.7.1"))
        self.assertEqual(self.sends(client, "ann@north.example", "joe@north.example", "x"), ("author", 550, "5.7.1"))
        self.assertEqual(self.sends(client, "ann@north.example", "anna@north.example", "x"), ("author", 550, "5.7.1"))
        self.assertEqual(self.sends(client, "ann@south.example", "ann@south.example", "x"), ("envelope", 550, "5.7.1"))
        for token in ("own", "sub"):
            self.assert_results(self.south.await_mail("suzie", token), "mx.south.example", "cas=pass")

    def test_a_right_that_is_delegated_and_taken_back(self):
        self.add("ann@north.example")
        client = self.logged_in("ann@north.example")
        self.assertEqual(self.sends(client, "joe@north.example", "joe@north.example", "x")[0], "envelope")
        self.user("may-send-as", "ann@north.example", "--add", "joe@north.example", "--add", "desk@north.example")
        self.assertEqual(self.sends(client, "joe@north.example", "joe@north.example", "for-joe"), 250)
        self.assertEqual(self.sends(client, "ann@north.example", "desk@north.example", "for-desk"), 250)
        self.user("may-send-as", "ann@north.example", "--remove", "joe@north.example")
        self.assertEqual(self.sends(client, "joe@north.example", "joe@north.example", "x")[0], "envelope")
        self.assertEqual(self.sends(client, "ann@north.example", "joe@north.example", "x")[0], "author")
        self.south.await_mail("suzie", "for-joe")

    def test_everybody_of_a_domain(self):
        self.add("robot", "--send-as", "*@north.example")
        client = self.logged_in("robot")
        self.assertEqual(self.sends(client, "any.body@north.example", "boss@north.example", "wild"), 250)
        self.assertEqual(self.sends(client, "joe@south.example", "joe@south.example", "x")[0], "envelope")
        self.assertEqual(self.sends(client, "joe@x.north.example", "joe@x.north.example", "x")[0], "envelope")
        self.assertEqual(self.users()["robot"]["send_as"], ["*@north.example"])


class Guessing(UserCase):
    limits = {"auth_failures_per_account": 3, "auth_failures_per_network": 8, "exempt": ["127.255.0.0/16"]}

    def setUp(self):
        super().setUp()
        self.north.restart()  # forgets what was guessed

    def from_elsewhere(self):
        """A client in another network."""
        client = smtplib.SMTP(self.north.address, self.north.submission_port, timeout=BOUND,
                              local_hostname="client.example", source_address=("127.9.9.9", 0))
        client.starttls(context=client_tls())
        client.ehlo()
        self.addCleanup(client.close)
        return client

    def plain(self, client, name, secret):
        code, text = client.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{name}\0{secret}".encode()).decode())
        return code, text[:5].decode()

    def test_a_name_is_locked_whatever_the_password_and_whether_it_exists(self):
        self.add("ann@north.example", "--scram")
        for name in ("ann@north.example", "nobody@north.example"):
            for _ in range(3):
                self.assertEqual(self.plain(self.client(), name, "guess"), (535, "5.7.8"))
            self.assertEqual(self.plain(self.client(), name, SECRET), (454, "4.7.0"))
            self.assertEqual(self.plain(self.from_elsewhere(), name, SECRET), (454, "4.7.0"))
            self.assertEqual(self.scram(self.from_elsewhere(), name, SECRET)[0], 454)
        self.assertEqual(self.plain(self.client(), "joe@north.example", PASSWORD)[0], 235)
        self.assertIn("locked-account", self.north.log.read_text())

    def test_a_network_is_locked_whatever_the_name(self):
        self.add("ann@north.example")
        for n in range(8):
            self.assertEqual(self.plain(self.client(), f"name{n}", "guess"), (535, "5.7.8"))
        self.assertEqual(self.plain(self.client(), "ann@north.example", SECRET), (454, "4.7.0"))
        self.assertEqual(self.plain(self.from_elsewhere(), "ann@north.example", SECRET)[0], 235)

    def test_scram_is_counted_too(self):
        self.add("ann@north.example", "--scram")
        for _ in range(3):
            self.assertEqual(self.scram(self.client(), "ann@north.example", "guess")[0], 535)
        self.assertEqual(self.plain(self.client(), "ann@north.example", SECRET), (454, "4.7.0"))

    def test_strangers_do_not_lock_out_who_is_known_there(self):
        self.add("ann@north.example")
        self.assertEqual(self.plain(self.client(), "ann@north.example", SECRET)[0], 235)
        for _ in range(3):
            self.assertEqual(self.plain(self.from_elsewhere(), "ann@north.example", "guess")[0], 535)
        self.assertEqual(self.plain(self.from_elsewhere(), "ann@north.example", SECRET)[0], 454)
        self.assertEqual(self.plain(self.client(), "ann@north.example", SECRET)[0], 235)


if __name__ == "__main__":
    unittest.main()
