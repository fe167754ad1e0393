// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One table of letters a direction: how what belongs to it is read and written.
#include "milter/packet.hpp"

#include <algorithm>
#include <utility>

namespace cas::milter {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// ---- Reading ----

/// What is left of a packet; wrong once something was missing.
class Cursor {
 public:
  explicit Cursor(std::string_view data) : rest_(data) {}

  std::uint32_t number(std::size_t octets) {
    if (rest_.size() < octets) return fail(), 0;
    std::uint32_t value = 0;
    for (const char c : rest_.substr(0, octets)) value = (value << 8) | static_cast<unsigned char>(c);
    rest_.remove_prefix(octets);
    return value;
  }
  char letter() {
    if (rest_.empty()) return fail(), '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  std::string text() {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) return fail(), std::string();
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }
  std::string remainder() { return std::string(std::exchange(rest_, {})); }

  void fail() { failed_ = true, rest_ = {}; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  /// Everything was there, and nothing else.
  [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Negotiation read_negotiation(Cursor& in) {
  Negotiation negotiation;
  negotiation.version = in.number(4);
  negotiation.actions = in.number(4);
  negotiation.steps = in.number(4);
  while (!in.at_end()) {
    const auto stage = in.number(4);
    if (stage > static_cast<std::uint32_t>(MacroStage::EndOfHeaders)) in.fail();
    if (negotiation.macros.size() > static_cast<std::size_t>(MacroStage::EndOfHeaders)) in.fail();
    negotiation.macros.emplace_back(static_cast<MacroStage>(stage), in.text());
  }
  return negotiation;
}

DefineMacros read_macros(Cursor& in) {
  DefineMacros macros;
  macros.command = in.letter();
  while (!in.at_end()) {
    if (macros.values.size() == max_macros) in.fail();
    std::string name = in.text();
    if (name.empty()) in.fail();
    macros.values.emplace_back(std::move(name), in.text());
  }
  return macros;
}

Connect read_connect(Cursor& in) {
  Connect connect;
  connect.host = in.text();
  const char family = in.letter();
  connect.family = static_cast<Family>(family);
  switch (connect.family) {
    case Family::Unknown: break;
    case Family::Unix:
    case Family::Ipv4:
    case Family::Ipv6:
      connect.port = static_cast<std::uint16_t>(in.number(2));
      connect.address = in.text();
      break;
    default: in.fail();
  }
  return connect;
}

std::vector<std::string> read_arguments(Cursor& in) {
  std::vector<std::string> arguments;
  do {
    if (arguments.size() == max_arguments) in.fail();
    arguments.push_back(in.text());
  } while (!in.at_end());
  return arguments;
}

// RFC 5322 §2.2: a name is printable and has no colon.
std::string read_field_name(Cursor& in) {
  std::string name = in.text();
  const auto is_good = [](char c) { return c > 32 && c < 127 && c != ':'; };
  if (name.empty() || !std::ranges::all_of(name, is_good)) in.fail();
  return name;
}

Header read_header(Cursor& in) {
  Header header;
  header.name = read_field_name(in);
  header.value = in.text();
  return header;
}

std::optional<Command> read_command(char code, Cursor& in) {
  switch (code) {
    case 'O': return read_negotiation(in);
    case 'D': return read_macros(in);
    case 'C': return read_connect(in);
    case 'H': return Helo{in.text()};
    case 'M': return MailFrom{read_arguments(in)};
    case 'R': return RcptTo{read_arguments(in)};
    case 'T': return DataBegins{};
    case 'L': return read_header(in);
    case 'N': return EndOfHeaders{};
    case 'B': return Body{in.remainder()};
    case 'E': return EndOfBody{in.remainder()};
    case 'A': return Abort{};
    case 'Q': return Quit{};
    case 'K': return QuitNewConnection{};
    case 'U': return UnknownCommand{in.text()};
    default: return std::nullopt;
  }
}

// Single ones are dropped, as Postfix does.
std::string undouble(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] == '%' && ++n == text.size()) break;
    out += text[n];
  }
  return out;
}

// "550 5.7.1 text": the three figures, and a class that an MTA heeds.
ReplyCode read_reply_code(Cursor& in) {
  ReplyCode reply{undouble(in.text())};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto& text = reply.text;
  const bool good = text.size() >= 3 && (text[0] == '4' || text[0] == '5') && is_digit(text[1]) && is_digit(text[2]) &&
                    (text.size() == 3 || text[3] == ' ' || text[3] == '-');
  if (!good) in.fail();
  return reply;
}

template <class Change>
Change read_change(Cursor& in) {
  Change change;
  change.index = in.number(4);
  change.name = read_field_name(in);
  change.value = in.text();
  return change;
}

std::optional<Reply> read_reply(char code, Cursor& in) {
  switch (code) {
    case 'c':
    case 'a':
    case 'r':
    case 't':
    case 'd':
    case 'p':
    case 's':
    case '4':
    case 'f': return static_cast<Verdict>(code);
    case 'O': return read_negotiation(in);
    case 'y': return read_reply_code(in);
    case 'h': {
      auto [name, value] = read_header(in);
      return AddHeader{.name = std::move(name), .value = std::move(value)};
    }
    case 'm': return read_change<ChangeHeader>(in);
    case 'i': return read_change<InsertHeader>(in);
    case 'e': {
      ChangeFrom change{.path = in.text()};
      if (!in.at_end()) change.parameters = in.text();
      return change;
    }
    case '+': return AddRecipient{.path = in.text()};
    case '2': {
      AddRecipient added{.path = in.text()};
      added.parameters = in.text();
      return added;
    }
    case '-': return DeleteRecipient{in.text()};
    case 'b': return ReplaceBody{in.remainder()};
    case 'q': return Quarantine{in.text()};
    default: return std::nullopt;
  }
}

template <class Value>
Result<Value> whole(std::optional<Value> value, const Cursor& in, char code) {
  const auto letter = std::to_string(static_cast<unsigned char>(code));
  if (!value) return permanent("no letter of the milter protocol: " + letter);
  if (!in.complete()) return permanent("a malformed packet of the milter protocol, letter " + letter);
  return *std::move(value);
}

// ---- Writing ----

void put_number(std::string& out, std::uint32_t value, int octets = 4) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
}
std::string terminated(std::string_view text) {
  return std::string(text) + '\0';
}
std::string terminated(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += terminated(text);
  return out;
}

std::string written(const Negotiation& negotiation) {
  std::string out;
  put_number(out, negotiation.version);
  put_number(out, negotiation.actions);
  put_number(out, negotiation.steps);
  for (const auto& [stage, names] : negotiation.macros) {
    put_number(out, static_cast<std::uint32_t>(stage));
    out += terminated(names);
  }
  return out;
}

std::string written(const DefineMacros& macros) {
  std::string out(1, macros.command);
  for (const auto& [name, value] : macros.values) out += terminated(name) + terminated(value);
  return out;
}

std::string written(const Connect& connect) {
  std::string out = terminated(connect.host) + static_cast<char>(connect.family);
  if (connect.family == Family::Unknown) return out;
  put_number(out, connect.port, 2);
  return out + terminated(connect.address);
}

std::string doubled(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '%' ? "%%" : std::string(1, c);
  return out;
}

std::string written_change(std::uint32_t index, std::string_view name, std::string_view value) {
  std::string out;
  put_number(out, index);
  return out + terminated(name) + terminated(value);
}

}  // namespace

// ---- Packets ----

Result<std::optional<Packet>> PacketReader::next() {
  const std::string_view rest = std::string_view(pending_).substr(read_);
  if (rest.size() >= 4) {
    const std::size_t size = Cursor(rest).number(4);
    if (size == 0 || size > max_packet) return permanent("a milter packet of " + std::to_string(size) + " octets");
    if (rest.size() - 4 >= size) {
      Packet packet{.code = rest[4], .data = std::string(rest.substr(5, size - 1))};
      read_ += 4 + size;
      return packet;
    }
  }
  pending_.erase(0, std::exchange(read_, 0));
  return std::nullopt;
}

std::string frame(const Packet& packet) {
  std::string out;
  put_number(out, static_cast<std::uint32_t>(packet.data.size() + 1));
  out += packet.code;
  return out + packet.data;
}

// ---- Commands ----

Result<Command> parse_command(const Packet& packet) {
  Cursor in(packet.data);
  auto command = read_command(packet.code, in);
  return whole(std::move(command), in, packet.code);
}

Packet print(const Command& command) {
  return std::visit(
      Overloaded{
          [](const Negotiation& value) { return Packet{'O', written(value)}; },
          [](const DefineMacros& value) { return Packet{'D', written(value)}; },
          [](const Connect& value) { return Packet{'C', written(value)}; },
          [](const Helo& value) { return Packet{'H', terminated(value.name)}; },
          [](const MailFrom& value) { return Packet{'M', terminated(value.arguments)}; },
          [](const RcptTo& value) { return Packet{'R', terminated(value.arguments)}; },
          [](const DataBegins&) { return Packet{'T', {}}; },
          [](const Header& value) { return Packet{'L', terminated(value.name) + terminated(value.value)}; },
          [](const EndOfHeaders&) { return Packet{'N', {}}; },
          [](const Body& value) { return Packet{'B', value.octets}; },
          [](const EndOfBody& value) { return Packet{'E', value.octets}; },
          [](const Abort&) { return Packet{'A', {}}; },
          [](const Quit&) { return Packet{'Q', {}}; },
          [](const QuitNewConnection&) { return Packet{'K', {}}; },
          [](const UnknownCommand& value) { return Packet{'U', terminated(value.line)}; },
      },
      command);
}

// ---- Replies ----

Result<Reply> parse_reply(const Packet& packet) {
  Cursor in(packet.data);
  auto reply = read_reply(packet.code, in);
  return whole(std::move(reply), in, packet.code);
}

Packet print(const Reply& reply) {
  return std::visit(
      Overloaded{
          [](Verdict value) { return Packet{static_cast<char>(value), {}}; },
          [](const Negotiation& value) { return Packet{'O', written(value)}; },
          [](const ReplyCode& value) { return Packet{'y', terminated(doubled(value.text))}; },
          [](const AddHeader& value) { return Packet{'h', terminated(value.name) + terminated(value.value)}; },
          [](const ChangeHeader& value) { return Packet{'m', written_change(value.index, value.name, value.value)}; },
          [](const InsertHeader& value) { return Packet{'i', written_change(value.index, value.name, value.value)}; },
          [](const ChangeFrom& value) {
            return Packet{'e', terminated(value.path) + (value.parameters ? terminated(*value.parameters) : "")};
          },
          [](const AddRecipient& value) {
            if (!value.parameters) return Packet{'+', terminated(value.path)};
            return Packet{'2', terminated(value.path) + terminated(*value.parameters)};
          },
          [](const DeleteRecipient& value) { return Packet{'-', terminated(value.path)}; },
          [](const ReplaceBody& value) { return Packet{'b', value.octets}; },
          [](const Quarantine& value) { return Packet{'q', terminated(value.reason)}; },
      },
      reply);
}

bool is_modification(const Reply& reply) {
  return !std::holds_alternative<Verdict>(reply) && !std::holds_alternative<Negotiation>(reply) &&
         !std::holds_alternative<ReplyCode>(reply);
}

}  // namespace cas::milter
