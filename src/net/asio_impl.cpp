// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The one place where Boost.Asio's non-template code is compiled (BOOST_ASIO_SEPARATE_COMPILATION): every other file
// sees declarations only, which is what makes the coroutine layers bearable to build.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
