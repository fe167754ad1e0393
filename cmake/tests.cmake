# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# One GoogleTest program a layer, made of the *_test.cpp beside its code; the tests of the whole are under tests/.

find_package(GTest REQUIRED)
enable_testing()
include(GoogleTest)

cas_include_root(testing)
file(GLOB testing_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/testing/*.cpp)
if(testing_sources)
  add_library(cas_testing STATIC ${testing_sources})
  set(visibility PUBLIC)
  cas_use_pch(cas_testing FALSE)
else()
  add_library(cas_testing INTERFACE)
  set(visibility INTERFACE)
endif()
target_include_directories(cas_testing ${visibility} ${CAS_INCLUDE_ROOTS}/testing)
target_link_libraries(cas_testing ${visibility} cas_base cas_message cas_dns cas_smtp GTest::gmock)
target_compile_definitions(cas_testing ${visibility} CAS_TESTDATA="${CMAKE_SOURCE_DIR}/testdata")

get_property(layers GLOBAL PROPERTY CAS_LAYERS)
foreach(name ${layers})
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*_test.cpp)
  if(tests)
    get_property(asio GLOBAL PROPERTY CAS_LAYER_${name}_ASIO)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE cas_${name} cas_testing GTest::gtest_main GTest::gmock)
    cas_use_pch(${name}_test ${asio})
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
  endif()
endforeach()

if(EXISTS ${CMAKE_SOURCE_DIR}/tests/CMakeLists.txt)
  add_subdirectory(tests)
endif()
