# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas conformance` finds nothing wrong with `cas serve` and with a second implementation, and finds each of many rules
that the second one is told to break. What it promises of the mailboxes is what is in them."""

import collections
import json
import re
import subprocess
import unittest

from .broken import Receiver
from .harness import BOUND, CAS, World, WorldCase, cas, poll

DOMAINS = {
    "south.example": ("optional", ["suzie", "bob", "postmaster"]),
    "required.example": ("required", ["suzie", "postmaster"]),
    "off.example": ("off", ["suzie"]),
}
PEOPLE = ["--recipient", "suzie@south.example", "--second", "bob@south.example", "--required-recipient",
          "suzie@required.example", "--off-recipient", "suzie@off.example", "--domain", "west.example"]

# Rule of broken.py -> the checks that must fail when it is broken.
DEFECTS = {
    # §4.2, §4.3
    "any-order": "tag-order", "unknown-tag": "tag-unknown", "repeated-tag": "tag-repeated",
    "trailing-blank": "white-space", "versions-alike": "version", "unused-bits": "unused-bits",
    "upper-case-domain": "domain-names", "lower-hex": "hex-case", "encoded-plain": "encoded-plain",
    "raw-octets": "raw-octets", "unordered": "recipient-order", "listed-twice": "recipient-twice",
    "list-capitals": "list-id", "tags-optional": "tag-missing", "garbage-passed": "argument poison-malformed",
    "algorithm-first": "algorithm", "any-identifier": "identifier", "any-seconds": "seconds",
    "long-local-part": "local-part", "many-recipients": "recipient-count", "any-class": "class-letter",
    "any-hop": "hop", "any-digest": "digest-form", "long-signature": "signature-form",
    "no-percent": "right-spellings line-8192",
    # §4.4 to §4.7
    "digest-ignored": "digest-body digest-header bdat-digest", "digest-ignored from-ignored": "digest-second-from",
    "folding-counts": "digest-refolded", "trace-counts": "digest-trace", "simple-body": "digest-blanks",
    "empty-body-is-a-line": "digest-no-body", "fields-forward": "digest-fields",
    "seven-bit": "digest-8bit",
    "no-signature": "signature-other-key signature-octet forwarded-forged poison poison-pipelined",
    "no-rsa": "signature-rsa", "nothing-verifies": "signature-right", "no-alignment": "align-other align-letters align-parent",
    "letters-align": "align-letters", "envelope-ignored": "envelope-other", "q-ignored": "recipient-domain",
    "forwarder-trusted": "forwarded", "below-refused": "align-below", "null-refused": "envelope-null",
    "f-aligned": "envelope-unaligned", "mail-literal": "envelope-spelling", "mail-case-ignored": "envelope-spelling",
    # §5.1, §5.2
    "no-pipelining": "keyword", "all-lines-long": "other-lines", "short-line": "line-8192", "long-line": "line-8193",
    "before-mail": "before-mail", "confirmed-twice": "twice", "after-rcpt": "after-rcpt",
    "upper-case-verb": "verb-case", "wordless": "before-mail twice after-rcpt line-8193",
    # §5.3, §5.4
    "reply-missing": "one-reply-each", "replies-swapped": "one-reply-each pipelined-right pipelined-forged",
    "no-poison": "poison poison-pipelined poison-transient poison-malformed twice after-rcpt line-8193 "
                 "secret-after-failure poison-bdat",
    "chunk-not-dropped": "poison-bdat", "endless-failures": "third-failure",
    # §5.5, §5.6
    "unlisted-confirmed": "recipient-unlisted", "dots-kept": "data-dots", "line-end-kept": "bdat-line-end",
    "bare-lf-ends": "bare-lf", "bare-cr-ends": "bare-cr", "bare-kept": "bare-lf bare-cr bare-bdat",
    "one-recipient": "recipients again-fewer", "unknown-accepted": "recipient-unknown",
    "postmaster-unlisted": "recipient-postmaster", "bdat-unknown": "bdat bdat-chunks poison-bdat",
    "dots-in-chunks": "bdat-chunks", "rcpt-case-ignored": "recipient-spelling",
    "any-domain": "recipient-elsewhere",
    # §5.7, §5.8
    "rset-keeps": "rset", "ehlo-keeps": "ehlo", "end-keeps": "end-of-data", "reservation-stuck": "reservation",
    "announced-in-clear": "clear-keyword", "spoken-in-clear": "clear-confirm",
    # §6.1
    "revoked-ignored": "key-revoked", "testing-confirms": "key-testing required-testing",
    "strict-ignored": "key-strict", "service-ignored": "key-service", "several-keys": "key-several",
    "missing-is-testing": "key-missing", "kind-ignored no-signature": "key-kind",
    # §8.1, §8.2
    "expiry-ignored": "expired", "future-ignored": "future poison-transient", "no-skew": "skew",
    "lifetime-ignored": "lifetime-short lifetime-long", "backwards": "lifetime-negative", "off-judged": "off",
    "expiry-wins": "again-expired", "expiry-first": "order", "nobody-exempt": "required-exempt", "testing-admits": "required-testing",
    "required-open": "required required-testing", "required-deaf": "required-confirmed",
    # §8.3
    "from-ignored": "from-other from-two from-fields from-none", "first-from": "from-two from-fields",
    "any-from": "from-two from-fields", "dates-ignored": "date message-id",
    "class-ignored": "class-personal class-automatic class-bulk", "personal-only": "class-right",
    "from-case-ignored": "from-spelling", "from-literal": "from-spelling",
    # §8.5
    "unknown-told": "secret-after-failure", "unlisted-told": "secret-unlisted", "required-tells": "secret-required",
    "confirm-tells": "secret-confirm recipient-unknown",
    # §10.1
    "replay-refused": "again again-times again-fewer again-expired", "replay-swallowed": "again-other",
    "times-in-ledger": "again-expired", "no-reservation": "reserved", "intent-once": "again-more again-fewer",
}


def zone_of(setup):
    """The records that --print-setup shows, as they stand there: (name, the line)."""
    return [(line.partition(". ")[0], line) for line in setup.splitlines() if " IN TXT " in line]


def run_conformance(*arguments):
    """Exit status and both outputs."""
    done = subprocess.run([CAS, "conformance", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=4 * BOUND)
    return done.returncode, done.stdout, done.stderr


def prepare(world):
    """Key options, and the setup that the command asks for."""
    rsa = world.directory / "rsa.pem"
    cas("keys", "generate", "--type", "rsa", "--out", rsa)
    keys = ["--key", world.directory / "west.pem", "--rsa-key", rsa]
    status, setup, err = run_conformance("127.0.0.1:1", *PEOPLE, *keys, "--print-setup")
    assert status == 0, err
    return keys, setup


class ConformanceCase(unittest.TestCase):
    def report_of(self, words, wanted_status=0):
        status, out, err = run_conformance(*words, "--yes", "--json")
        self.assertEqual(err, "")
        report = json.loads(out)
        by_result = {result: [c for c in report["checks"] if c["result"] == result]
                     for result in ("holds", "fails", "not checked")}
        self.assertEqual(status, wanted_status, json.dumps(by_result["fails"], indent=1))
        return report, by_result

    def assert_promised(self, report, delivered):
        """Every message is where the report says, as often as it says, and there are no others.
        `delivered`: (mailbox, octets) pairs."""
        found = collections.Counter((mailbox, message_id(octets)) for mailbox, octets in delivered)
        promised = {(m["mailbox"], m["message_id"]): m["copies"] for m in report["messages"]}
        self.assertEqual(dict(found), {key: copies for key, copies in promised.items() if copies})
        self.assertIn(0, promised.values())


def message_id(octets):
    return re.search(rb"(?m)^Message-ID: (\S+)", octets)[1].decode()


class AgainstServe(WorldCase, ConformanceCase):
    """`cas serve`."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=DOMAINS["south.example"][1])
        for name in ("required.example", "off.example"):
            cls.south.add_domain(name, DOMAINS[name][1], mode=DOMAINS[name][0])
        cls.keys, cls.setup_text = prepare(world)
        world.publish("\n".join(line for _, line in zone_of(cls.setup_text)))
        cls.words = [f"{cls.south.address}:{world.port}", *PEOPLE, *cls.keys, "--resolver",
                     f"{world.dns.address}@{world.dns.port}"]

    def delivered(self):
        return [(f"{mailbox}@{domain}", octets) for domain, (_, mailboxes) in DOMAINS.items() for mailbox in mailboxes
                for octets in self.south.mail(mailbox, domain)]

    def test_everything_holds(self):
        report, results = self.report_of(self.words)
        self.assertEqual(results["not checked"], [])
        self.assertEqual(report["advice"], [])
        wanted = sum(m["copies"] for m in report["messages"])
        poll(lambda: len(self.delivered()) >= wanted, "what was promised is delivered")
        self.south.await_empty_queue()
        self.assert_promised(report, self.delivered())

    def test_lines_for_people(self):
        status, out, _ = run_conformance(*self.words, "--yes", "--only", "§5.4", "--only", "keyword")
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"(?m)^§5\.1  keyword +holds: CAS 1 is announced inside TLS")
        self.assertIn("is not verified", out)
        self.assertRegex(out.splitlines()[-1], r"^conformance: [0-9]+ hold, 0 fail, 0 not checked$")

    def test_nothing_is_sent_unasked(self):
        before = self.south.log.read_text()
        status, out, err = run_conformance(*self.words)
        self.assertEqual((status, out), (64, ""))
        for word in ("cas1-revoked._domainkey.west.example. 300 IN TXT", "bob@south.example", "CAS conformance", "--yes"):
            self.assertIn(word, err)
        self.assertEqual(self.south.log.read_text(), before)

    def test_what_is_not_published_is_not_checked(self):
        words = [*self.words, "--selector", "cas9"]
        self.assertEqual(run_conformance(*words, "--yes")[0], 78)
        name, line = next((n, l) for n, l in zone_of(self.setup_text) if n.startswith("cas1._"))
        self.world.publish(line.replace(name, name.replace("cas1", "cas9")))
        _, results = self.report_of([*words, "--only", "§6.1", "--only", "signature-rsa", "--only", "signature-right"])
        why = {c["id"]: c["why"] for c in results["not checked"]}
        self.assertEqual(why["key-revoked"], "publish cas9-revoked._domainkey.west.example")
        self.assertIn("signature-rsa", why)
        self.assertEqual([c["id"] for c in results["holds"]], ["signature-right", "key-missing"])

    def test_certificate_is_verified_on_demand(self):
        status, _, err = run_conformance(*self.words, "--yes", "--verify-tls")
        self.assertEqual(status, 69)
        self.assertIn("TLS handshake", err)

    def test_no_server_and_no_sense(self):
        nowhere = [f"{self.south.address}:1", *self.words[1:]]
        self.assertEqual(run_conformance(*nowhere, "--yes", "--timeout", "5")[0], 69)
        for change in (["--only", "nonsense"], ["--second", "bob@elsewhere.example"], ["--from", "ada@east.example"],
                       ["--second", "suzie@south.example"], ["--recipient", "suzie"]):
            self.assertEqual(run_conformance(*self.words, "--yes", *change)[0], 64, change)


class AgainstBroken(ConformanceCase):
    """The second implementation, right and broken."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.remove)
        cls.addClassCleanup(cls.world.close)
        cls.address = cls.world.new_address()
        cls.certificate = cls.world.certificate("broken.example")
        keys, setup = prepare(cls.world)
        cls.words = [*PEOPLE, *keys, "--assume-published", "--resolver", f"{cls.world.dns.address}@{cls.world.dns.port}"]
        cls.records = collections.defaultdict(list)
        for name, line in zone_of(setup):
            cls.records[name].append("".join(line.split('"')[1::2]))

    def receiver(self, *broken):
        receiver = Receiver(self.address, 0, self.certificate, DOMAINS, self.records, broken)
        self.addCleanup(receiver.close)
        return receiver

    def words_for(self, receiver, *more):
        return [f"{self.address}:{receiver.port}", *self.words, *more]

    def test_a_right_one_holds(self):
        receiver = self.receiver()
        report, results = self.report_of(self.words_for(receiver))
        self.assertEqual(results["not checked"], [])
        self.assertEqual(report["advice"], [])
        self.assert_promised(report, receiver.delivered)

    def test_each_defect_is_found(self):
        for rule, checks in DEFECTS.items():
            with self.subTest(rule):
                receiver = self.receiver(*rule.split())
                wanted = checks.split()
                only = [word for check in wanted for word in ("--only", check)]
                _, results = self.report_of(self.words_for(receiver, "--timeout", "2", *only), wanted_status=1)
                self.assertEqual(sorted(c["id"] for c in results["fails"]), sorted(wanted))
                receiver.close()

    def test_no_check_is_without_a_defect(self):
        """A check that nothing makes fail shows nothing. signature-right fails with whatever is refused wrongly."""
        listed = {line.split()[1] for line in run_conformance("--list")[1].splitlines()[1:]}
        caught = {check for checks in DEFECTS.values() for check in checks.split()}
        self.assertEqual(listed - caught, set())
        self.assertEqual(caught - listed, set())

    def test_copies_too_many_and_too_few_show_in_the_mailbox(self):
        """The command cannot see it; whoever compares the mailbox with the report does."""
        for rule, check in (("replay-stored", "again"), ("row-for-all", "again-more")):
            receiver = self.receiver(rule)
            report, _ = self.report_of(self.words_for(receiver, "--only", check, "--only", "poison"))
            with self.assertRaises(AssertionError):
                self.assert_promised(report, receiver.delivered)

    def test_texts_of_another_form_are_advice(self):
        receiver = self.receiver("odd-texts")
        report, _ = self.report_of(self.words_for(receiver, "--only", "signature-right"))
        self.assertEqual(len(report["advice"]), 1)
        self.assertIn("[CAS:Confirmed!]", report["advice"][0])
        receiver = self.receiver("wordless")
        report, _ = self.report_of(self.words_for(receiver, "--only", "poison", "--only", "key-missing"))
        self.assertEqual(report["advice"], ["no [CAS:word] in the reply to CONFIRM: 550 5.7.5 no"])

    def test_a_server_without_cas_is_asked_nothing_else(self):
        receiver = self.receiver("not-announced")
        _, results = self.report_of(self.words_for(receiver), wanted_status=1)
        self.assertEqual([c["id"] for c in results["fails"]], ["keyword"])
        self.assertEqual(receiver.delivered, [])

    def test_rates_are_no_fault(self):
        receiver = self.receiver("rate")
        _, results = self.report_of(self.words_for(receiver, "--only", "signature-right"))
        self.assertIn("451 4.7.28", results["not checked"][0]["why"])

    def test_a_recipient_who_has_to_be_asked_is_no_fault(self):
        receiver = self.receiver("screener")
        _, results = self.report_of(self.words_for(receiver, "--only", "signature-right"))
        self.assertIn("approve", results["not checked"][0]["why"])


if __name__ == "__main__":
    unittest.main()
