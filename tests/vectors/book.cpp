// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Files of vectors and their one spelling, so that a change of a vector is a change of a line.
#include <algorithm>

#include "vectors.hpp"

namespace cas::vectors {
namespace {

void print(std::string& out, const json::value& value, std::size_t depth);

void new_line(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(depth * 2, ' ');
}

void print(std::string& out, const json::object& object, std::size_t depth) {
  out += '{';
  bool first = true;
  for (const auto& member : object) {
    if (!first) out += ',';
    first = false;
    new_line(out, depth + 1);
    out += json::serialize(member.key());
    out += ": ";
    print(out, member.value(), depth + 1);
  }
  if (!first) new_line(out, depth);
  out += '}';
}

void print(std::string& out, const json::array& array, std::size_t depth) {
  out += '[';
  bool first = true;
  for (const auto& item : array) {
    if (!first) out += ',';
    first = false;
    new_line(out, depth + 1);
    print(out, item, depth + 1);
  }
  if (!first) new_line(out, depth);
  out += ']';
}

void print(std::string& out, const json::value& value, std::size_t depth) {
  if (const auto* object = value.if_object()) {
    print(out, *object, depth);
  } else if (const auto* array = value.if_array()) {
    print(out, *array, depth);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string pretty(const json::value& value) {
  std::string out;
  print(out, value, 0);
  return out + '\n';
}

void Book::add(std::string_view name, std::string_view section, std::string_view about, json::array vectors) {
  json::object file;
  file["section"] = text(section);
  file["about"] = text(about);
  file["vectors"] = std::move(vectors);
  files_.push_back({std::string(name), pretty(file)});
}

void Book::add_octets(std::string name, std::string octets) {
  files_.push_back({std::move(name), std::move(octets)});
}

void Book::expect(std::string_view file, std::string_view vector, std::string_view expected, std::string_view actual) {
  if (expected == actual) return;
  // From where they differ: the texts may be long.
  constexpr std::size_t before = 20, shown = 80;
  const auto at = std::ranges::mismatch(expected, actual).in1 - expected.begin();
  const std::size_t from = static_cast<std::size_t>(at) > before ? static_cast<std::size_t>(at) - before : 0;
  disagreements_.push_back(
      {std::string(file) + ": " + std::string(vector), "expected " + printable(expected.substr(from), shown) +
                                                           ", the code says " + printable(actual.substr(from), shown)});
}

}  // namespace cas::vectors
