// What both C++ test programs share: checks that name their line, a fresh folder for each case, and the runner.
//
// It must not use `assert` (which vanishes with NDEBUG). Invariant: a case that fails is named with its line, the
// others still run, and the program's exit code tells.
#ifndef COFFER_TESTS_CPP_SUPPORT_HPP
#define COFFER_TESTS_CPP_SUPPORT_HPP

#include "coffer.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace tests {

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require(bool good, const char *text, int line) {
    if (!good) {
        throw Failure("line " + std::to_string(line) + ": " + text);
    }
}

/// Runs `call`, which must throw a coffer::Error with `status`; gives its message.
template <class Call>
std::string refused(coffer_status status, Call &&call, int line) {
    try {
        call();
    } catch (const coffer::Error &error) {
        if (error.status() == status) {
            return error.message();
        }
        throw Failure("line " + std::to_string(line) + ": wanted " + coffer_status_name(status) + ", got " +
                      error.what());
    }
    throw Failure("line " + std::to_string(line) + ": nothing was thrown, wanted " + coffer_status_name(status));
}

#define CHECK(condition) ::tests::require((condition), #condition, __LINE__)
#define REFUSED(status, call) ::tests::refused((status), [&] { call; }, __LINE__)

/// Whether a moment in Unix milliseconds is within a minute of now.
inline bool is_recent(std::int64_t unix_ms) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return std::llabs(now.count() - unix_ms) < 60'000;
}

/// A path for the standard library from UTF-8, which is what Coffer takes on every system.
inline std::filesystem::path native(const std::string &utf8) {
#if __cplusplus >= 202002L
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
#else
    return std::filesystem::u8path(utf8);
#endif
}

struct Case {
    const char *name;
    void (*run)(const std::string &folder);
};

/// Runs every case with a folder of its own, which is not there yet, below argv[1]. Prints `<verb> <name>` for each that
/// passes.
inline int run_all(int argc, char **argv, const std::vector<Case> &cases, const char *verb) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s WORKING_FOLDER [CASE]\n", argv[0]);
        return 2;
    }
    int failed = 0;
    for (const Case &one : cases) {
        if (argc > 2 && std::string(argv[2]) != one.name) {
            continue;
        }
        const std::filesystem::path folder = std::filesystem::path(argv[1]) / one.name;
        try {
            std::filesystem::remove_all(folder);
            one.run(folder.string());
            std::printf("%s %s\n", verb, one.name);
        } catch (const std::exception &error) {
            std::printf("FAILED %s: %s\n", one.name, error.what());
            ++failed;
        }
        std::fflush(stdout);
    }
    return failed == 0 ? 0 : 1;
}

} // namespace tests

#endif
