# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""ARC sets as they may be written and as they may not (RFC 8617 §4.1): `rfc` as in signature_spellings.py. Signatures
are over what is written."""

import base64
import dataclasses
import re

import signer

RESULTS = "ARC-Authentication-Results: i=1; mx.north.example; spf=pass"
MESSAGE = ("ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=north.example; s=r;\r\n"
           "\th=from:to:subject; bh={bh};\r\n\tb={b}")
SEAL = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=north.example; s=r; t=1700000000;\r\n\tb={b}"


@dataclasses.dataclass
class Set:
    label: str
    rfc: str
    results: str = RESULTS
    message: str = MESSAGE
    seal: str = SEAL
    forms: tuple = ("relaxed", "relaxed")
    names: tuple = (b"from", b"to", b"subject")
    order: tuple = (2, 1, 0)


def in_message(label, rfc, old, new, **more):
    assert old in MESSAGE, old
    return Set(label, rfc, message=MESSAGE.replace(old, new, 1), **more)


def in_seal(label, rfc, old, new, **more):
    assert old in SEAL, old
    return Set(label, rfc, seal=SEAL.replace(old, new, 1), **more)


def in_results(label, rfc, old, new):
    assert old in RESULTS, old
    return Set(label, rfc, results=RESULTS.replace(old, new, 1))


def all_sets():
    yield Set("plain", "pass")
    for value, rfc in (("2", "-"), ("0", "-"), ("01", None), ("", "-"), ("x", "-"), ("51", "-"), (" 1 ", "pass"), ("1.0", "-"), ("-1", "-")):
        yield Set(f"i={value!r} in all three", rfc, RESULTS.replace("i=1", f"i={value}"), MESSAGE.replace("i=1", f"i={value}"),
                  SEAL.replace("i=1", f"i={value}"))
    yield in_results("results without i=", "-", "i=1; ", "")
    yield in_results("results with blanks around i=", "pass", "i=1;", " i =\t1 ;")
    yield in_results("results with i= behind the name", "-", "i=1; mx.north.example;", "mx.north.example; i=1;")
    yield in_results("results with I=1", "-", "i=1", "I=1")
    yield in_results("results of nothing", "pass", "mx.north.example; spf=pass", "mx.north.example; none")
    yield in_seal("cv=pass in the first", "-", "cv=none", "cv=pass")
    yield in_seal("cv=fail in the first", "-", "cv=none", "cv=fail")
    yield in_seal("cv=None", None, "cv=none", "cv=None")
    yield in_seal("cv=invalid", "-", "cv=none", "cv=invalid")
    yield in_seal("no cv=", "-", " cv=none;", "")
    yield in_seal("a seal with h=", "-", "s=r;", "s=r; h=from;")
    yield in_seal("a seal with bh=", None, "s=r;", "s=r; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;")
    yield in_seal("a seal with c=simple/simple", None, "s=r;", "s=r; c=simple/simple;")
    yield in_seal("a seal without t=", "pass", " t=1700000000;", "")
    yield in_seal("a seal with t=x", "-", "t=1700000000", "t=x")
    yield in_seal("a seal that has expired", None, "s=r;", "s=r; x=1700000001;")
    yield in_seal("a seal with v=1", None, "i=1;", "v=1; i=1;")
    yield in_seal("a seal with a tag twice", "-", "s=r;", "s=r; s=r;")
    yield in_seal("a seal with unknown tags", "pass", "s=r;", "s=r; u=1;")
    yield in_seal("a seal with a=rsa-sha1", "-", "rsa-sha256", "rsa-sha1")
    yield in_seal("a seal of another domain", "-", "d=north.example", "d=south.example")
    yield in_seal("a seal without d=", "-", " d=north.example;", "")
    yield in_seal("a seal without s=", "-", " s=r;", "")
    yield in_seal("a seal with folds around b=", "pass", "b={b}", "b\r\n =\r\n {b}\r\n ")
    yield Set("a seal whose b= is in the middle", "pass", seal=SEAL.replace("\r\n\tb={b}", "").replace("i=1;", "i=1; b={b};"))
    yield in_seal("a seal with final ;", "pass", "b={b}", "b={b};")
    yield in_message("a message signature with v=1", None, "i=1;", "v=1; i=1;")
    yield in_message("a message signature without c=, relaxed", None, " c=relaxed/relaxed;", "")
    yield in_message("a message signature without c=, simple", None, " c=relaxed/relaxed;", "", forms=("simple", "simple"))
    yield in_message("a message signature with c=simple/simple", "pass", "relaxed/relaxed", "simple/simple", forms=("simple", "simple"))
    yield in_message("a message signature that does not sign From", None, "from:to", "to", names=(b"to", b"subject"))
    yield in_message("a message signature that signs seals", "-", "from:to", "from:arc-seal:to")
    yield in_message("a message signature that signs results", None, "from:to", "from:arc-authentication-results:to",
                     names=(b"from", b"to", b"subject"))
    yield in_message("an empty name in h=", None, "from:to", "from::to")
    yield in_message("a message signature that has expired", None, "s=r;", "s=r; x=1700000001;")
    yield in_message("a message signature with l=0", None, "s=r;", "s=r; l=0;")
    yield in_message("a message signature with a=rsa-sha1", "-", "rsa-sha256", "rsa-sha1")
    yield in_message("a message signature of another domain", "-", "d=north.example", "d=south.example")
    yield Set("fields in the order results, message signature, seal", "pass", order=(0, 1, 2))


def sealed(fields, text, spelling, key):
    """The three fields of the set."""
    length = 0 if "l=0" in spelling.message else None
    message = signer.sign(fields, text, spelling.message, key, spelling.names, spelling.forms, length,
                          "sha1" if "rsa-sha1" in spelling.message else "sha256")
    empty = re.sub(r"[ \t\r\n]*\{b\}[ \t\r\n]*", "", spelling.seal).encode()
    octets = b"".join(signer.relaxed_field(field) + b"\r\n" for field in (spelling.results.encode(), message))
    octets += signer.relaxed_field(empty)
    hash_name = "sha1" if "rsa-sha1" in spelling.seal else "sha256"
    seal = spelling.seal.replace("{b}", base64.b64encode(key.sign(octets, hash_name)).decode()).encode()
    made = (spelling.results.encode(), message, seal)
    return [made[n] for n in spelling.order]
