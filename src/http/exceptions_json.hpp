// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An exception as JSON, for the admin API and for the tools that ask it.
#pragma once

#include <boost/json.hpp>

#include "policy/exception_rules.hpp"

namespace cas::http {

/// {"id","action","pattern","for","proof","unauthenticated","until","owner","reason","created"}
[[nodiscard]] boost::json::object exception_object(const policy::Exception& entry);
/// What one says that somebody wants; "proof" may be left out. Permanent error with what is wrong; whether it may be
/// entered is another question (policy/exception_rules.hpp).
[[nodiscard]] Result<policy::NewException> exception_of(const boost::json::value& value);

}  // namespace cas::http
