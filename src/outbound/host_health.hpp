// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which addresses could not be reached lately, or do not know what they announce, so that not every message finds it
// out anew. In memory, bounded, pure: the time is handed in.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "smtp/reply.hpp"

namespace cas::outbound {

class HostHealth {
 public:
  struct Limits {
    std::chrono::seconds first{30};  // doubles with each failure after a rest; 0: nobody rests
    std::chrono::seconds longest{600};
    std::size_t places = 1000;  // beyond, the one whose rest ends first is forgotten
    std::chrono::seconds without_chunks{24 * 3600};
  };
  explicit HostHealth(Limits limits) : limits_(limits) {}

  /// `place` ("192.0.2.1:25") refused or did not answer. What was under way while it already rests counts for nothing.
  void failed(const std::string& place, const smtp::Reply& reply, TimePoint now);
  void worked(const std::string& place) { places_.erase(place); }
  /// Nobody rests any more.
  void wake_all() { places_.clear(); }
  /// While it is to be passed over: why. None: it may be tried.
  [[nodiscard]] std::optional<smtp::Reply> resting(const std::string& place, TimePoint now) const;
  /// It announces CHUNKING and does not know BDAT: DATA for a while.
  void refused_chunks(const std::string& place, TimePoint now);
  [[nodiscard]] bool takes_chunks(const std::string& place, TimePoint now) const;
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  struct Rest {
    std::chrono::seconds length;
    TimePoint until;
    smtp::Reply reply;
  };
  [[nodiscard]] static bool rests(const Rest& rest, TimePoint now);

  Limits limits_;
  std::map<std::string, Rest> places_;
  std::map<std::string, TimePoint> without_chunks_;  // until when
};

}  // namespace cas::outbound
