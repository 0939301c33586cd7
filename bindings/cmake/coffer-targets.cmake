# Defines Coffer's targets for CMake, the same ones for an installed Coffer (coffer-config.cmake) and for one that is built
# along with a project (CMakeLists.txt).
#
#   coffer::coffer   the shared library, or the static one where COFFER_USE_STATIC is set or there is no shared one
#   coffer::shared   the shared library     coffer::static   the static one
#   coffer::cpp      coffer::coffer and what the C++ binding asks of a compiler
#
# It must not look for files: its callers say where they are. Invariant: a target is there only if its library is.

# What Rust's standard library needs of the system, where it is linked statically.
function(_coffer_system_libraries result)
  if(WIN32)
    set(libraries kernel32 ntdll userenv ws2_32 dbghelp advapi32 bcrypt)
  elseif(APPLE)
    set(libraries m)
  elseif(ANDROID)
    set(libraries dl m log)
  else()
    set(libraries pthread dl m)
  endif()
  set(${result} "${libraries}" PARENT_SCOPE)
endfunction()

# coffer_add_targets(INCLUDE folder... [SHARED file [IMPORT file]] [STATIC file]
#                    [DEBUG_SHARED file [DEBUG_IMPORT file]] [DEBUG_STATIC file])
function(coffer_add_targets)
  cmake_parse_arguments(PARSE_ARGV 0 has "" "SHARED;IMPORT;STATIC;DEBUG_SHARED;DEBUG_IMPORT;DEBUG_STATIC" "INCLUDE")
  if(has_SHARED)
    add_library(coffer::shared SHARED IMPORTED GLOBAL)
    # Only an installation by cargo-c has a soname. So it is linked by its name, never by its path.
    set_target_properties(coffer::shared PROPERTIES
      IMPORTED_LOCATION "${has_SHARED}"
      IMPORTED_NO_SONAME TRUE
      INTERFACE_INCLUDE_DIRECTORIES "${has_INCLUDE}")
    if(has_IMPORT)
      set_target_properties(coffer::shared PROPERTIES IMPORTED_IMPLIB "${has_IMPORT}")
    endif()
    if(has_DEBUG_SHARED)
      set_property(TARGET coffer::shared APPEND PROPERTY IMPORTED_CONFIGURATIONS DEBUG)
      set_target_properties(coffer::shared PROPERTIES
        IMPORTED_LOCATION_DEBUG "${has_DEBUG_SHARED}"
        IMPORTED_NO_SONAME_DEBUG TRUE)
    endif()
    if(has_DEBUG_IMPORT)
      set_target_properties(coffer::shared PROPERTIES IMPORTED_IMPLIB_DEBUG "${has_DEBUG_IMPORT}")
    endif()
  endif()
  if(has_STATIC)
    _coffer_system_libraries(system)
    add_library(coffer::static STATIC IMPORTED GLOBAL)
    set_target_properties(coffer::static PROPERTIES
      IMPORTED_LOCATION "${has_STATIC}"
      INTERFACE_COMPILE_DEFINITIONS COFFER_STATIC
      INTERFACE_INCLUDE_DIRECTORIES "${has_INCLUDE}"
      INTERFACE_LINK_LIBRARIES "${system}")
    if(has_DEBUG_STATIC)
      set_property(TARGET coffer::static APPEND PROPERTY IMPORTED_CONFIGURATIONS DEBUG)
      set_target_properties(coffer::static PROPERTIES IMPORTED_LOCATION_DEBUG "${has_DEBUG_STATIC}")
    endif()
  endif()
  if(has_STATIC AND (COFFER_USE_STATIC OR NOT has_SHARED))
    set(kind coffer::static)
  else()
    set(kind coffer::shared)
  endif()
  add_library(coffer::coffer INTERFACE IMPORTED GLOBAL)
  set_target_properties(coffer::coffer PROPERTIES INTERFACE_LINK_LIBRARIES ${kind})
  add_library(coffer::cpp INTERFACE IMPORTED GLOBAL)
  set_target_properties(coffer::cpp PROPERTIES
    INTERFACE_LINK_LIBRARIES coffer::coffer
    INTERFACE_COMPILE_FEATURES cxx_std_17)
endfunction()
