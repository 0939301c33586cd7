// A program that uses an installed Coffer from C++: the session of client.c. It must not include or link anything of the
// source tree. Invariant: what it prints at the end names the version and the ABI number of the library that it ran with.
//
//   client WORKING_FOLDER
#include <coffer.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

static void check(bool held, const char *what) {
    if (!held) {
        throw std::runtime_error(std::string("this does not hold: ") + what);
    }
}

static void session(const std::string &folder) {
    {
        coffer::Database db(folder);
        int heard = 0;
        const auto events = db.subscribe("database_changed", [&](const coffer::Event &event) {
            heard += event.json.find("\"hero\"") != std::string::npos ? 1 : 0;
        });
        db.save_persistent_data("hero", R"({"hp":10})");
        db.poll();
        check(heard == 1, "the event of the save comes once");
        db.create_database_snapshot("before the boss");
        db.save_persistent_data("hero", R"({"hp":0})");
        db.restore_database_from_snapshot("before the boss");
    }
    coffer::Database db(folder);
    check(db.load_persistent_data("hero") == R"({"hp":10})", "the restored document is there after reopening");
    check(db.verify_snapshot("before the boss").documents > 0, "the snapshot holds documents");
    coffer::HealthOptions options;
    options.full = true;
    check(db.analyze_database_health(options).integrity_status == "OK", "every byte is right");
}

int main(int count, char **arguments) try {
    if (count != 2) {
        std::fprintf(stderr, "usage: client WORKING_FOLDER\n");
        return 2;
    }
    session(arguments[1]);
    check(coffer_abi_version() == COFFER_ABI_VERSION, "the header is of the library's ABI");
    check(std::string(coffer_version()) == COFFER_VERSION, "the header is of the library's version");
    std::printf("coffer %s abi %u\n", coffer_version(), static_cast<unsigned>(coffer_abi_version()));
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
