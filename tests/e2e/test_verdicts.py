# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Who gets through, and why: exceptions in real dialogs, what only the message can tell, observing, and `cas why`."""

import json
import re
import smtplib
import subprocess
import unittest

from .harness import BOUND, CAS, WorldCase, cas, message, poll
from .peer import Sink


class Dialogs(WorldCase):
    """What both below need."""

    def tool(self, *arguments, check=True):
        return cas(*arguments, "--config", self.south.config, check=check)

    def connect(self):
        client = smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example")
        self.addCleanup(client.close)
        client.ehlo()
        return client

    def signed(self, octets, domain):
        done = subprocess.run([CAS, "sign", "--domain", domain, "--key", f"cas1={self.world.signing_key(domain)}"],
                              input=octets, capture_output=True, check=True)
        return done.stdout

    def replies(self, sender, to, octets):
        """What MAIL, each RCPT and the end of data were told; None where it did not come to that."""
        client = self.connect()
        client.mail(sender)
        told = [client.rcpt(one) for one in to]
        end = client.data(octets) if any(code == 250 for code, _ in told) else None
        client.quit()
        return [f"{code} {text.decode()}" for code, text in told], end and f"{end[0]} {end[1].decode()}"


class Verdicts(Dialogs):
    @classmethod
    def build(cls, world):
        cls.south = world.server("req.example", mailboxes=("suzie", "bob", "ann", "max"), mode="required")
        cls.south.add_domain("opt.example", ["suzie", "bob"])
        cls.south.add_domain("hold.example", ["suzie", "bob", "ann"])
        cls.south.domains[2]["more"] = {"screener": "hold"}
        cls.south.add_domain("look.example", ["suzie"], mode="required")
        cls.south.domains[3]["more"] = {"screener": "defer", "observe": True}
        for domain in ("x.example", "y.example", "list.example"):
            world.signing_key(domain)
        world.publish("spf.example. 5 IN TXT \"v=spf1 ip4:127.0.0.0/8 -all\"")

    # ---- Exempt ----

    def test_an_address_alone_needs_no_confirm_where_a_client_is_exempt(self):
        plain = message("joe@z.example", "suzie@req.example", "by-client")
        told, end = self.replies("joe@z.example", ["suzie@req.example"], plain)
        self.assertEqual((told[0][:9], end), ("530 5.7.0", None))
        self.tool("exempt", "add", "127.0.0.0/8", "--for", "suzie@req.example", "--reason", "own filters")
        told, end = self.replies("joe@z.example", ["suzie@req.example", "bob@req.example"], plain)
        self.assertIn("[CAS:exempt]", told[0])
        self.assertEqual(told[1][:9], "530 5.7.0")
        self.assertEqual(end[:3], "250")
        got = self.south.await_mail("suzie", "by-client", domain="req.example")
        self.assertIn("policy.cas=exempt", got["Authentication-Results"])
        self.tool("exempt", "remove", "127.0.0.0/8", "--for", "suzie@req.example")
        self.assertEqual(self.replies("joe@z.example", ["suzie@req.example"], plain)[0][0][:3], "530", "at once")

    def test_a_name_is_exempt_only_where_a_signature_proves_it(self):
        self.tool("exempt", "add", "x.example", "--for", "req.example")
        self.addCleanup(self.tool, "exempt", "remove", "x.example", "--for", "req.example")
        real = self.signed(message("joe@x.example", "bob@req.example", "proven"), "x.example")
        told, end = self.replies("joe@x.example", ["bob@req.example", "ann@req.example"], real)
        self.assertEqual([t[:9] for t in told], ["250 2.1.5", "452 4.5.3"], "one at a time: it is judged at its end")
        self.assertEqual(end[:3], "250")
        self.south.await_mail("bob", "proven", domain="req.example")
        forged = message("joe@x.example", "bob@req.example", "forged")
        told, end = self.replies("joe@x.example", ["bob@req.example"], forged)
        self.assertRegex(end, r"^550 5\.7\.1 \[CAS:required\]")
        other = self.signed(message("joe@x.example", "bob@req.example", "other"), "y.example")
        self.assertEqual(self.replies("joe@x.example", ["bob@req.example"], other)[1][:3], "550")

    def test_what_a_provisional_answer_says_does_not_depend_on_the_mailbox(self):
        self.tool("exempt", "add", "y.example", "--for", "ann@req.example")
        self.addCleanup(self.tool, "exempt", "remove", "y.example", "--for", "ann@req.example")
        octets = message("joe@z.example", "x@req.example", "harvest")
        seen = {str(self.replies("joe@z.example", [f"{who}@req.example"], octets)) for who in ("ann", "bob", "nobody")}
        self.assertEqual(len(seen), 1, seen)

    def test_spf_is_a_proof_for_the_envelope_sender_where_the_entry_says_so(self):
        self.tool("exempt", "add", "spf.example", "--proof", "spf", "--for", "max@req.example")
        octets = message("joe@spf.example", "max@req.example", "by-spf")
        told, end = self.replies("joe@spf.example", ["max@req.example"], octets)
        self.assertIn("[CAS:exempt]", told[0])
        self.assertEqual(end[:3], "250")
        told, _ = self.replies("joe@z.example", ["max@req.example"], octets)
        self.assertEqual(told[0][:3], "530")

    # ---- Blocks ----

    def test_who_is_blocked_is_refused_as_client_envelope_sender_and_author(self):
        self.tool("block", "add", ".bad.example")
        self.tool("block", "add", "evil@z.example", "--for", "bob@opt.example")
        told, _ = self.replies("x@mail.bad.example", ["suzie@opt.example"], b"")
        self.assertRegex(told[0], r"^550 5\.7\.1 \[CAS:refused\]")
        octets = message("evil@z.example", "bob@opt.example", "by-author")
        told, end = self.replies("bounce@elsewhere.example", ["bob@opt.example"], octets)
        self.assertEqual((told[0][:3], end[:9]), ("250", "550 5.7.1"))
        self.assertEqual(self.replies("x@mail.bad.example", ["postmaster@opt.example"], octets)[0][0][:3], "250")

    def test_nobody_is_refused_for_what_a_neighbour_wants(self):
        self.tool("block", "add", "pest@z.example", "--for", "suzie@opt.example")
        octets = message("pest@z.example", "bob@opt.example", "two-fates")
        told, end = self.replies("list@elsewhere.example", ["suzie@opt.example", "bob@opt.example"], octets)
        self.assertEqual(end[:3], "250")
        self.south.await_mail("bob", "two-fates", domain="opt.example")
        poll(lambda: self.south.folder("suzie", "Junk", "opt.example"), "the other copy is aside")
        self.assertFalse(self.south.find("suzie", "two-fates", "opt.example"))

    # ---- Allow, and what comes together ----

    def test_an_allow_entry_skips_the_screener_for_who_proves_it(self):
        self.tool("allow", "add", "friend@x.example", "--for", "hold.example")
        friend = self.signed(message("friend@x.example", "suzie@hold.example", "let-in"), "x.example")
        self.replies("friend@x.example", ["suzie@hold.example"], friend)
        self.south.await_mail("suzie", "let-in", domain="hold.example")
        claims = message("friend@x.example", "suzie@hold.example", "claims-it")
        self.replies("friend@x.example", ["suzie@hold.example"], claims)
        poll(lambda: any(b"claims-it" in m for m in self.south.folder("suzie", "Screener", "hold.example")), "it waits")

    def test_the_same_stranger_proven_and_not_are_two(self):
        octets = message("two@y.example", "bob@hold.example", "as-two")
        self.replies("two@y.example", ["bob@hold.example"], self.signed(octets, "y.example"))
        self.replies("two@y.example", ["bob@hold.example"], octets)
        rows = json.loads(self.tool("screener", "list", "bob@hold.example", "--json"))["senders"]
        self.assertEqual(sorted(row["sender"] for row in rows), ["?two@y.example", "two@y.example"])
        self.tool("screener", "approve", "bob@hold.example", "two@y.example")
        poll(lambda: len(self.south.find("bob", "as-two", "hold.example")) == 1, "the proven one")
        self.assertEqual(len(self.south.folder("bob", "Screener", "hold.example")), 1)

    # ---- Observing ----

    def test_a_domain_that_observes_takes_all_and_says_what_it_would_have_done(self):
        octets = message("joe@z.example", "suzie@look.example", "observed")
        told, end = self.replies("joe@z.example", ["suzie@look.example"], octets)
        self.assertEqual((told[0][:3], end[:3]), ("250", "250"))
        self.south.await_mail("suzie", "observed", domain="look.example")
        self.assertIn("observed=required", self.south.log.read_text())
        self.assertEqual(self.replies("joe@z.example", ["nobody@look.example"], octets)[0][0][:9], "550 5.1.1")

    # ---- Why ----

    def test_why_says_what_becomes_of_a_message_in_each_way_it_can_come(self):
        entry = self.tool("exempt", "add", "why.example", "--for", "req.example")
        number = re.search(r"\d+", entry).group(0)
        text = self.tool("why", "joe@why.example", "suzie@req.example")
        self.assertRegex(text, r"with an intent \(CAS\):\n(.*\n)*  so +confirmed, rule listed")
        self.assertRegex(text, rf"signed \(DKIM\) for the author:\n  entries   {number} exempt .*: decides\n  so +exempt, rule exempt")
        self.assertRegex(text, r"with nothing proven:\n(.*\n)*  so +refused, rule required")
        steps = self.tool("why", "joe@why.example", "suzie@req.example", "--unproven")
        self.assertRegex(steps, r"no +relay-denied: ")
        self.assertRegex(steps, r"yes +required: ")
        self.assertIn("cas exempt add joe@why.example --for suzie@req.example", steps)
        self.assertIn(f"entry {number} (exempt) would hold if its proof were there", steps)

    def test_why_goes_by_a_message_in_a_file_and_by_one_that_came(self):
        octets = self.signed(message("joe@y.example", "ann@hold.example", "in-a-file"), "y.example")
        file = self.south.directory / "message.eml"
        file.write_bytes(octets)
        text = self.tool("why", "joe@y.example", "ann@hold.example", "--message", file)
        self.assertIn("joe@y.example, signed for", text)
        self.assertIn("held, rule held", text)
        self.replies("joe@y.example", ["ann@hold.example"], octets)
        line = poll(lambda: next((l for l in self.south.log.read_text().splitlines()
                                  if "rcpt to=ann@hold.example" in l and "rule=held" in l), None), "it was held")
        trace = line.split()[2]
        text = self.tool("why", "joe@y.example", "ann@hold.example", "--trace", trace)
        self.assertRegex(text, r"was +held, rule held: 250")
        self.assertIn("cas screener approve ann@hold.example joe@y.example", text)
        self.assertEqual(self.tool("why", "--trace", trace), text, "the trace knows who wrote, and to whom")
        self.replies("joe@y.example", ["ann@hold.example", "suzie@opt.example"], octets)
        line = poll(lambda: next((l for l in self.south.log.read_text().splitlines() if "rcpt to=suzie@opt.example" in l
                                  and "joe@y.example" in l), None), "two recipients")
        done = subprocess.run([CAS, "why", "--trace", line.split()[2], "--config", self.south.config], capture_output=True, text=True,
                              timeout=BOUND)
        self.assertIn("several recipients: name FROM and one of ann@hold.example, suzie@opt.example", done.stderr)

    def test_what_why_offers_for_pasting_is_quoted(self):
        text = self.tool("why", '"$(touch x)"@inj.example', "ann@hold.example", "--unproven")
        self.assertIn("""cas screener approve ann@hold.example '?"$(touch x)"@inj.example' --unauthenticated""", text)
        self.assertIn("cas screener approve ann@hold.example '?joe@z.example' --unauthenticated",
                      self.tool("why", "joe@z.example", "ann@hold.example", "--unproven"))


class Holes(Dialogs):
    """What strangers could do to get past a Screener, a block or a mailbox's owner."""

    @classmethod
    def build(cls, world):
        cls.sink = Sink(str(world.directory / "lmtp"), None, lambda *_: None, lmtp=True)
        cls.addClassCleanup(cls.sink.close)
        cls.south = world.server("south.example", mailboxes=("suzie", "kim", "bob"))
        cls.south.domains[0]["more"] = {"screener": "hold"}
        cls.south.add_domain("backend.example", ["suzie"])
        cls.south.domains[1]["deliver"] = f"lmtp:unix:{world.directory / 'lmtp'}"
        cls.south.domains[1]["more"] = {"screener": "hold", "authentication": "act"}
        cls.south.add_domain("look.example", ["joe"], mode="required")
        cls.south.domains[2]["more"] = {"observe": True}
        aliases = world.directory / "aliases"
        aliases.write_text("ann\nteam: ann\n")
        cls.south.add_domain("file.example", None)
        cls.south.domains[3]["more"] = {"screener": "hold", "recipients": "file", "recipients_file": str(aliases)}
        for domain in ("friend.example", "attacker.example"):
            world.signing_key(domain)

    def held(self, mailbox):
        return json.loads(self.tool("screener", "show", mailbox, "--json"))["held"]

    def test_a_second_recipient_brings_nothing_into_an_inbox_behind_a_server(self):
        bulk = message("news@z.example", "suzie@backend.example", "bulk-behind", extra="List-Id: <n.z.example>\r\n")
        told, end = self.replies("news@z.example", ["suzie@backend.example"], bulk)
        self.assertIn("[CAS:consent]", end)
        told, end = self.replies("news@z.example", ["suzie@backend.example", "postmaster@backend.example"], bulk)
        self.assertEqual(end[:3], "250")
        poll(lambda: any(b"bulk-behind" in octets for _, _, octets in self.sink.messages), "postmaster has it")
        self.assertEqual([to for _, to, octets in self.sink.messages if b"bulk-behind" in octets],
                         [["postmaster@backend.example"]])
        self.assertTrue(any(row["subject"] == "bulk-behind" for row in self.held("suzie@backend.example")))

    def test_mail_that_fails_authentication_waits_too_where_there_is_no_folder_for_it(self):
        twice = message("joe@z.example", "suzie@backend.example", "two-authors", extra="From: x@y.example\r\n")
        self.assertEqual(self.replies("joe@z.example", ["suzie@backend.example"], twice)[1][:3], "250")
        self.assertTrue(any(row["subject"] == "two-authors" for row in self.held("suzie@backend.example")))
        self.assertFalse(any(b"two-authors" in octets for _, _, octets in self.sink.messages))

    def test_who_is_named_twice_gets_what_the_better_name_may_have(self):
        self.tool("screener", "block", "ann@file.example", "evil@z.example")
        octets = message("evil@z.example", "ann@file.example", "named-twice")
        self.assertEqual(self.replies("evil@z.example", ["ann@file.example"], octets)[1][:3], "550")
        told, end = self.replies("evil@z.example", ["ann@file.example", "team@file.example"], octets)
        self.assertNotIn("named-twice", str(self.south.mail("ann", "file.example")))
        self.assertEqual(end[:3], "550", "both names lead to one owner, who blocked him")

    def test_a_list_of_ones_own_does_not_make_one_a_friend(self):
        self.tool("screener", "approve", "suzie@south.example", "friend.example")
        forged = self.signed(message("boss@friend.example", "suzie@south.example", "forged-list",
                                     extra="List-Id: <x.attacker.example>\r\n"), "attacker.example")
        self.assertIn("[CAS:consent]", self.replies("x@attacker.example", ["suzie@south.example"], forged)[1])
        self.assertFalse(self.south.find("suzie", "forged-list", "south.example"))

    def test_what_has_no_mailbox_is_not_taken_where_a_domain_observes(self):
        self.tool("exempt", "add", "x.example")
        self.addCleanup(self.tool, "exempt", "remove", "x.example")
        octets = message("joe@z.example", "joe@look.example", "observes")
        told, end = self.replies("joe@z.example", ["joe@look.example", "nosuch@look.example"], octets)
        self.assertEqual([t[:9] for t in told], ["250 2.1.5", "550 5.1.1"])
        self.south.await_mail("joe", "observes", domain="look.example")

    def test_an_owners_block_holds_for_his_other_names(self):
        self.tool("allow", "add", "127.0.0.0/8")
        self.addCleanup(self.tool, "allow", "remove", "127.0.0.0/8")
        self.tool("block", "add", "evil@z.example", "--for", "kim@south.example")
        for name in ("kim", "kim+x", "KIM+y"):
            told, _ = self.replies("evil@z.example", [f"{name}@south.example"], b"")
            self.assertIn("[CAS:refused]", told[0], name)

    def test_what_comes_after_a_clear_is_not_thrown_away(self):
        for n in range(4):
            octets = message("s@z.example", "bob@south.example", f"clear-{n}")
            self.assertEqual(self.replies("s@z.example", ["bob@south.example"], octets)[1][:3], "250")
            if n == 2:
                self.tool("screener", "clear", "bob@south.example", "?s@z.example")
        poll(lambda: [row["subject"] for row in self.held("bob@south.example")] == ["clear-3"], "the last one waits")
        poll(lambda: len(self.south.folder("bob", "Screener", "south.example")) == 1, "and lies in its folder")


if __name__ == "__main__":
    unittest.main()
