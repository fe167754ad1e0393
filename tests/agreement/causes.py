# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Why an implementation says something else than the reference (the RFC where the case knows it, else us): classes that
were looked into, each with the section that decides. What none of them explains is reported as such."""

import re

import messages


def records_of(case):
    return " ".join(text for node in case["zone"].values() if isinstance(node, dict) for text in node.get("TXT", []))


def fields_of(case):
    return messages.split(case["message"])[0]


def named(case, name):
    return [field for field in fields_of(case) if field.lower().startswith(name + b":")]


def covers_itself(case):
    return any(re.search(rb"(?i)h=[^;]*dkim-signature", field) for field in named(case, b"dkim-signature"))


# (implementation, class, section, predicate of the case, its own answer and ours). The first that fits.
NO_HEADER = (None, "a header section that is none: we refuse the message, they look at what they can read", "RFC 5322 §2.2",
             lambda case, answer, ours: "error" in ours)
DKIM = [
    NO_HEADER,
    ("dkimpy", "a second From that no signature covers makes all fail", "RFC 6376 §8.15, a verifier's choice",
     lambda case, answer, ours: len(named(case, b"from")) > 1),
    ("opendkim", "a message with two From fields, or with none, is not looked at", "RFC 6376 §3.8, a verifier's choice",
     lambda case, answer, ours: len(named(case, b"from")) != 1),
    ("opendkim", "a DKIM-Signature that cannot be read takes all others with it", "RFC 6376 §6.1, each by itself",
     lambda case, answer, ours: "header: Syntax error" in answer.get("all", [])),
    (None, "a signature whose h= names dkim-signature takes itself for that field", "RFC 6376 §3.5, h=; §3.7",
     lambda case, answer, ours: covers_itself(case)),
]
ARC = [
    NO_HEADER,
    ("dkimpy", "names of ARC fields are only known as ARC-...", "RFC 5322 §1.2.2, names in any case",
     lambda case, answer, ours: "IndexError" in answer.get("arc_reason", "")),
    ("dkimpy", "a chain whose last seal says cv=fail has no result", "RFC 8617 §5.2, step 3",
     lambda case, answer, ours: answer.get("arc") == "None" and ours["arc"] == "fail"),
    ("dkimpy", "a second From that the message signature does not cover makes it fail", "RFC 6376 §8.15, a verifier's choice",
     lambda case, answer, ours: len(named(case, b"from")) > 1),
    ("dkimpy", "fields of sets that stand in another order are sealed in that order", "RFC 8617 §5.1.1, by instance",
     lambda case, answer, ours: "swapped" in case["kind"] and "did not validate" in answer.get("arc_reason", "")),
]
SPF = [
    ("pyspf", "an include of its own domain is refused before the terms that stand before it", "RFC 7208 §4.6.2",
     lambda case, answer, ours: "recursion" in answer.get("reason", "")),
    ("pyspf", "an empty answer counts as a void look-up behind mx and ptr too", "RFC 7208 §4.6.4, of terms",
     lambda case, answer, ours: "Void lookup" in answer.get("reason", "")),
    ("pyspf", "macros that the grammar does not have (%{d0}, %{dr2}) are expanded", "RFC 7208 §7.1, §7.3",
     lambda case, answer, ours: "is no macro" in ours.get("reason", "")),
    ("pyspf", "an unknown modifier twice is an error", "RFC 7208 §6: ignored however often",
     lambda case, answer, ours: "at most once" in answer.get("reason", "")),
    ("pyspf", "a DNS that fails ends the check, also behind ptr and behind an mx that matched", "RFC 7208 §5.4, §5.5",
     lambda case, answer, ours: answer.get("result") == "temperror" and re.search(r"mx|ptr", records_of(case))),
    ("mailauth", "syntax is only looked at where the evaluation comes by, and some of it not at all", "RFC 7208 §4.6",
     lambda case, answer, ours: "syntax error" in ours.get("reason", "")),
    ("mailauth", "a text counts as a record that does not begin with \"v=spf1\" and SP", "RFC 7208 §4.5",
     lambda case, answer, ours: "no SPF record" in ours.get("reason", "") or
     re.search("multiple SPF records|includes inval", answer.get("reason", ""))),
    ("mailauth", "an unknown modifier without value is an error", "RFC 7208 §6, ignored; §12, macro-string may be empty",
     lambda case, answer, ours: "Empty modifier" in answer.get("reason", "")),
    ("mailauth", "names that end in a dot, have empty labels or come of macros are an error", "RFC 7208 §7.1; §4.8, no match",
     lambda case, answer, ours: "Invalid domain" in answer.get("reason", "")),
    ("mailauth", "the limit of ten terms is not that of includes and redirects together", "RFC 7208 §4.6.4",
     lambda case, answer, ours: "more than 10 terms" in ours.get("reason", "")),
    ("mailauth", "a DNS that fails behind a term is no answer of it", "RFC 7208 §5",
     lambda case, answer, ours: ours.get("result") == "temperror"),
    ("mailauth", "an empty answer counts as a void look-up behind mx and ptr too", "RFC 7208 §4.6.4, of terms",
     lambda case, answer, ours: "void DNS" in answer.get("reason", "")),
    ("mailauth", "an empty answer is void only where A and AAAA both are", "RFC 7208 §4.6.4",
     lambda case, answer, ours: "void" in ours.get("reason", "")),
    ("mailauth", "ip6:::1/0 matches nothing", "RFC 7208 §5.6", lambda case, answer, ours: "ip6:::1/0" in records_of(case)),
    ("mailauth", "%{p} is another name than the validated one", "RFC 7208 §7.3",
     lambda case, answer, ours: "%{p}" in records_of(case)),
    ("mailauth", "behind include and redirect %{d} and ptr mean the first domain", "RFC 7208 §5.5, §7.2",
     lambda case, answer, ours: re.search(r"%{d}|\bptr\b", records_of(case)) and re.search("include|redirect", records_of(case))
     and "result" in answer),
    ("libspf2", "redirect= is followed where it stands, before the terms behind it", "RFC 7208 §6.1",
     lambda case, answer, ours: "redirect=" in records_of(case)),
    ("libspf2", "a syntax error is not seen", "RFC 7208 §4.6", lambda case, answer, ours: "syntax error" in ours.get("reason", "")),
    ("libspf2", "a DNS that fails is an error of the record", "RFC 7208 §2.6.6",
     lambda case, answer, ours: "TEMPFAIL" in case["zone"].values()),
    ("libspf2", "a prefix length of 0 is refused", "RFC 7208 §5.6", lambda case, answer, ours: re.search("/0", records_of(case))),
    ("libspf2", "names of unknown modifiers have no dot", "RFC 7208 §12, name",
     lambda case, answer, ours: "f-o.o_1=" in records_of(case)),
    ("libspf2", "ptr with a final dot matches nothing", "RFC 7208 §7.1, domain-end",
     lambda case, answer, ours: "ptr:a.example." in records_of(case)),
    ("libspf2", "void look-ups are not limited", "RFC 7208 §4.6.4", lambda case, answer, ours: "void" in ours.get("reason", "")),
]


def explain(case, name, answer, ours):
    rules = {"passed": DKIM, "arc": ARC, "result": SPF}[case.get("ask", "passed")]
    for who, text, section, fits in rules:
        if who in (name, None) and fits(case, answer, ours):
            return text, section
    return None
