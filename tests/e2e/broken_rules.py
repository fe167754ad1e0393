# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What broken.py's receiver knows without a connection, written from docs/cas-protocol.md alone: grammar, signatures, digest
and the facts of a message. `breaks(rule)` says whether a rule is to be broken."""

import base64
import hashlib
import re

from .cas_py import BASE, D, P, PLAIN, Q, _add, _compress, _multiply, _point, body_hash, b64u, header_hash, split_message

SKEW = 300
LIFETIME = {"p": 24 * 3600, "a": 24 * 3600, "t": 72 * 3600, "b": 72 * 3600}
REPLIES = {
    "syntax": "501 5.5.4", "too-long": "500 5.5.2", "sequence": "503 5.5.1", "version": "504 5.7.6",
    "algorithm": "504 5.7.6", "expired": "451 4.7.0", "future": "451 4.7.0", "lifetime": "550 5.7.1",
    "key-missing": "550 5.7.5", "key-revoked": "550 5.7.5", "signature": "550 5.7.5", "align": "550 5.7.1",
    "envelope": "550 5.7.1", "rcpt": "550 5.7.1", "from": "550 5.7.1", "class": "550 5.7.1", "digest": "550 5.7.7",
    "replay": "550 5.7.1", "in-progress": "451 4.3.0", "pending": "451 4.7.0", "unknown": "550 5.1.1", "required": "530 5.7.0",
    "ok": "250 2.7.0", "testing": "250 2.0.0", "forwarded": "250 2.0.0", "off": "250 2.0.0",
    "confirmed": "250 2.1.5", "exempt": "250 2.1.5",
}


class Refused(Exception):
    """A reply, by its word (CAS §15.2)."""

    def __init__(self, word):
        super().__init__(word)
        self.word = word


def said(word, text="so it is"):
    return f"{REPLIES[word]} [CAS:{word}] {text}"


# ---- Signatures ------------------------------------------------------------------------------------------------------


def decompress(octets):
    """RFC 8032 §5.1.3."""
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    u, v = y * y - 1, D * y * y + 1
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (v * x * x - u) % P:
        return None
    return _point(P - x if x & 1 != sign else x, y)


def ed25519_verifies(public, message, signature):
    if len(signature) != 64 or len(public) != 32:
        return False
    a, s = decompress(public), int.from_bytes(signature[32:], "little")
    if a is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    minus_a = (P - a[0], a[1], a[2], P - a[3])
    return _compress(_add(_multiply(s, _point(*BASE)), _multiply(h, minus_a))) == signature[:32]


def der_item(octets):
    """The first item's content and what follows it."""
    size, start = octets[1], 2
    if size & 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(octets[2:2 + count], "big"), 2 + count
    return octets[start:start + size], octets[start + size:]


def rsa_verifies(public, message, signature):
    """RFC 8017 §8.2.2 under a SubjectPublicKeyInfo."""
    content, _ = der_item(public)
    _, bits = der_item(content)
    numbers, _ = der_item(der_item(bits)[0][1:])
    modulus, rest = der_item(numbers)
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(der_item(rest)[0], "big")
    size = (n.bit_length() + 7) // 8
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
    wanted = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    return len(signature) == size and pow(int.from_bytes(signature, "big"), e, n).to_bytes(size, "big") == wanted


# ---- The intent (CAS §4) ---------------------------------------------------------------------------------------------

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*")
SELECTOR = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
ORDER = "v i d s a t x f q r o k l w m b".split()


def need(condition):
    if not condition:
        raise Refused("syntax")


def from_b64u(text, breaks):
    need(re.fullmatch(r"[A-Za-z0-9_-]+", text) and len(text) % 4 != 1)
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(breaks("unused-bits") or b64u(octets) == text)
    return octets


def decode(spelling, breaks):
    """A local part or List-Id, decoded: the one spelling of each value."""
    need(re.fullmatch(r"(?:%[0-9A-Fa-f]{2}|[^%])+", spelling))
    need(breaks("lower-hex") or not re.search(r"%.?[a-f]", spelling))
    octets = bytearray()
    for part in re.findall(r"%..|.", spelling):
        if part[0] == "%":
            octets.append(int(part[1:], 16))
            need(breaks("encoded-plain") or octets[-1] not in PLAIN)
        else:
            need(breaks("raw-octets") or ord(part) in PLAIN)
            octets += part.encode()
    try:
        text = bytes(octets).decode()
    except UnicodeDecodeError:
        raise Refused("syntax") from None
    need(not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text))
    return bytes(octets)


def local_part(spelling, breaks):
    need(len(decode(spelling, breaks)) <= 64 or breaks("long-local-part"))
    need("%" not in spelling or not breaks("no-percent"))
    return spelling


def host(text, breaks):
    if breaks("upper-case-domain"):
        text = text.lower()
    need(HOST.fullmatch(text) and not text.rpartition(".")[2].isdigit())
    return text


def address(text, breaks):
    local, at, domain = text.rpartition("@")
    need(at)
    return local_part(local, breaks) + "@" + host(domain, breaks)


def read_intent(line, breaks):
    """The tags of a line; Refused otherwise."""
    version = re.match(r"v=([A-Za-z0-9]+);", line)
    need(version)
    if version[1] != "CAS1":
        raise Refused("syntax" if breaks("versions-alike") else "version")
    if breaks("trailing-blank"):
        line = line.strip(" ;")
    if breaks("algorithm-first") and ";a=e" in line and ";a=ed25519-" not in line:
        raise Refused("algorithm")
    pairs = [part.partition("=") for part in line.split(";")]
    need(all(equals for _, equals, _ in pairs))
    names = [name for name, _, _ in pairs]
    if breaks("unknown-tag"):
        names = [name for name in names if name in ORDER]
    need(breaks("repeated-tag") or len(set(names)) == len(names))
    if breaks("any-order"):
        names.sort(key=lambda name: ORDER.index(name) if name in ORDER else 99)
    if not breaks("tags-optional"):
        need([n for n in dict.fromkeys(names) if n not in "lw"] == [n for n in ORDER if n not in "lw"])
    need([n for n in dict.fromkeys(names)] == [n for n in ORDER if n in names])
    tags = {name: value for name, _, value in reversed(pairs)}
    if breaks("tags-optional"):
        tags = {"x": tags["t"], "f": tags["o"], "k": "p", "m": "c1:" + "A" * 43} | tags
    check_values(tags, breaks)
    if tags["a"] not in ("ed25519-sha256", "rsa-sha256"):
        raise Refused("algorithm")
    return tags


def check_values(tags, breaks):
    if not breaks("any-identifier"):
        need(len(tags["i"]) == 22)
        from_b64u(tags["i"], breaks)
    tags["d"] = host(tags["d"], breaks)
    need(SELECTOR.fullmatch(tags["s"]) and re.fullmatch(r"[a-z0-9-]+", tags["a"]))
    for name in "tx":
        need(re.fullmatch(r"[+0-9]+" if breaks("any-seconds") else r"0|[1-9][0-9]{0,11}", tags[name]))
    if tags["f"]:
        address(tags["f"], breaks)
    tags["q"] = host(tags["q"], breaks)
    recipients = [local_part(r, breaks) for r in tags["r"].split(",")]
    need(len(recipients) <= 100 or breaks("many-recipients"))
    need(breaks("unordered") or recipients == sorted(recipients, key=str.encode))
    need(breaks("listed-twice") or len(set(recipients)) == len(recipients))
    tags["recipients"] = recipients
    address(tags["o"], breaks)
    if not breaks("any-class"):
        need(tags["k"] in ("p", "t", "b", "a") and (tags["k"] == "b") == ("l" in tags))
    if "l" in tags:
        value = decode(tags["l"], breaks)
        need(len(value) <= 200 and (breaks("list-capitals") or value == value.lower()))
    need(tags.get("w", "fwd") == "fwd" or breaks("any-hop"))
    if not breaks("any-digest"):
        need(tags["m"].startswith("c1:") and len(tags["m"]) == 46)
        from_b64u(tags["m"][3:], breaks)
    need(1 <= len(tags["b"]) <= 700 or breaks("long-signature"))
    tags["signature"] = from_b64u(tags["b"], breaks)


def digest(intent_id, message, breaks):
    """CAS §4.4; m."""
    hh, bh = header_hash(message), body_hash(message)
    body = split_message(message)[1]
    if breaks("folding-counts") and b"\r\n " in message.partition(b"\r\n\r\n")[0]:
        hh = b"(as it stands)"
    if breaks("fields-forward") and len(fields_of(message, "references")) > 1:
        hh = b"(first to last)"
    if breaks("simple-body"):
        bh = hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n" if body else b"").digest()
    if breaks("empty-body-is-a-line") and not body:
        bh = hashlib.sha256(b"\r\n").digest()
    if breaks("seven-bit"):
        bh = body_hash(bytes(octet & 0x7F for octet in message))
    parts = ["CAS1 c1", intent_id, b64u(hh), b64u(bh), ""]
    return "c1:" + b64u(hashlib.sha256("\n".join(parts).encode()).digest())


def plain(mailbox):
    """A mailbox with quoting undone and its domain in lower case."""
    local, at, domain = mailbox.rpartition("@")
    return local.strip('"') + at + domain.lower()


# ---- The message (CAS §8.3) ------------------------------------------------------------------------------------------


def fields_of(message, name):
    return [value.decode("latin-1").strip() for n, value in split_message(message)[0]
            if n.strip().lower() == name.encode()]


def authors_of(values):
    """Mailboxes of From fields; None for what is not understood. Enough for the messages of the checks."""
    authors = []
    for value in values:
        bare = re.sub(r'"[^"]*"', "", re.sub(r'"([^"]*)"@', r"\1@", value))
        if ":" in bare or ";" in bare:
            return None
        for part in bare.split(","):
            found = re.fullmatch(r"\s*(?:[^<>]*<([^<>]+)>|([^\s<>]+))\s*", part)
            if not found:
                return None
            authors.append(plain(found[1] or found[2]))
    return authors


def class_of(message):
    lists = fields_of(message, "list-id")
    if len(lists) == 1 and (found := re.search(r"<([^<>]+)>", lists[0])):
        return "b", found[1].strip().lower()
    if lists or fields_of(message, "list-unsubscribe") or fields_of(message, "list-unsubscribe-post"):
        return "bulk without a list", None
    automatic = fields_of(message, "auto-submitted")
    if automatic and automatic[0].partition(";")[0].strip().lower() != "no":
        return "a", None
    return "p", None
