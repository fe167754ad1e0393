// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the commands of `cas queue` share.
#pragma once

#include <functional>

#include "cmd/admin_client.hpp"

namespace cas::cmd {

/// The filter as parameters of a request. What is no duration is told, and ends the command.
[[nodiscard]] Or<http::Request> queue_request(const QueueOptions& options, std::string path);
[[nodiscard]] bool has_filter(const QueueOptions& options);
/// "40s", "12m", "5h", "3d": the largest unit that fills at least one.
[[nodiscard]] std::string age_text(std::int64_t seconds);
/// Since an RFC 3339 time.
[[nodiscard]] std::string age_since(const std::string& time);
/// Each page of the list, until one cannot be used or there is no more. The exit status.
[[nodiscard]] int each_page(const QueueOptions& options, const std::function<bool(const boost::json::array&)>& use);

}  // namespace cas::cmd
