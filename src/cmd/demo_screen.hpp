// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the demo prints: scenes, dialogs, and whether each expectation held. Colour on a terminal only; NO_COLOR is
// respected.
#pragma once

#include <string>
#include <string_view>

#include "cmd/demo_transcript.hpp"

namespace cas::cmd {

class Screen {
 public:
  Screen();

  void title(std::string_view text);
  void scene(std::string_view text);
  void say(std::string_view text);
  /// The dialog with the time of each change of direction; the message itself is counted, not shown.
  void dialog(const Transcript& lines);
  /// Prints what was expected and whether it held; `otherwise` is what was found instead. Returns `held`.
  bool expect(bool held, std::string_view what, std::string_view otherwise = {});

  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  void line(const Spoken& spoken, std::string_view when) const;

  bool colour_ = false;
  std::size_t held_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace cas::cmd
