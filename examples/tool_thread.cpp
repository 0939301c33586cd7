// A balance tool in C++17 for the process of hub.lua: a thread of its own, with a handle of its own on the same store, that
// is the plug-in "balance-tool". It answers what plug-ins in Lua ask it, hears what they save, and asks them in turn.
//
//     g++ -std=c++17 -shared -fPIC -pthread -Iinclude -Ibindings/cpp -o tool_thread.so examples/tool_thread.cpp libcoffer.so
//
// It must be linked with the libcoffer.so that Lua loads: the store is shared within one copy of the library. It must not
// use the Lua state, which is another thread's: all that goes between the two goes through the store.
//
// Invariant: the database is used by the thread alone, from opening to closing; start and stop only make it and end it.
#include "coffer.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr const char *name = "balance-tool";
constexpr const char *registration =
    R"({"name":"balance-tool","version":"1.0.3","dependencies":{"equipment":"^2.0"},"exports":["party_size","settle"]})";
constexpr int too_strong = 50;
constexpr std::uint32_t time_limit_ms = 10000;
constexpr std::chrono::milliseconds frame(1);

void say(const std::string &line) {
    std::puts(line.c_str());
    std::fflush(stdout); // Lua writes to the same place
}

void check(coffer_status status) {
    if (status != COFFER_OK) {
        throw coffer::Error(status, coffer_last_error());
    }
}

/// Calls a method of a plug-in and waits for the answer. A plug-in in Lua gives it when it polls or waits itself.
std::string ask(const coffer::Database &db, const char *plugin, const char *method, const std::string &json) {
    char *answer = nullptr;
    check(coffer_hub_call(db.handle(), plugin, method, json.c_str(), time_limit_ms, &answer));
    std::string text(answer);
    coffer_string_free(answer);
    return text;
}

class Tool {
  public:
    /// Starts the thread, and waits until its plug-in is registered.
    /// @throws what the thread threw until then.
    explicit Tool(std::string store) : thread_([this, store = std::move(store)] { run(store); }) {
        std::unique_lock<std::mutex> guard(lock_);
        changed_.wait(guard, [this] { return is_ready_ || failure_; });
        if (failure_) {
            guard.unlock();
            thread_.join();
            std::rethrow_exception(failure_);
        }
    }

    /// Also when the process ends early.
    ~Tool() { end(); }

    Tool(const Tool &) = delete;
    Tool &operator=(const Tool &) = delete;

    /// Asks the thread to end, and waits until it has.
    /// @throws what the thread threw.
    void stop() {
        end();
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

  private:
    void end() {
        {
            const std::lock_guard<std::mutex> guard(lock_);
            is_stopping_ = true;
        }
        changed_.notify_all();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    void run(const std::string &store) noexcept {
        try {
            work(store);
        } catch (...) {
            const std::lock_guard<std::mutex> guard(lock_);
            failure_ = std::current_exception();
        }
        changed_.notify_all();
    }

    // The thread's main loop: a thousand frames a second, like an engine's.
    void work(const std::string &store) {
        coffer::Options options;
        options.plugin = name;
        coffer::Database db(store, options);
        const coffer::Subscription changes =
            db.subscribe("database_changed", [&](const coffer::Event &event) { hear(db, event); });
        check(coffer_hub_register_plugin(db.handle(), registration, &Tool::answer, this, nullptr));
        std::unique_lock<std::mutex> guard(lock_);
        is_ready_ = true;
        changed_.notify_all();
        while (!changed_.wait_for(guard, frame, [this] { return is_stopping_; })) {
            guard.unlock();
            db.poll(); // runs answer() and hear()
            tell_that_all_is_handled();
            guard.lock();
        }
        guard.unlock();
        db.close(); // ends the plug-in and the subscription too
    }

    // What poll calls with each call of a method. C calls it, so that no exception may leave it.
    static void answer(void *context, coffer_request request, const char *, const char *method, const char *) noexcept {
        if (method == std::string_view("party_size")) {
            coffer_hub_answer(request, "2");
        } else {
            static_cast<Tool *>(context)->settling_ = request;
        }
    }

    // "settle" is answered later than it is asked: when poll has handled whatever was there before the question.
    void tell_that_all_is_handled() {
        if (settling_ != 0) {
            coffer_hub_answer(std::exchange(settling_, 0), std::to_string(std::exchange(handled_, 0)).c_str());
        }
    }

    // What poll calls with each commit: a party is judged by a method of the plug-in in Lua.
    void hear(coffer::Database &db, const coffer::Event &event) {
        if (event.json.find(R"("key":"party_configs")") == std::string::npos) {
            return;
        }
        handled_++;
        say("  In its thread, the balance-tool plug-in hears that the " + event.source + " plug-in saved party_configs.");
        const std::string party = db.load_party_config().value_or("null");
        const std::string power = ask(db, "equipment", "power", party);
        const char *verdict = std::stoi(power) > too_strong ? "too strong" : "fair";
        say("  It asks the equipment plug-in, in Lua, for the party's power: " + power + ". That is " + verdict + ".");
        db.save_persistent_data("balance", R"({"power":)" + power + R"(,"verdict":")" + verdict + R"("})");
    }

    std::mutex lock_; // for the next three
    bool is_ready_ = false;
    bool is_stopping_ = false;
    std::exception_ptr failure_;
    std::condition_variable changed_;
    coffer_request settling_ = 0; // the thread's own, as is the next
    int handled_ = 0;
    std::thread thread_; // the last, so that it finds the others made
};

std::unique_ptr<Tool> tool;
std::string problem;

template <class Step>
const char *guarded(Step step) noexcept {
    try {
        step();
        return nullptr;
    } catch (const std::exception &error) {
        problem = error.what();
        return problem.c_str();
    }
}

} // namespace

/// Starts the tool on a store. Returns NULL, or why it did not start; the text lives until the next call.
extern "C" const char *tool_thread_start(const char *store) {
    return guarded([&] { tool = std::make_unique<Tool>(store); });
}

/// Ends the tool's plug-in and its thread, and closes its handle. Returns NULL, or what went wrong in the thread.
extern "C" const char *tool_thread_stop() {
    return guarded([] {
        if (const std::unique_ptr<Tool> ending = std::move(tool)) {
            ending->stop();
        }
    });
}
