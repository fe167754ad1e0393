// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines first, each by itself; then where they lead.
#include "recipients/alias_file.hpp"

#include <algorithm>
#include <ranges>

#include "base/encoding.hpp"

namespace cas::recipients {

namespace {

constexpr std::size_t max_line = 8192;
constexpr std::size_t max_faults = 20;
constexpr std::size_t max_shown = 80;
constexpr std::size_t max_visited = 1000;

std::string quoted(std::string_view text) {
  return '"' + printable(text, max_shown) + '"';
}

// A word of a line: up to a space, a comma or a colon outside of quotes.
std::string_view take_word(std::string_view& rest) {
  bool in_quotes = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    if (in_quotes && c == '\\') {
      ++end;
    } else if (c == '"') {
      in_quotes = !in_quotes;
    } else if (!in_quotes && (is_wsp(c) || c == ',' || c == ':')) {
      break;
    }
  }
  const auto word = rest.substr(0, end);
  rest.remove_prefix(std::min(end, rest.size()));
  return word;
}

void skip_spaces(std::string_view& rest) {
  while (!rest.empty() && is_wsp(rest.front())) rest.remove_prefix(1);
}

bool at_comment(std::string_view rest) {
  return rest.empty() || rest.front() == '#';
}

}  // namespace

/// One reading of one text.
class AliasReader {
 public:
  explicit AliasReader(const AliasContext& context) : context_(context) {}

  void read(std::string_view text) {
    while (!text.empty() && faults_.size() < max_faults) {
      const auto end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      read_line(line);
    }
  }

  /// Where the entries lead.
  void follow() {
    std::vector<const std::pair<const std::string, AliasFile::Entry>*> by_line;
    for (const auto& entry : file_.entries_) {
      if (!entry.second.targets.empty()) by_line.push_back(&entry);
    }
    std::ranges::sort(by_line, {}, [](const auto* entry) { return entry->second.line; });
    for (const auto* entry : by_line) follow_entry(entry->first, entry->second);
    if (file_.catch_all_) follow_entry("*", *file_.catch_all_);
  }

  std::vector<AliasFile::Fault> take_faults() {
    std::ranges::stable_sort(faults_, {}, &AliasFile::Fault::line);
    if (faults_.size() > max_faults) faults_.resize(max_faults);
    return std::move(faults_);
  }
  AliasFile take_file() { return std::move(file_); }

 private:
  void fault(std::string problem, std::string mend) { fault_at(line_, std::move(problem), std::move(mend)); }
  void fault_at(std::size_t line, std::string problem, std::string mend) {
    if (faults_.size() > max_faults) return;
    faults_.push_back({.line = line, .problem = std::move(problem), .mend = std::move(mend)});
  }

  void read_line(std::string_view line) {
    std::string_view rest = line;
    skip_spaces(rest);
    if (at_comment(rest)) return;
    if (line.size() > max_line) {
      return fault("is longer than " + std::to_string(max_line) + " octets", "spread it over several aliases");
    }
    if (rest.size() != line.size()) {
      return fault("begins with a space", "write an entry on one line, from its first column on");
    }
    const std::string_view name = take_word(rest);
    skip_spaces(rest);
    const bool colon = rest.starts_with(':');
    if (colon) rest.remove_prefix(1);
    skip_spaces(rest);
    AliasFile::Entry entry{.mailbox = false, .targets = {}, .line = line_};
    if (!colon && at_comment(rest)) {
      entry.mailbox = true;
    } else if (!read_targets(rest, name, entry)) {
      return;
    }
    add(name, std::move(entry));
  }

  bool read_targets(std::string_view rest, std::string_view name, AliasFile::Entry& entry) {
    while (!at_comment(rest)) {
      if (rest.front() == '|' || rest.front() == '/' || rest.front() == ':') {
        fault(quoted(rest) + " is a program, a file or a list",
              "name addresses only; mail is delivered to mailboxes and servers");
        return false;
      }
      const std::string_view word = take_word(rest);
      if (rest.starts_with(':')) {
        fault("holds a second colon", "write one entry on a line: \"sales: joe, ann\"");
        return false;
      }
      if (!word.empty() && !read_target(word, entry)) return false;
      while (!rest.empty() && (is_wsp(rest.front()) || rest.front() == ',')) rest.remove_prefix(1);
    }
    if (entry.targets.size() > max_targets) {
      fault("has more than " + std::to_string(max_targets) + " targets", "use a mailing list");
      return false;
    }
    if (!entry.targets.empty()) return true;
    fault("leads nowhere", "write where it leads, " + quoted(std::string(name) + ": joe") + ", or " + quoted(name) +
                               " alone for a mailbox");
    return false;
  }

  bool read_target(std::string_view word, AliasFile::Entry& entry) {
    auto mailbox = address(word);
    if (!mailbox) {
      fault(quoted(word) + " is no address", "write \"joe\" or \"joe@west.example\"; a mailbox is a name alone");
      return false;
    }
    if (std::ranges::find(entry.targets, *mailbox) == entry.targets.end()) entry.targets.push_back(*std::move(mailbox));
    return true;
  }

  // A name alone is one of the file's domain. Outside of quotes neither needs any.
  [[nodiscard]] std::optional<Mailbox> address(std::string_view word) const {
    auto mailbox = Mailbox::parse(word);
    if (!mailbox) mailbox = Mailbox::parse(std::string(word) + "@" + context_.domain.text());
    if (!mailbox || !mailbox->domain()) return std::nullopt;
    return *std::move(mailbox);
  }

  void add(std::string_view name, AliasFile::Entry entry) {
    if (name == "*" || name.starts_with('@')) return add_catch_all(name, std::move(entry));
    const auto mailbox = address(name);
    if (!mailbox) {
      return fault(quoted(name) + " is no name", "write what stands before the @: \"joe\", or \"*\" for all others");
    }
    if (!is_mine(*mailbox->domain())) return;
    // Its own name among the targets is its mailbox.
    std::string local = to_lower(mailbox->local().value());
    const auto own = std::erase_if(entry.targets, [&](const Mailbox& target) {
      return target.domain() == mailbox->domain() && to_lower(target.local().value()) == local;
    });
    entry.mailbox = entry.mailbox || own > 0;
    const auto [place, is_new] = file_.entries_.try_emplace(std::move(local), std::move(entry));
    if (is_new) return;
    fault(quoted(name) + " stands in line " + std::to_string(place->second.line) + " too",
          "write one entry with all its targets; case makes no difference");
  }

  void add_catch_all(std::string_view name, AliasFile::Entry entry) {
    if (name.starts_with('@')) {
      const auto domain = Domain::parse(name.substr(1));
      if (!domain) return fault(quoted(name) + " is no domain", "write \"*: joe\"");
      if (!is_mine(*domain)) return;
    }
    if (entry.mailbox) return fault("does not say where other names lead", "write \"*: joe\"");
    if (file_.catch_all_) {
      return fault("all other names are in line " + std::to_string(file_.catch_all_->line) + " too",
                   "remove one of the two");
    }
    file_.catch_all_ = std::move(entry);
  }

  // One file may serve several domains of this server.
  bool is_mine(const Domain& domain) {
    if (domain == context_.domain) return true;
    if (!context_.served.contains(domain)) {
      fault(quoted(domain.text()) + " is none of the domains of this server",
            "write names of " + context_.domain.text() + ", or add a [[domain]]");
    }
    return false;
  }

  // The entry of a name, or of what stands before its delimiter.
  [[nodiscard]] const AliasFile::Entry* entry_of(const std::string& local) const {
    if (const auto* entry = file_.find(local)) return entry;
    if (context_.delimiter.empty()) return nullptr;
    const auto cut = local.find(context_.delimiter, 1);
    return cut == std::string::npos ? nullptr : file_.find(std::string_view(local).substr(0, cut));
  }

  [[nodiscard]] bool leads_on_without_entry(const std::string& local) const {
    return local == "postmaster" || context_.has_catch_all || file_.catch_all_;
  }

  void follow_entry(const std::string& name, const AliasFile::Entry& start) {
    std::set<std::string> visited;
    std::vector<const AliasFile::Entry*> level{&start};
    std::size_t ends = 0;
    for (std::size_t depth = 0; !level.empty(); ++depth) {
      if (depth == max_depth) {
        return fault_at(start.line, quoted(name) + " leads over more than " + std::to_string(max_depth) + " aliases",
                        "name the addresses that it ends at");
      }
      std::vector<const AliasFile::Entry*> next;
      for (const auto* entry : level) {
        for (const auto& target : entry->targets) {
          if (target.domain() != context_.domain) {
            ++ends;
            continue;
          }
          const std::string local = to_lower(target.local().value());
          const auto* onward = entry_of(local);
          if (onward == &start) {
            return fault_at(start.line, quoted(name) + " leads back to itself" + over(*entry, start),
                            "take one of the aliases out of the circle");
          }
          if (onward == nullptr) {
            if (entry == &start && !leads_on_without_entry(local)) note_missing(start, target);
            ++ends;
          } else if (visited.insert(local).second) {
            if (onward->mailbox) ++ends;
            if (!onward->targets.empty()) next.push_back(onward);
          }
        }
        if (ends > max_targets || visited.size() > max_visited) {
          return fault_at(start.line,
                          quoted(name) + " leads to more than " + std::to_string(max_targets) + " addresses",
                          "use a mailing list");
        }
      }
      level = std::move(next);
    }
  }

  static std::string over(const AliasFile::Entry& last, const AliasFile::Entry& start) {
    return &last == &start ? "" : " (line " + std::to_string(last.line) + ")";
  }

  void note_missing(const AliasFile::Entry& entry, const Mailbox& target) {
    fault_at(entry.line, quoted(target.wire()) + " is no name of this file",
             "add " + quoted(target.local().value()) + " on a line of its own, or name another");
  }

  const AliasContext& context_;
  AliasFile file_;
  std::vector<AliasFile::Fault> faults_;
  std::size_t line_ = 0;
};

std::expected<AliasFile, std::vector<AliasFile::Fault>> AliasFile::parse(std::string_view text,
                                                                         const AliasContext& context) {
  AliasReader reader(context);
  reader.read(text);
  auto faults = reader.take_faults();
  if (!faults.empty()) return std::unexpected(std::move(faults));
  reader.follow();
  faults = reader.take_faults();
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return reader.take_file();
}

const AliasFile::Entry* AliasFile::find(std::string_view local) const {
  const auto found = entries_.find(local);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace cas::recipients
