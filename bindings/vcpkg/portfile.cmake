# The vcpkg port of Coffer: vcpkg install coffer --overlay-ports=<this folder>
#
# It builds the source tree that this folder stands in (bindings/vcpkg), with cargo, which has to be installed, and which
# gets the crates that Coffer is built of. vcpkg knows the port by the files of this folder alone: after changing other sources,
# install with --no-binarycaching. It must not download anything by itself. Invariant: what it installs keeps vcpkg's rules for
# packages, but for the one whose policy is set below.

get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../.." ABSOLUTE)
if(NOT EXISTS "${SOURCE_PATH}/Cargo.toml")
  message(FATAL_ERROR "the port is used within Coffer's source tree: give its bindings/vcpkg folder to --overlay-ports")
endif()

# Rust's name for what vcpkg builds for.
if(VCPKG_TARGET_ARCHITECTURE STREQUAL "x64")
  set(machine x86_64)
elseif(VCPKG_TARGET_ARCHITECTURE STREQUAL "arm64")
  set(machine aarch64)
else()
  message(FATAL_ERROR "Coffer needs a 64-bit machine (x64 or arm64), and ${TARGET_TRIPLET} is not one")
endif()
if(VCPKG_TARGET_IS_MINGW)
  set(target ${machine}-pc-windows-gnu)
elseif(VCPKG_TARGET_IS_WINDOWS)
  set(target ${machine}-pc-windows-msvc)
  if(VCPKG_CRT_LINKAGE STREQUAL "static")
    set(ENV{RUSTFLAGS} "$ENV{RUSTFLAGS} -Ctarget-feature=+crt-static")
  endif()
elseif(VCPKG_TARGET_IS_ANDROID)
  set(target ${machine}-linux-android)
elseif(VCPKG_TARGET_IS_OSX)
  set(target ${machine}-apple-darwin)
else()
  set(target ${machine}-unknown-linux-gnu)
endif()

string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" "dynamic" shared)
string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" "static" static)
set(cargo_folder "$ENV{CARGO_TARGET_DIR}")
if(NOT cargo_folder)
  set(cargo_folder "${CURRENT_BUILDTREES_DIR}/cargo")
endif()
# The debug one is the same library, built once: Rust has the release C runtime in both.
set(VCPKG_POLICY_ONLY_RELEASE_CRT enabled)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}/bindings/cmake"
  OPTIONS
    -DCOFFER_SHARED=${shared}
    -DCOFFER_STATIC=${static}
    -DCOFFER_CARGO_TARGET=${target}
    "-DCOFFER_CARGO_TARGET_DIR=${cargo_folder}"
)
vcpkg_cmake_install()
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
file(REMOVE "${CURRENT_PACKAGES_DIR}/share/coffer/LICENSE")
if(static AND VCPKG_TARGET_IS_WINDOWS)
  # So that the program that includes the header need not say that the library is static.
  vcpkg_replace_string("${CURRENT_PACKAGES_DIR}/include/coffer.h" "!defined(COFFER_STATIC)" "0")
endif()
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/coffer")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/bindings/LICENSE")
