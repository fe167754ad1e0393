// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header fields as they stood on the wire, and the canonical forms that signatures and the CAS digest are made of
// (RFC 6376 §3.4). Values are views into the text they were parsed from.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cas {

/// One field. `raw` is the whole field with folding and final CRLF; `name` as written, without trailing blanks;
/// `value` everything after the colon, without the final CRLF, folding kept.
struct HeaderField {
  std::string_view raw;
  std::string_view name;
  std::string_view value;
};

/// The fields of a header section, in order. `text` is the section with CRLF line ends, with or without the empty
/// line that ends it; it must outlive the result. A line that is neither a field nor a continuation is a permanent
/// error (RFC 5322 §2.2), as is a field name with characters outside 33..126, a CR or LF on its own, a last line
/// without CRLF, and more than 10,000 fields. What follows the empty line is not looked at.
[[nodiscard]] Result<std::vector<HeaderField>> parse_header(std::string_view text);

/// Fields with that name, any case, first to last.
[[nodiscard]] std::vector<HeaderField> fields_named(const std::vector<HeaderField>& fields, std::string_view name);

/// Folding undone: CRLF before WSP is removed (RFC 5322 §2.2.3).
[[nodiscard]] std::string unfold(std::string_view value);

/// RFC 6376 §3.4.2: "name:value" CRLF with lower-case name, unfolded, runs of WSP made one SP, none at the ends.
[[nodiscard]] std::string relaxed_header(const HeaderField& field);
/// RFC 6376 §3.4.1: the field as it stands, CRLF included.
[[nodiscard]] std::string simple_header(const HeaderField& field);

/// RFC 6376 §3.4.
enum class Canonicalization { Simple, Relaxed };

/// A body canonicalised while it streams (RFC 6376 §3.4.3, §3.4.4). Memory is bounded: pending empty lines are
/// counted, not kept. Not thread-safe.
class BodyCanonicalizer {
 public:
  using Form = Canonicalization;
  using Sink = std::function<void(std::string_view)>;

  /// `sink` is called with pieces of a few KB; what it is handed lives only during the call.
  BodyCanonicalizer(Form form, Sink sink);

  /// The next octets of the body, cut anywhere (also between CR and LF).
  void update(std::string_view octets);
  /// The end of the body. An unterminated last line gets its CRLF; the empty body becomes CRLF (simple) or
  /// nothing (relaxed). To be called once; the last piece reaches the sink here.
  void finish();

 private:
  // Each says how many of the octets it has used up.
  std::size_t after_cr(std::string_view octets);
  std::size_t before_text(std::string_view octets);  // a line has begun, or blanks wait
  std::size_t in_text(std::string_view octets);
  void put_text(std::string_view octets);
  void open_text();
  void end_line();
  void put(std::string_view octets);
  void flush();

  Form form_;
  Sink sink_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::size_t empty_lines_ = 0;   // seen, not yet written
  bool cr_pending_ = false;       // a CR was the last octet
  bool wsp_pending_ = false;      // relaxed: white space not yet written
  bool line_has_octets_ = false;  // the line is not empty
  bool wrote_ = false;
};

}  // namespace cas
