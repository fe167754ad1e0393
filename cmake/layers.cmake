# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# cas_layer(NAME [ASIO] [DEPS layer...] [LIBS library...]): the library of src/NAME.
#
# Every layer has an include root of its own that holds nothing but a link to its folder, so
# `#include "smtp/reply.hpp"` compiles only in layers that depend on smtp. Files named *_test.cpp belong to the
# tests. ASIO: the layer uses Boost.Asio and shares its precompiled header.

set(CAS_INCLUDE_ROOTS ${CMAKE_BINARY_DIR}/include)

function(cas_include_root name)
  set(root ${CAS_INCLUDE_ROOTS}/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
endfunction()

add_library(cas_pch_std OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(cas_pch_std PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_std.hpp)

add_library(cas_pch_asio OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_compile_definitions(cas_pch_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(cas_pch_asio PUBLIC Threads::Threads)
target_precompile_headers(cas_pch_asio PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_asio.hpp)

function(cas_use_pch target asio)
  if(asio)
    target_compile_definitions(${target} PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
    target_precompile_headers(${target} REUSE_FROM cas_pch_asio)
  else()
    target_precompile_headers(${target} REUSE_FROM cas_pch_std)
  endif()
endfunction()

function(cas_layer name)
  cmake_parse_arguments(L "ASIO" "" "DEPS;LIBS" ${ARGN})
  cas_include_root(${name})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(TRANSFORM L_DEPS PREPEND cas_)
  if(sources)
    add_library(cas_${name} STATIC ${sources})
    target_include_directories(cas_${name} PUBLIC ${CAS_INCLUDE_ROOTS}/${name})
    target_link_libraries(cas_${name} PUBLIC ${L_DEPS} ${L_LIBS})
    cas_use_pch(cas_${name} ${L_ASIO})
  else()
    add_library(cas_${name} INTERFACE)
    target_include_directories(cas_${name} INTERFACE ${CAS_INCLUDE_ROOTS}/${name})
    target_link_libraries(cas_${name} INTERFACE ${L_DEPS} ${L_LIBS})
  endif()
  set_property(GLOBAL APPEND PROPERTY CAS_LAYERS ${name})
  set_property(GLOBAL PROPERTY CAS_LAYER_${name}_ASIO ${L_ASIO})
endfunction()

function(cas_program name)
  cmake_parse_arguments(P "" "SOURCE" "DEPS" ${ARGN})
  list(TRANSFORM P_DEPS PREPEND cas_)
  add_executable(${name} ${P_SOURCE})
  target_link_libraries(${name} PRIVATE ${P_DEPS})
  cas_use_pch(${name} TRUE)
endfunction()
