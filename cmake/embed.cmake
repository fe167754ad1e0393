# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# cas_embed(LAYER NAME FILE): the text of FILE as `const std::string_view NAME` in namespace cas::LAYER, so that the
# program has it wherever it is installed. Declare it in a header of the layer.

function(cas_embed layer name file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  file(READ ${CMAKE_SOURCE_DIR}/${file} text)
  set(made ${CMAKE_BINARY_DIR}/embedded/${name}.cpp)
  file(CONFIGURE OUTPUT ${made} @ONLY CONTENT [[
#include <string_view>
namespace cas::@layer@ {
extern const std::string_view @name@;
const std::string_view @name@ = R"embedded(@text@)embedded";
}  // namespace cas::@layer@
]])
  target_sources(cas_${layer} PRIVATE ${made})
endfunction()
