// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// cas-vectors DIRECTORY writes the test vectors of CAS §23; cas-vectors --check DIRECTORY compares what is there with
// what would be written, octet for octet. Both fail where the code does not agree with a vector.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "vectors.hpp"

namespace {

using namespace cas::vectors;
namespace fs = std::filesystem;

std::string read_octets(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write(const Book& book, const fs::path& directory) {
  for (const auto& file : book.files()) {
    const fs::path path = directory / file.name;
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << file.octets;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path.string());
  }
}

/// How many files differ, are missing, or are there and should not be.
std::size_t compare(const Book& book, const fs::path& directory) {
  std::size_t faults = 0;
  const auto fault = [&](const std::string& name, const char* what) {
    std::printf("%s: %s\n", name.c_str(), what);
    ++faults;
  };
  std::set<std::string> names;
  for (const auto& file : book.files()) {
    names.insert(file.name);
    if (!fs::exists(directory / file.name)) {
      fault(file.name, "is missing");
    } else if (read_octets(directory / file.name) != file.octets) {
      fault(file.name, "differs from what cas-vectors writes");
    }
  }
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().lexically_relative(directory).generic_string();
    const bool ours = entry.path().extension() == ".json" || entry.path().extension() == ".eml";
    if (ours && !names.contains(name)) fault(name, "is not written by cas-vectors");
  }
  return faults;
}

Book make_book() {
  Book book;
  add_keys(book);
  add_key_records(book);
  add_valid_intents(book);
  add_invalid_intents(book);
  add_digests(book);
  add_signatures(book);
  add_statements(book);
  add_messages_against_intents(book);
  add_recipients(book);
  add_discovery(book);
  add_replies(book);
  add_tokens(book);
  return book;
}

int run(bool check, const fs::path& directory) {
  const Book book = make_book();
  for (const auto& [where, what] : book.disagreements()) std::printf("%s: %s\n", where.c_str(), what.c_str());
  std::size_t faults = book.disagreements().size();
  if (check) {
    faults += compare(book, directory);
  } else {
    write(book, directory);
  }
  std::printf("vectors: %zu files, %zu faults\n", book.files().size(), faults);
  return faults == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (!check && argc != 2) {
    std::fputs("usage: cas-vectors [--check] DIRECTORY\n", stderr);
    return 2;
  }
  try {
    return run(check, argv[argc - 1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cas-vectors: %s\n", error.what());
    return 2;
  }
}
