# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the CAS receiver, in memory, written from docs/cas-protocol.md alone, that can be made to
break one rule at a time: `cas conformance` must hold it to be right when none is broken, and notice each that is. Rules are
broken by name; grep for `self.breaks(` and, in broken_rules.py, `breaks(` to see them all."""

import base64
import hashlib
import re
import socket
import socketserver
import ssl
import threading
import time

from .broken_rules import (LIFETIME, REPLIES, SKEW, Refused, authors_of, class_of, digest, ed25519_verifies, fields_of, plain,
                           read_intent, rsa_verifies, said)
from .harness import TcpServer


class Receiver:
    """A server on address:port. `domains` maps a name to (mode, mailboxes); `records` a name to its TXT texts; `broken` names
    the rules that are broken. Messages land in `delivered` as (mailbox, octets)."""

    def __init__(self, address, port, certificate, domains, records, broken=()):
        self.domains, self.records, self.broken = domains, records, set(broken)
        self.delivered, self.ledger, self.reserved = [], {}, {}
        self.lock = threading.RLock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*certificate)
        receiver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session = Session(receiver, self.request)
                try:
                    session.run()
                except (OSError, Gone):
                    pass
                finally:
                    session.end_transaction()
                    session.sock.close()

        self._server = TcpServer((address, port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def breaks(self, rule):
        return rule in self.broken

    def key_verdict(self, tags, line):
        """CAS §6.1, in its order; a word, or None where the signature counts."""
        name = f"{tags['s']}._domainkey.{tags['d']}"
        texts = self.records.get(name, [])
        if self.breaks("revoked-ignored") and any(text.endswith("p=") for text in texts):
            texts = self.records[name.replace("-revoked", "")]
        if not texts and self.breaks("missing-is-testing"):
            return "testing"
        if not texts or (len(texts) > 1 and not self.breaks("several-keys")):
            raise Refused("key-missing")
        record = {n.strip(): v.strip() for n, _, v in (t.partition("=") for t in texts[0].split(";"))}
        if not record["p"]:
            raise Refused("key-revoked")
        flags = record.get("t", "").split(":")
        if "y" in flags and not self.breaks("testing-confirms"):
            return "testing"
        kind = record.get("k", "rsa")
        if record.get("s", "*") not in ("*", "email") and not self.breaks("service-ignored"):
            raise Refused("key-missing")
        if kind == "rsa" and self.breaks("no-rsa"):
            raise Refused("key-missing")
        if tags["a"] != kind + "-sha256" and not self.breaks("kind-ignored"):
            raise Refused("key-missing")
        if "s" in flags and "w" not in tags and tags["o"].rpartition("@")[2] != tags["d"]:
            if not self.breaks("strict-ignored"):
                raise Refused("align")
        signed = b"CAS1 INTENT\n" + line[:line.rindex(";b=") + 3].encode()
        public = base64.b64decode(record["p"])
        if kind == "rsa":
            verifies = rsa_verifies(public, signed, tags["signature"])
        else:
            verifies = ed25519_verifies(public, hashlib.sha256(signed).digest(), tags["signature"])
        if self.breaks("nothing-verifies") or not verifies and not self.breaks("no-signature"):
            raise Refused("signature")
        if "w" in tags and not self.breaks("forwarder-trusted"):
            return "forwarded"
        return None

    def ledger_key(self, tags, recipient):
        key = (tags["d"], tags["i"], "" if self.breaks("row-for-all") else recipient, tags["q"])
        return key + (tags["t"],) if self.breaks("times-in-ledger") else key


class Gone(Exception):
    """The client hung up."""


class Session:
    def __init__(self, receiver, sock):
        self.receiver, self.sock, self.buffer = receiver, sock, b""
        self.tls = self.hello = False
        self.failures = 0
        self.held_reply = None
        self.mail = self.tags = None
        self.confirms = self.asked = 0
        self.rcpts, self.held, self.chunks = [], [], b""

    def breaks(self, rule):
        return rule in self.receiver.broken

    # ---- Octets ----

    def say(self, text):
        octets = text.encode() + b"\r\n"
        if self.breaks("replies-swapped") and self.tls:
            if self.held_reply is None and b"\r\n" in self.buffer:
                self.held_reply = octets
                return
            octets, self.held_reply = octets + (self.held_reply or b""), None
        self.sock.sendall(octets)

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Gone
        self.buffer += got

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def octets(self, size):
        while len(self.buffer) < size:
            self.more()
        octets, self.buffer = self.buffer[:size], self.buffer[size:]
        return octets

    # ---- Commands ----

    def run(self):
        self.say("220 broken.example ESMTP")
        while True:
            line = self.line()
            verb, _, argument = line.partition(" ")
            if not self.breaks("upper-case-verb"):
                verb = verb.upper()
            reply = self.command(verb, argument, len(line) + 2)
            if reply:
                self.say(reply)
            if reply and reply[:3] in ("221", "421"):
                return
            if verb == "STARTTLS" and reply.startswith("220"):
                self.sock = self.receiver.tls.wrap_socket(self.sock, server_side=True)
                self.buffer, self.tls = b"", True
                self.end_transaction()

    def command(self, verb, argument, size):
        limit = 2048
        if verb == "CONFIRM" and self.mail is not None or self.breaks("all-lines-long") and self.mail is not None:
            limit = 8000 if self.breaks("short-line") else 9000 if self.breaks("long-line") else 8192
        if size > limit:
            return self.fail("too-long") if verb == "CONFIRM" else "500 5.5.2 line too long"
        handler = getattr(self, "on_" + verb.lower(), None)
        return handler(argument) if handler and verb.isupper() else "500 5.5.1 command not recognized"

    def on_ehlo(self, _):
        if not self.breaks("ehlo-keeps"):
            self.end_transaction()
        else:
            self.mail = None
        words = ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "CHUNKING"]
        if (self.tls and not self.breaks("not-announced")) or self.breaks("announced-in-clear"):
            words.append("CAS 1")
        if not self.tls:
            words.append("STARTTLS")
        if self.breaks("no-pipelining"):
            words.remove("PIPELINING")
        return "\r\n".join(["250-broken.example"] + ["250-" + w for w in words[:-1]] + ["250 " + words[-1]])

    def on_starttls(self, _):
        return "220 2.0.0 go"

    def on_noop(self, _):
        return None if self.breaks("reply-missing") and self.mail is not None else "250 2.0.0 ok"

    def on_rset(self, _):
        if self.breaks("rset-keeps"):
            self.mail = None
        elif self.breaks("reservation-stuck"):
            self.held = []
            self.end_transaction()
        else:
            self.end_transaction()
        return "250 2.0.0 ok"

    def on_quit(self, _):
        return "221 2.0.0 bye"

    def on_mail(self, argument):
        found = re.match(r"FROM:<([^>]*)>", argument, re.I)
        if not found:
            return "501 5.5.4 syntax"
        if self.mail is not None:
            return "503 5.5.1 nested MAIL"
        self.mail = found[1] if self.breaks("mail-literal") else plain(found[1])
        if self.breaks("mail-case-ignored"):
            self.mail = self.mail.lower()
        return "250 2.1.0 ok"

    def end_transaction(self):
        with self.receiver.lock:
            for key in self.held:
                self.receiver.reserved.pop(key, None)
        self.mail = self.tags = None
        self.confirms = self.asked = 0
        self.rcpts, self.held, self.chunks = [], [], b""

    def fail(self, word):
        """CAS §5.4."""
        if not self.breaks("no-poison"):
            self.end_transaction()
        self.failures += 1
        if self.failures >= 3 and not self.breaks("endless-failures"):
            return "421 4.7.0 too many failed CONFIRM commands"
        return f"{REPLIES[word]} no" if self.breaks("wordless") else said(word)

    def on_confirm(self, line):
        if not self.tls and not self.breaks("spoken-in-clear"):
            return "502 5.5.1 command not implemented"
        if self.breaks("rate"):
            return "451 4.7.28 [CAS:rate] too many"
        if self.breaks("garbage-passed") and not line.startswith("v="):
            return said("off")
        try:
            return self.confirm(line)
        except Refused as refused:
            return self.fail(refused.word)

    def confirm(self, line):
        if self.mail is None and not self.breaks("before-mail"):
            raise Refused("sequence")
        if self.confirms and not self.breaks("confirmed-twice"):
            raise Refused("sequence")
        if self.asked and not self.breaks("after-rcpt"):
            raise Refused("sequence")
        tags = read_intent(line, self.breaks)
        word = self.judge_statement(tags)
        if word is None:
            word = self.receiver.key_verdict(tags, line)
        self.confirms += 1
        if word is not None:
            return said(word)
        self.judge_ledger(tags)
        if self.breaks("confirm-tells"):
            if not set(tags["recipients"]) & set(self.receiver.domains[tags["q"]][1]):
                raise Refused("unknown")
        self.tags = tags
        return said("ok")

    def judge_statement(self, tags):
        """CAS §8.1, steps 2 and 3."""
        now, issued, expires = int(time.time()), int(tags["t"]), int(tags["x"])
        skew = 0 if self.breaks("no-skew") else SKEW
        if issued > now + skew and not self.breaks("future-ignored"):
            raise Refused("future")
        if expires < issued and not self.breaks("backwards"):
            raise Refused("lifetime")
        if expires - issued > LIFETIME.get(tags["k"], 0) and not self.breaks("lifetime-ignored"):
            raise Refused("lifetime")
        if self.breaks("null-refused") and not tags["f"]:
            raise Refused("envelope")
        if self.breaks("f-aligned") and tags["f"] and not tags["f"].endswith("@" + tags["d"]):
            raise Refused("envelope")
        if tags["f"] != (self.mail or "") and not self.breaks("envelope-ignored"):
            raise Refused("envelope")
        if tags["q"] not in self.receiver.domains and not self.breaks("q-ignored"):
            raise Refused("envelope")
        if self.breaks("expiry-first") and expires < now - skew:
            raise Refused("expired")
        domain, d = tags["o"].rpartition("@")[2], tags["d"]
        if self.breaks("below-refused") and domain != d:
            raise Refused("align")
        if "w" not in tags and not (domain == d or domain.endswith("." + d)):
            by_letters = self.breaks("letters-align") and domain.endswith(d)
            if not by_letters and not self.breaks("no-alignment"):
                raise Refused("align")
        mode = self.receiver.domains.get(tags["q"], ("optional",))[0]
        return "off" if mode == "off" and not self.breaks("off-judged") else None

    def judge_ledger(self, tags):
        """CAS §8.1, step 8."""
        with self.receiver.lock:
            rows = [self.receiver.ledger.get(self.receiver.ledger_key(tags, r)) for r in tags["recipients"]]
        if self.breaks("intent-once") and any(row[1] == tags["i"] for row in self.receiver.ledger):
            raise Refused("replay")
        if any(row not in (None, tags["m"]) for row in rows) and not self.breaks("replay-swallowed"):
            raise Refused("replay")
        if self.breaks("replay-refused") and any(rows):
            raise Refused("replay")
        skew = 0 if self.breaks("no-skew") else SKEW
        if int(tags["x"]) < int(time.time()) - skew and not self.breaks("expiry-ignored"):
            if None in rows or self.breaks("expiry-wins"):
                raise Refused("expired")

    def on_rcpt(self, argument):
        found = re.match(r"TO:<([^>@]+@[^>]+)>", argument, re.I)
        if not found:
            return "501 5.5.4 syntax"
        local, _, domain = plain(found[1]).rpartition("@")
        if self.breaks("rcpt-case-ignored"):
            local = local.lower()
        if self.mail is None:
            if self.breaks("unknown-told") and self.failures and local not in self.receiver.domains.get(domain, ("", ()))[1]:
                return "503 5.5.1 no transaction, and no such mailbox"
            return "503 5.5.1 need MAIL first"
        self.asked += 1
        try:
            reply = self.judge_rcpt(local, domain)
        except Refused as refused:
            return said(refused.word)
        self.rcpts.append((local, domain))
        return reply

    def judge_rcpt(self, local, domain):
        if domain not in self.receiver.domains:
            return self.no("550 5.7.1 relaying denied")
        mode, mailboxes = self.receiver.domains[domain]
        exists = local in mailboxes
        if self.tags and not (mode == "required" and self.breaks("required-deaf")):
            return self.judge_listed(local, domain, exists)
        if local in ("postmaster", "abuse") and not (mode == "required" and self.breaks("nobody-exempt")):
            return said("exempt")
        if mode == "required" and not (self.breaks("testing-admits") and self.confirms or self.breaks("required-open")):
            if self.breaks("required-tells") and not exists:
                raise Refused("unknown")
            raise Refused("required")
        if not exists:
            raise Refused("unknown")
        return "250 2.1.5 ok"

    def no(self, reply):
        self.asked -= 1
        raise Refused("rcpt") if "5.7.1" in reply else Refused("unknown")

    def judge_listed(self, local, domain, exists):
        """CAS §8.2, steps 9 and 10."""
        if local not in self.tags["recipients"] or domain != self.tags["q"]:
            if local in self.tags["recipients"] and self.breaks("any-domain"):
                return said("confirmed")
            if local in ("postmaster", "abuse") and not self.breaks("postmaster-unlisted"):
                return said("exempt")
            if self.breaks("unlisted-told") and not exists:
                raise Refused("unknown")
            if not (self.breaks("unlisted-confirmed") and exists):
                raise Refused("rcpt")
        if self.breaks("screener"):
            raise Refused("pending")
        if self.breaks("one-recipient") and self.rcpts:
            raise Refused("in-progress")
        exists = exists or self.breaks("unknown-accepted")
        key = self.receiver.ledger_key(self.tags, local)
        with self.receiver.lock:
            if key in self.receiver.ledger:
                return said("confirmed")
            if self.receiver.reserved.get(key, self) is not self and not self.breaks("no-reservation"):
                raise Refused("in-progress")
            if exists:
                self.receiver.reserved[key] = self
                self.held.append(key)
        if not exists:
            raise Refused("unknown")
        return "250 2.1.5 [CAS:Confirmed!] yes" if self.breaks("odd-texts") else said("confirmed")

    # ---- The message ----

    def on_data(self, _):
        if self.mail is None or not self.rcpts:
            return "503 5.5.1 need RCPT first"
        self.say("354 go")
        end = rb"\r\n\.\r\n"
        if self.breaks("bare-lf-ends"):
            end = rb"\r?\n\.\r?\n"
        if self.breaks("bare-cr-ends"):
            end = rb"\r\n?\.\r\n?"
        while not (found := re.search(end, b"\r\n" + self.buffer)):
            self.more()
        octets, self.buffer = self.buffer[:max(found.start(), 0)], self.buffer[found.end() - 2:]
        if not self.breaks("dots-kept"):
            octets = re.sub(rb"(?m)^\.", b"", octets)
        return self.message(octets)

    def on_bdat(self, argument):
        size, _, last = argument.partition(" ")
        if self.breaks("bdat-unknown"):
            return "502 5.5.1 command not implemented"
        if self.mail is None and self.breaks("chunk-not-dropped"):
            return "503 5.5.1 need MAIL first"
        chunk = self.octets(int(size))
        if self.mail is None or not self.rcpts:
            return "503 5.5.1 need RCPT first"
        self.chunks += chunk.removeprefix(b".") if self.breaks("dots-in-chunks") else chunk
        return self.message(self.chunks) if last.upper() == "LAST" else "250 2.0.0 ok"

    def message(self, octets):
        if not octets.endswith(b"\r\n"):
            octets += b"?\r\n" if self.breaks("line-end-kept") else b"\r\n"
        bare = re.search(rb"(?<!\r)\n|\r(?!\n)", octets)
        try:
            if self.tags and not bare:
                self.judge_message(octets)
            reply = "550 5.6.0 bare line ends" if bare and not self.breaks("bare-kept") else self.commit(octets)
        except Refused as refused:
            reply = said(refused.word)
        if self.breaks("end-keeps"):
            self.mail, self.rcpts, self.asked = None, [], 0
        else:
            self.end_transaction()
        return reply

    def judge_message(self, octets):
        """CAS §8.3, steps 15 to 17."""
        values = fields_of(octets, "from")
        if self.breaks("first-from"):
            values = [values[0].split(",")[0]] if values else values
        elif self.breaks("any-from"):
            values = [v for v in values if self.tags["o"] in v][:1] or values
            values = [next((p for p in v.split(",") if self.tags["o"] in p), v) for v in values]
        if self.breaks("from-case-ignored"):
            values = [value.lower() for value in values]
        if self.breaks("from-literal") and any(self.tags["o"] not in value for value in values):
            raise Refused("from")
        if authors_of(values) != [self.tags["o"]] and not self.breaks("from-ignored"):
            raise Refused("from")
        if self.breaks("trace-counts") and fields_of(octets, "received"):
            raise Refused("digest")
        if not self.breaks("dates-ignored"):
            if any(len(fields_of(octets, name)) != 1 for name in ("date", "message-id")):
                raise Refused("digest")
        if digest(self.tags["i"], octets, self.breaks) != self.tags["m"] and not self.breaks("digest-ignored"):
            raise Refused("digest")
        shown, list_id = class_of(octets)
        fits = self.tags["k"] in {"b": "b", "a": "at", "p": "pt"}.get(shown, "") and self.tags.get("l") == list_id
        if self.breaks("personal-only") and self.tags["k"] != "p":
            raise Refused("class")
        if not fits and not self.breaks("class-ignored"):
            raise Refused("class")

    def commit(self, octets):
        with self.receiver.lock:
            for local, domain in self.rcpts:
                listed = self.tags and local in self.tags["recipients"] and domain == self.tags["q"]
                if listed:
                    key = self.receiver.ledger_key(self.tags, local)
                    if key in self.receiver.ledger and not self.breaks("replay-stored"):
                        continue
                    self.receiver.ledger[key] = self.tags["m"]
                self.receiver.delivered.append((f"{local}@{domain}", octets))
        return "250 2.0.0 queued"
