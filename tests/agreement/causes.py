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
DKIM = [
    ("dkimpy", "a second From that no signature covers makes all fail", "RFC 6376 §8.15, a verifier's choice",
     lambda case, answer, ours: len(named(case, b"from")) > 1),
    ("opendkim", "a message with two From fields, or with none, is not looked at", "RFC 6376 §3.8, a verifier's choice",
     lambda case, answer, ours: len(named(case, b"from")) != 1),
    (None, "a signature whose h= names dkim-signature takes itself for that field", "RFC 6376 §3.5, h=; §3.7",
     lambda case, answer, ours: covers_itself(case)),
]
ARC = [
    (None, "a header section that is none: we refuse the message, others look at the rest", "RFC 5322 §2.2",
     lambda case, answer, ours: "error" in ours),
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
    ("pyspf", "what %{p} and other macros make is no domain: an error there, no match here", "RFC 7208 §4.8",
     lambda case, answer, ours: answer.get("result") == "permerror" and "%{" in records_of(case)),
    ("pyspf", "all hosts of an mx are looked up, also behind one that matches", "RFC 7208 §5.4",
     lambda case, answer, ours: answer.get("result") == "temperror" and "mx" in records_of(case)),
    ("mailauth", "syntax is only looked at where the evaluation comes by, and some of it not at all", "RFC 7208 §4.6",
     lambda case, answer, ours: "syntax error" in ours.get("reason", "")),
    ("mailauth", "a text counts as a record that does not begin with \"v=spf1\" and SP", "RFC 7208 §4.5",
     lambda case, answer, ours: ours.get("result") == "none" or re.search(r"(^| )v ?=spf1[.0\t]|v=spf2| v=spf1\b", records_of(case)) and answer.get("result") == "permerror"),
    ("mailauth", "mx, a and ptr: prefix lengths and names that only it refuses or only it takes", "RFC 7208 §5.3, §5.4, §5.5",
     lambda case, answer, ours: "result" in answer),
    ("libspf2", "redirect= is followed where it stands, before the terms behind it", "RFC 7208 §6.1",
     lambda case, answer, ours: "redirect=" in records_of(case)),
    ("libspf2", "a syntax error is not seen", "RFC 7208 §4.6", lambda case, answer, ours: "syntax error" in ours.get("reason", "")),
    ("libspf2", "a DNS that fails is an error of the record", "RFC 7208 §2.6.6",
     lambda case, answer, ours: "TEMPFAIL" in case["zone"].values()),
    ("libspf2", "a prefix length of 0 is refused", "RFC 7208 §5.6", lambda case, answer, ours: re.search("/0", records_of(case))),
    ("libspf2", "void look-ups are not limited", "RFC 7208 §4.6.4", lambda case, answer, ours: "void" in ours.get("reason", "")),
    ("libspf2", "everything else (macros, ptr, limits)", "RFC 7208", lambda case, answer, ours: True),
]


def explain(case, name, answer, ours):
    rules = {"passed": DKIM, "arc": ARC, "result": SPF}[case.get("ask", "passed")]
    for who, text, section, fits in rules:
        if who in (name, None) and fits(case, answer, ours):
            return text, section
    return None
