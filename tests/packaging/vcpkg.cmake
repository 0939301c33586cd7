# Runs a vcpkg port without vcpkg: stand-ins for the functions that the port calls, which do what vcpkg documents of them and no
# more. It must not help the port along: an argument that vcpkg does not know ends the run. Invariant: a package that comes out
# was made by the port's own lines.
#
#   cmake -DPORT=<folder> -DLINKAGE=static|dynamic -DMACHINE=x64|arm64 -DOUT=<folder> -P vcpkg.cmake
cmake_minimum_required(VERSION 3.18)
set(CURRENT_PORT_DIR "${PORT}")
set(CURRENT_BUILDTREES_DIR "${OUT}/buildtrees")
set(CURRENT_PACKAGES_DIR "${OUT}/package")
set(VCPKG_LIBRARY_LINKAGE "${LINKAGE}")
set(VCPKG_CRT_LINKAGE dynamic)
set(VCPKG_TARGET_ARCHITECTURE "${MACHINE}")
set(VCPKG_TARGET_IS_LINUX ON)
set(TARGET_TRIPLET "${MACHINE}-linux")
file(STRINGS "${PORT}/vcpkg.json" line REGEX "\"name\": \"coffer\"")
if(NOT line)
  message(FATAL_ERROR "vcpkg.json does not name the port")
endif()

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "this failed with ${status}: ${ARGV}")
  endif()
endfunction()

function(known_arguments function)
  if(ARGN)
    message(FATAL_ERROR "${function} does not know ${ARGN}")
  endif()
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 has "" "SOURCE_PATH" "OPTIONS;OPTIONS_DEBUG;OPTIONS_RELEASE")
  known_arguments(vcpkg_cmake_configure ${has_UNPARSED_ARGUMENTS})
  string(COMPARE EQUAL "${LINKAGE}" dynamic shared)
  foreach(kind IN ITEMS Debug Release)
    string(TOUPPER ${kind} upper)
    set(prefix "${CURRENT_PACKAGES_DIR}")
    if(kind STREQUAL Debug)
      string(APPEND prefix /debug)
    endif()
    run("${CMAKE_COMMAND}" -S "${has_SOURCE_PATH}" -B "${CURRENT_BUILDTREES_DIR}/${kind}" -DCMAKE_BUILD_TYPE=${kind}
      -DBUILD_SHARED_LIBS=${shared} -DCMAKE_INSTALL_PREFIX=${prefix} -DCMAKE_INSTALL_LIBDIR=lib ${has_OPTIONS} ${has_OPTIONS_${upper}})
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  known_arguments(vcpkg_cmake_install ${ARGN})
  foreach(kind IN ITEMS Debug Release)
    run("${CMAKE_COMMAND}" --build "${CURRENT_BUILDTREES_DIR}/${kind}" --target install)
  endforeach()
endfunction()

# The real one rewrites prefixes and has pkg-config read each file.
function(vcpkg_fixup_pkgconfig)
  known_arguments(vcpkg_fixup_pkgconfig ${ARGN})
  file(GLOB files "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/*.pc" "${CURRENT_PACKAGES_DIR}/debug/lib/pkgconfig/*.pc")
  foreach(file IN LISTS files)
    run(pkg-config --exists --print-errors "${file}")
  endforeach()
endfunction()

function(vcpkg_replace_string file from to)
  file(READ "${file}" old)
  string(REPLACE "${from}" "${to}" new "${old}")
  if(new STREQUAL old)
    message(FATAL_ERROR "vcpkg_replace_string found nothing to replace in ${file}")
  endif()
  file(WRITE "${file}" "${new}")
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 has "" "COMMENT" "FILE_LIST")
  known_arguments(vcpkg_install_copyright ${has_UNPARSED_ARGUMENTS})
  file(INSTALL "${has_FILE_LIST}" DESTINATION "${CURRENT_PACKAGES_DIR}/share/coffer" RENAME copyright)
endfunction()

include("${PORT}/portfile.cmake")
