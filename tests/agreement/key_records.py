# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Ways to write a key record (RFC 6376 §3.6.1): `rfc` as in signature_spellings.py."""

import base64
import dataclasses


@dataclasses.dataclass
class Record:
    label: str
    rfc: str
    node: object
    key: object
    identity: str = None


def all_records(keys):
    for label, rfc, text, *more in texts(keys):
        key = more[0] if more else keys.rsa
        identity = more[1] if len(more) > 1 else None
        yield Record(label, rfc, {"TXT": [text]}, key, identity)
    yield Record("no record", "-", {}, keys.rsa)
    yield Record("the DNS fails", "-", "TEMPFAIL", keys.rsa)


def texts(keys):
    rsa, ed25519 = keys.rsa, keys.ed25519
    p = rsa.public
    e = ed25519.public
    yield "plain", "pass", rsa.record
    yield "p= alone", "pass", f"p={p}"
    yield "final ;", "pass", f"v=DKIM1; p={p};"
    yield "final ; and blank", "pass", f"v=DKIM1; p={p}; "
    yield "two ;", "-", f"v=DKIM1;; p={p}"
    yield "no blanks", "pass", f"v=DKIM1;k=rsa;p={p}"
    yield "blanks everywhere", "pass", f" v = DKIM1 ; k\t=\trsa ;  p = {p} "
    yield "v= not first", "-", f"k=rsa; v=DKIM1; p={p}"
    yield "v=DKIM2", "-", f"v=DKIM2; p={p}"
    yield "v=dkim1", "-", f"v=dkim1; p={p}"
    yield "v= without value", "-", f"v=; p={p}"
    yield "V=DKIM1", "pass", f"V=DKIM1; p={p}"
    yield "v=DKIM1 behind a blank", "pass", f" v=DKIM1; p={p}"
    yield "k=RSA", None, f"v=DKIM1; k=RSA; p={p}"
    yield "k=dsa", "-", f"v=DKIM1; k=dsa; p={p}"
    yield "k= without value", "-", f"v=DKIM1; k=; p={p}"
    yield "K=dsa", "pass", f"v=DKIM1; K=dsa; p={p}"
    yield "k=ed25519 with an RSA key", "-", f"v=DKIM1; k=ed25519; p={p}"
    yield "revoked", "-", "v=DKIM1; p="
    yield "revoked, p= alone", "-", "p="
    yield "no p=", "-", "v=DKIM1; k=rsa"
    yield "empty", "-", ""
    yield "words", "-", "this is no key record"
    yield "in quotes", "-", f'"v=DKIM1; p={p}"'
    yield "p= twice", "-", f"v=DKIM1; p={p}; p={p}"
    yield "P=", "-", f"v=DKIM1; P={p}"
    yield "p= cut by blanks", "pass", f"v=DKIM1; p={' '.join(p[n:n + 60] for n in range(0, len(p), 60))}"
    yield "p= cut by tabs", "pass", f"v=DKIM1; p={chr(9).join(p[n:n + 60] for n in range(0, len(p), 60))}"
    yield "p= without padding", "pass", f"v=DKIM1; p={p.rstrip('=')}"
    yield "p= with a *", "-", f"v=DKIM1; p={p[:20]}*{p[20:]}"
    yield "p= cut short", "-", f"v=DKIM1; p={p[:200]}"
    yield "p= with octets behind", "-", f"v=DKIM1; p={base64.b64encode(base64.b64decode(p) + b'xyz').decode()}"
    yield "p= as RSAPublicKey", "pass", f"v=DKIM1; p={rsa.public_pkcs1}"
    yield "p= of another key", "-", f"v=DKIM1; p={keys.weak[4096].public}"
    for bits, rfc in ((512, "-"), (1023, "-"), (1024, "pass"), (4096, "pass")):
        yield f"{bits} bits", rfc, keys.weak[bits].record, keys.weak[bits]
    for value, rfc in (("sha256", "pass"), ("sha1", "-"), ("sha1:sha256", "pass"), ("sha1 : sha256", "pass"), ("sha512", "-"), ("", "-"),
                       ("SHA256", None), ("sha256:", None), ("x:sha256:y", "pass")):
        yield f"h={value}", rfc, f"v=DKIM1; h={value}; p={p}"
    for value, rfc in (("email", "pass"), ("*", "pass"), ("email:web", "pass"), ("web", "-"), ("web:*", "pass"), ("web : email", "pass"),
                       ("", "-"), ("tlsrpt", "-"), ("EMAIL", None)):
        yield f"s={value}", rfc, f"v=DKIM1; s={value}; p={p}"
    for value, identity, rfc in (("y", None, None), ("s", None, "pass"), ("s", "joe@north.example", "pass"), ("s", "joe@sub.north.example", "-"),
                                 ("y:s", "joe@sub.north.example", "-"), ("y : s", "@sub.north.example", "-"), ("x", "@sub.north.example", "pass"),
                                 ("", None, None), ("S", "@sub.north.example", None), ("y", "@sub.north.example", None), ("s", "@NORTH.example", "pass")):
        yield f"t={value}, i={identity or ''}", rfc, f"v=DKIM1; t={value}; p={p}", rsa, identity
    yield "n= with notes", "pass", f"v=DKIM1; n=some notes, really; p={p}"
    yield "g= of old", "pass", f"v=DKIM1; g=nobody; p={p}"
    yield "g= of old, empty", "pass", f"v=DKIM1; g=; p={p}"
    yield "unknown tags", "pass", f"v=DKIM1; foo=bar; x_y=; p={p}"
    yield "an unknown tag with 8-bit octets", "-", f"v=DKIM1; u=caf\u00e9; p={p}"
    yield "a word that is no tag", "-", f"v=DKIM1; word; p={p}"
    yield "Ed25519", "pass", ed25519.record, ed25519
    yield "Ed25519 without k=", "-", f"v=DKIM1; p={e}", ed25519
    yield "Ed25519 with k=rsa", "-", f"v=DKIM1; k=rsa; p={e}", ed25519
    yield "Ed25519 as SubjectPublicKeyInfo", "-", \
        f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes.fromhex('302a300506032b6570032100') + base64.b64decode(e)).decode()}", ed25519
    yield "Ed25519 of 31 octets", "-", f"v=DKIM1; k=ed25519; p={base64.b64encode(base64.b64decode(e)[:31]).decode()}", ed25519
    yield "Ed25519 without padding", "pass", f"v=DKIM1; k=ed25519; p={e.rstrip('=')}", ed25519
    yield "Ed25519, all zero", "-", f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(32)).decode()}", ed25519
