# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# Compiler, flags and build options. Chosen compiler: clang-19 (docs/decisions/0001).

option(CAS_BUILD_TESTS "Build the tests" ON)
option(CAS_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(CAS_BUILD_BENCH "Build the benchmarks" OFF)
set(CAS_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} cannot build CAS: before version 14 it miscompiles common co_await "
    "expressions (temporaries are destroyed twice). Use clang-19: `make build`, or "
    "cmake --preset release, which names it.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
                    -Wimplicit-fallthrough -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now)

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Xclang -fno-pch-timestamp) # lets ccache share precompiled headers
  find_program(CAS_LLD NAMES ld.lld-19 ld.lld)
  if(CAS_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

if(CAS_SANITIZE)
  # vptr: its check of an unknown object opens a pipe, and calls the object bad when descriptors have run out, which
  # the tests let happen.
  add_compile_options(-fsanitize=${CAS_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CAS_SANITIZE})
endif()
if(CAS_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CAS_CCACHE ccache)
if(CAS_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CAS_CCACHE})
endif()
