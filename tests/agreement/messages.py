# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of every kind that may arrive, drawn from a seed: odd folding, blanks everywhere, repeated fields, empty and
unended bodies, 8-bit octets, long lines. Lines end in CRLF, as on the wire."""

WORDS = [b"dinner", b"is", b"ready", b"a=b;", b"\xc3\xa9t\xc3\xa9", b"\xff\xfe", b"=?utf-8?q?x?=", b"<a@b.example>", b":", b"x" * 40]
BLANKS = [b" ", b" ", b" ", b"  ", b"\t", b" \t ", b"   "]
FOLDS = [b"\r\n ", b"\r\n\t", b" \r\n  ", b"\r\n \t"]
NAMES = [b"Subject", b"To", b"Cc", b"Date", b"Message-ID", b"X-Odd!#$%&*+", b"Received", b"Reply-To", b"MIME-Version",
         b"Content-Type", b"List-Id", b"SUBJECT", b"x-lower", b"Comments", b"Keywords", b"In-Reply-To"]


def value(random, folds=True):
    """A value with what stands before its first word and behind its last."""
    gaps = BLANKS + (FOLDS if folds else [])
    text = random.choice([b"", b" ", b" ", b" ", b"  ", b"\t"])
    for n in range(random.choice([0, 1, 2, 3, 5, 12])):
        text += (random.choice(gaps) if n else b"") + random.choice(WORDS)
    if random.random() < 0.05:
        text += b"y" * random.choice([900, 2000])
    return text + random.choice([b"", b"", b"", b" ", b"\t ", b"  "])


def header(random):
    fields = []
    for _ in range(random.randrange(1, 14)):
        name = random.choice(NAMES)
        fields.append(name + b":" + value(random))
        if random.random() < 0.2:
            fields.append(random.choice([name, name.upper(), name.lower()]) + b":" + value(random))
    author = random.choice([b"From: Joe <joe@north.example>", b"FROM:joe@north.example", b"from:\r\n joe@north.example ",
                            b"From:  Joe\t <joe@north.example>\t"])
    fields.insert(random.randrange(len(fields) + 1), author)
    return fields


def line(random):
    kind = random.random()
    if kind < 0.2:
        return b""
    if kind < 0.3:
        return random.choice([b" ", b"\t", b"  \t", b"    "])
    text = random.choice([b"", b"", b"", b" ", b"\t", b"  "])
    for n in range(random.choice([1, 2, 3, 8])):
        text += (random.choice(BLANKS) if n else b"") + random.choice(WORDS)
    if random.random() < 0.03:
        text += b"z" * random.choice([990, 5000])
    return text + random.choice([b"", b"", b"", b" ", b"\t", b" \t "])


def body(random):
    lines = [line(random) for _ in range(random.choice([0, 0, 1, 2, 5, 20]))]
    text = b"".join(one + b"\r\n" for one in lines) + b"\r\n" * random.choice([0, 0, 0, 1, 2, 5])
    if text.endswith(b"\r\n") and random.random() < 0.1:
        text = text[:-2]
    return text


def message(random):
    return join(header(random), body(random))


def join(fields, text):
    return b"".join(one + b"\r\n" for one in fields) + b"\r\n" + text


def split(octets):
    """Fields, without their last CRLF, and the body."""
    head, _, text = octets.partition(b"\r\n\r\n")
    fields = []
    for one in head.split(b"\r\n"):
        if one[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\r\n" + one
        else:
            fields.append(one)
    return fields, text


# ---- What happens to a message on its way ----

def flip(random, octets):
    """One printable octet becomes another one; none of the structure."""
    places = [n for n, octet in enumerate(octets) if chr(octet).isalnum()]
    if not places:
        return octets
    at = random.choice(places)
    new = random.choice([c for c in b"aQ7" if c != octets[at]])
    return octets[:at] + bytes([new]) + octets[at + 1:]


def flip_in_body(random, fields, text):
    return fields, flip(random, text)


def flip_in_header(random, fields, text):
    at = random.randrange(len(fields))
    name, _, rest = fields[at].partition(b":")
    return fields[:at] + [name + b":" + flip(random, rest)] + fields[at + 1:], text


def blanks_in_body(random, fields, text):
    change = random.choice([lambda t: t.replace(b" ", b"  ", 1), lambda t: t.replace(b"\r\n", b" \r\n", 1),
                            lambda t: t + b"\r\n", lambda t: t + b" \r\n", lambda t: t.replace(b" ", b"", 1),
                            lambda t: t.replace(b"\t", b" "), lambda t: b"\r\n" + t, lambda t: t.rstrip(b"\r\n"),
                            lambda t: b" " + t])
    return fields, change(text)


def blanks_in_header(random, fields, text):
    at = random.randrange(len(fields))
    name, _, rest = fields[at].partition(b":")
    change = random.choice([lambda: name.upper() + b":" + rest, lambda: name + b":  " + rest, lambda: name + b":" + rest + b" ",
                            lambda: name + b":" + rest.replace(b" ", b"\t ", 1), lambda: name + b":" + rest.replace(b" ", b"\r\n ", 1),
                            lambda: name + b":" + rest.replace(b"\r\n", b""), lambda: name + b":" + rest.lstrip(),
                            lambda: name + b":" + rest.replace(b" ", b"", 1)])
    return fields[:at] + [change()] + fields[at + 1:], text


def field_added(random, fields, text):
    name = random.choice(NAMES + [b"From", b"Subject", b"To"])
    at = random.choice([0, len(fields), random.randrange(len(fields) + 1)])
    return fields[:at] + [name + b": added"] + fields[at:], text


def field_removed(random, fields, text):
    at = random.randrange(len(fields))
    return fields[:at] + fields[at + 1:], text


def fields_swapped(random, fields, text):
    a, b = random.randrange(len(fields)), random.randrange(len(fields))
    fields = list(fields)
    fields[a], fields[b] = fields[b], fields[a]
    return fields, text


def text_appended(random, fields, text):
    return fields, text + random.choice([b"more\r\n", b"\r\nmore", b"x"])


CHANGES = [flip_in_body, flip_in_header, blanks_in_body, blanks_in_header, field_added, field_removed, fields_swapped,
           text_appended]
