# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Ways to write DKIM-Signature: legal ones, and ones that miss being legal by little. `rfc` is what RFC 6376 says of a
signature that is otherwise right: "pass", "-" (must not), or None where it leaves the verifier a choice, or its letter
(values as ABNF against §3.2 on case; folding white space without the obsolete kind) and what everybody does differ."""

import base64
import dataclasses

PLAIN = ("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=north.example; s=r;\r\n"
         "\th=from:to:subject; bh={bh};\r\n\tb={b}")
SIMPLE = PLAIN.replace("relaxed/relaxed", "simple/simple")
RELAXED_FORMS, SIMPLE_FORMS = ("relaxed", "relaxed"), ("simple", "simple")


@dataclasses.dataclass
class Spelling:
    label: str
    rfc: str
    template: str = PLAIN
    forms: tuple = RELAXED_FORMS
    names: tuple = (b"from", b"to", b"subject")
    length: int = None
    hash_name: str = "sha256"
    ed25519: bool = False
    unusual_blank: bool = True
    finish: object = staticmethod(lambda field: field)


def plain(identity=None, ed25519=False):
    template = PLAIN if identity is None else PLAIN.replace("s=r;", f"s=r; i={identity};")
    if ed25519:
        template = template.replace("rsa-sha256", "ed25519-sha256").replace("s=r;", "s=e;")
    return Spelling("plain", "pass", template, ed25519=ed25519)


def edit(label, rfc, old, new, **more):
    assert old in PLAIN, old
    return Spelling(label, rfc, PLAIN.replace(old, new), **more)


def both_forms(label, rfc, old, new):
    """Once relaxed, once simple."""
    assert old in SIMPLE, old
    yield edit(label, rfc, old, new)
    yield Spelling(f"{label}, simple", rfc, SIMPLE.replace(old, new), SIMPLE_FORMS)


def with_tag(label, rfc, tag, **more):
    return edit(label, rfc, "s=r;", f"s=r; {tag};", **more)


def b_value(change):
    def finish(field):
        head, _, value = field.rpartition(b"b=")
        return head + b"b=" + change(value)
    return finish


def refolded(every, blank):
    return b_value(lambda value: blank.join(value[n:n + every] for n in range(0, len(value), every)))


def structure():
    yield Spelling("plain", "pass")
    yield Spelling("plain, simple", "pass", SIMPLE, SIMPLE_FORMS)
    yield plain(ed25519=True)
    yield edit("final ;", "pass", "b={b}", "b={b};")
    yield from both_forms("final ; and fold", "pass", "b={b}", "b={b};\r\n ")
    yield edit("two ;", "-", "v=1;", "v=1;;")
    yield edit("two final ;", "-", "b={b}", "b={b};;")
    yield edit("opens with ;", "-", " v=1;", " ; v=1;")
    yield edit("a word that is no tag", "-", "v=1;", "v=1; word;")
    yield edit("v= in the middle", "pass", " v=1;", "").with_("bh={bh};", "bh={bh}; v=1;")
    yield edit("b= first", "pass", " v=1;", " b={b}; v=1;").with_("\r\n\tb={b}", "")
    yield from both_forms("b= in the middle", "pass", "bh={bh};\r\n\tb={b}", "b={b};\r\n\tbh={bh}")
    yield from both_forms("blanks around = and ;", "pass", "d=north.example; s=r;", "d = north.example ; s\t=\tr ;")
    yield from both_forms("folds around = and ;", "pass", "d=north.example; s=r;", "d\r\n =\r\n north.example\r\n ;\r\n\ts=\r\n r;")
    yield from both_forms("folds around b=", "pass", "b={b}", "b\r\n =\r\n {b}\r\n ")
    yield from both_forms("blanks around the value of b=", "pass", "b={b}", "b= \t{b} \t")
    yield from both_forms("blanks around b=, ;", "pass", "b={b}", " b =  {b}  ; ")
    yield edit("tag names in upper case", "-", "d=", "D=")
    yield edit("V=1", "-", "v=1", "V=1")
    yield edit("B=", "-", "b={b}", "B={b}")
    yield edit("a tag twice, alike", "-", "d=north.example;", "d=north.example; d=north.example;")
    yield edit("a tag twice", "-", "s=r;", "s=none; s=r;")
    yield with_tag("an unknown tag twice", "-", "u=1; u=2")
    yield with_tag("unknown tags", "pass", "u=1; foo_2=bar; X=y")
    yield with_tag("an unknown tag without value", "pass", "u=")
    yield with_tag("an unknown tag with blanks in it", "pass", "u=a b  c")
    yield with_tag("an unknown tag that has b= in it", "pass", "u=a b=c")
    yield with_tag("an unknown tag whose value is b=", "pass", "u=b=c=")
    yield with_tag("a tag whose name ends in b", "pass", "ab=c; xb=d")
    yield with_tag("an unknown tag with 8-bit octets", "-", "u=caf\u00e9")
    yield with_tag("a tag name with -", "-", "u-v=1")
    yield with_tag("a tag name that begins with a digit", "-", "1u=1")
    yield with_tag("a tag name that begins with _", "-", "_u=1")
    yield edit("name of the field in capitals", "pass", "DKIM-Signature:", "DKIM-SIGNATURE:")
    yield edit("name of the field in small letters", "pass", "DKIM-Signature:", "dkim-signature:")
    yield edit("no blank behind the name", "pass", "DKIM-Signature: ", "DKIM-Signature:")
    yield from both_forms("a fold behind the name", "pass", "DKIM-Signature: ", "DKIM-Signature:\r\n ")


def values():
    for value, rfc in (("2", "-"), ("", "-"), ("1.0", "-"), ("01", "-"), ("1\r\n ", "pass")):
        yield edit(f"v={value!r}", rfc, "v=1;", f"v={value};")
    yield edit("no v=", "-", " v=1;", "")
    yield edit("no a=", "-", " a=rsa-sha256;", "")
    yield edit("no d=", "-", " d=north.example;", "")
    yield edit("no s=", "-", " s=r;", "")
    yield edit("no bh=", "-", " bh={bh};", "")
    yield edit("no h=", "-", "h=from:to:subject;", "", names=())
    for value, rfc in (("RSA-SHA256", None), ("rsa-sha512", "-"), ("rsa", "-"), ("sha256", "-"), ("rsa - sha256", "-"), ("", "-"),
                       ("ed25519-sha256", "-"), ("dsa-sha256", "-")):
        yield edit(f"a={value}", rfc, "a=rsa-sha256", f"a={value}")
    yield edit("a=rsa-sha1", "-", "a=rsa-sha256", "a=rsa-sha1", hash_name="sha1")
    for value, forms, rfc in (("relaxed", ("relaxed", "simple"), "pass"), ("simple", SIMPLE_FORMS, "pass"),
                              ("simple/relaxed", ("simple", "relaxed"), "pass"), ("relaxed/simple", ("relaxed", "simple"), "pass"),
                              ("Relaxed/RELAXED", RELAXED_FORMS, None), ("relaxed / relaxed", RELAXED_FORMS, "-"),
                              ("relaxed/", ("relaxed", "simple"), "-"), ("/relaxed", ("simple", "relaxed"), "-"), ("nofws", RELAXED_FORMS, "-"),
                              ("relaxed/nofws", RELAXED_FORMS, "-"), ("relaxed/relaxed/relaxed", RELAXED_FORMS, "-"), ("", SIMPLE_FORMS, "-")):
        yield edit(f"c={value}", rfc, "c=relaxed/relaxed", f"c={value}", forms=forms)
    yield edit("no c=", "pass", " c=relaxed/relaxed;", "", forms=SIMPLE_FORMS)
    for value, rfc in (("NORTH.Example", "pass"), ("north.example.", "-"), ("north .example", "-"), ("north.\r\n example", "-"),
                       (".north.example", "-"), ("", "-"), ("north..example", "-"), ("north.example north.example", "-")):
        yield edit(f"d={value!r}", rfc, "d=north.example", f"d={value}")
    for value, rfc in (("R", "pass"), ("r.", "-"), (".r", "-"), ("", "-"), ("r r", "-"), ("r;s2=r", "pass")):
        yield edit(f"s={value}", rfc, "s=r;", f"s={value};")


def header_lists():
    for value, names, rfc in (("From:To:Subject", "from to subject", "pass"), ("from : to\t: subject", "from to subject", "pass"),
                              ("from:\r\n to\r\n :subject", "from to subject", "pass"), ("from", "from", "pass"),
                              ("from:to:subject:", "from to subject", "-"), (":from:to", "from to", "-"), ("from::to", "from to", "-"),
                              ("to:subject", "to subject", "-"), ("", "", "-"), ("from;", "from", "-"), ("from,to", "from", "-"),
                              ("from:from:to:to:to", "from from to to to", "pass"), ("from:x-none:to", "from x-none to", "pass"),
                              ("from to", "from", "-"), ("from:dkim-signature", "from dkim-signature", "pass"),
                              ("from:\r\n\t\r\n to", "from to", None), ("from:x-odd!#$%&'*+", "from x-odd!#$%&'*+", "pass")):
        yield edit(f"h={value!r}", rfc, "h=from:to:subject", f"h={value}", names=tuple(value.encode() for value in names.split(" ")))
    yield edit("h= with 300 names", "pass", "h=from:to:subject", "h=from:" + ":\r\n ".join(["x-none"] * 299), names=(b"from",))


def optional_tags():
    for value, rfc in (("@north.example", "pass"), ("joe@north.example", "pass"), ("joe@a.b.north.example", "pass"), ("@NORTH.example", "pass"),
                       ("@evilnorth.example", "-"), ("@example", "-"), ("@south.example", "-"), ("joe", "-"), ("@", "-"), ("", "-"),
                       ("joe=20smith@north.example", "pass"), ("a@b@north.example", None), ("@north.example@south.example", "-"),
                       ("@.north.example", "-"), ("j=oe@north.example", "-"), ("@ north.example", None), ("joe @north.example", None)):
        yield with_tag(f"i={value}", rfc, f"i={value}")
    for value, length, rfc in (("0", 0, "pass"), ("1", 1, None), ("00", 0, "pass"), ("0" * 76, 0, "pass"), ("0" * 77, 0, "-"), ("+0", 0, "-"),
                               ("0x", 0, "-"), ("", 0, "-"), ("-1", 0, "-"), ("0.0", 0, "-"), ("999999", None, "-"), ("0 0", 0, "-"),
                               ("9" * 30, None, "-"), ("18446744073709551616", None, "-"), ("18446744073709551616", 0, "-"),
                               ("4294967296", 0, "-")):
        yield with_tag(f"l={value[:30]} ({len(value)} digits){'' if length is None else ' of a prefix'}", rfc, f"l={value}", length=length)
    for value, rfc in (("dns/txt", "pass"), ("dns", "-"), ("http", "-"), ("dns/txt:http", "pass"), ("http:dns/txt", "pass"), ("DNS/TXT", None),
                       ("dns / txt", "-"), ("", "-"), ("dns/txt : x/y", "pass"), ("dns/txt:", "-")):
        yield with_tag(f"q={value}", rfc, f"q={value}")
    for value, rfc in (("t=1700000000", "pass"), ("t=0", "pass"), ("t=", "-"), ("t=x", "-"), ("t=-1", "-"), ("t=1e9", "-"), ("t=+1", "-"),
                       ("t=1700000000; x=1700000001", None), ("x=1700000001", None), ("t=1700000000; x=1600000000", "-"),
                       ("t=1700000000; x=1700000000", "-"), ("x=4000000000", "pass"), ("t=1700000000; x=4000000000", "pass"), ("x=", "-"),
                       ("x=y", "-"), ("x=-1", "-"), ("x=999999999999", "pass"), ("x=99999999999999999999", "pass"), ("t=4000000000", None),
                       ("t=4000000000; x=3000000000", "-"), ("t=000001700000000", None), ("x=0000004000000000", None)):
        yield with_tag(value, rfc, value)
    yield with_tag("z=", "pass", "z=From:joe@north.example|Subject:a=20b")
    yield with_tag("z= folded", "pass", "z=From:joe@north.example|\r\n Subject:b=20=3Db")


def hashes_in_base64():
    for every, blank, rfc in ((70, b"\r\n\t", "pass"), (1, b" ", "pass"), (4, b"\r\n ", "pass"), (10, b"\t \t", "pass"), (70, b"\r\n", "-")):
        yield Spelling(f"b= cut by {blank!r}", rfc, finish=refolded(every, blank))
        if every != 70 or rfc == "pass":
            yield Spelling(f"b= cut by {blank!r}, simple", rfc, SIMPLE, SIMPLE_FORMS, finish=refolded(every, blank))
    yield Spelling("b= without padding", "pass", finish=b_value(lambda value: value.rstrip(b"=")))
    yield Spelling("b= with too much padding", "-", finish=b_value(lambda value: value + b"="))
    yield Spelling("b= with a *", "-", finish=b_value(lambda value: value[:9] + b"*" + value[9:]))
    yield Spelling("b= in base64url", "-", finish=b_value(lambda value: value.replace(b"+", b"-").replace(b"/", b"_")))
    yield Spelling("b= empty", "-", finish=b_value(lambda value: b""))
    yield Spelling("b= without its last octet", "-", finish=b_value(lambda value: base64.b64encode(base64.b64decode(value)[:-1])))
    yield Spelling("b= with an octet too many", "-", finish=b_value(lambda value: base64.b64encode(base64.b64decode(value) + b"x")))
    yield Spelling("b= with spare bits set", None, finish=b_value(lambda value: value[:-3] + bytes([value[-3] + 1]) + value[-2:]))
    yield edit("bh= cut by blanks", "pass", "bh={bh}", "bh= {bh} ", forms=RELAXED_FORMS)
    yield edit("bh= with a = too many", "-", "bh={bh}", "bh={bh}=")
    yield edit("bh= with a *", "-", "bh={bh}", "bh=*{bh}")


def all_spellings():
    for group in (structure, values, header_lists, optional_tags, hashes_in_base64):
        yield from group()


def _with(self, old, new):
    assert old in self.template, old
    return dataclasses.replace(self, template=self.template.replace(old, new))


Spelling.with_ = _with
