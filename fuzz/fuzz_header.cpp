// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header fields, their canonical forms, canonical bodies and dates: fields cover the section without a gap, canonical
// forms are fixed points, a body is the same wherever it is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/date.hpp"
#include "message/header.hpp"

namespace {

using namespace cas;
using Form = BodyCanonicalizer::Form;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The text in an alphabet of blanks and line ends; 'N' stands for CRLF.
std::string folded(std::string_view text) {
  constexpr std::string_view kAlphabet = "aB:  \t\r\nNNNN3,";
  std::string out;
  for (const char c : text) {
    const char picked = kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
    out += picked == 'N' ? "\r\n" : std::string(1, picked);
  }
  return out;
}

void check_field(const HeaderField& field) {
  require(field.raw.ends_with("\r\n") && field.raw.starts_with(field.name));
  require(simple_header(field) == field.raw);
  const std::string unfolded = unfold(field.value);
  require(unfolded.find_first_of("\r\n") == std::string::npos);
  const std::string relaxed = relaxed_header(field);
  require(relaxed.find("  ") == std::string::npos && relaxed.find('\t') == std::string::npos);
  const auto again = parse_header(relaxed);
  require(again && again->size() == 1 && relaxed_header(again->front()) == relaxed);
}

void check_header(std::string_view text) {
  const auto fields = parse_header(text);
  if (!fields) return;
  std::size_t covered = 0;
  for (const HeaderField& field : *fields) {
    require(field.raw.data() == text.data() + covered);
    covered += field.raw.size();
    check_field(field);
    require(!fields_named(*fields, field.name).empty());
  }
  require(covered == text.size() || text.substr(covered).starts_with("\r\n"));
}

std::string canonical(Form form, std::string_view body, std::size_t piece) {
  std::string out;
  BodyCanonicalizer canonicalizer(form, [&out](std::string_view octets) { out += octets; });
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) canonicalizer.update(body.substr(0, piece));
  canonicalizer.finish();
  return out;
}

void check_body(std::string_view text) {
  for (const Form form : {Form::Simple, Form::Relaxed}) {
    const std::string whole = canonical(form, text, text.size() + 1);
    require(canonical(form, text, 1) == whole);
    require(canonical(form, text, 3) == whole);
    require(canonical(form, whole, whole.size() + 1) == whole);
    require(whole.empty() ? form == Form::Relaxed : whole.ends_with("\r\n"));
    require(!whole.ends_with("\r\n\r\n"));
  }
  // Relaxed forgives no more than what simple keeps and white space.
  require(canonical(Form::Relaxed, canonical(Form::Simple, text, 5), 7) == canonical(Form::Relaxed, text, 11));
}

void check_date(std::string_view text) {
  const auto date = parse_date(text);
  if (date) require(parse_date(format_date(*date)) == *date);
}

void check(std::string_view text) {
  check_header(text);
  check_body(text);
  check_date(text);
  unfold(text).clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
