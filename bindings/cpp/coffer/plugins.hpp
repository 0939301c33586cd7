// coffer::Plugin, coffer::SuppliedHub and coffer::Call, and the members of coffer::Database that register and find plug-ins,
// call their methods, and supply a host's hub.
//
// It must not let an exception into the library: "coffer/requests.hpp" sees to that. It must not be included alone:
// "coffer.hpp" does it.
//
// Invariant: a handler belongs to the library from a successful registration until the plug-in or hub has ended; it is
// destroyed then, exactly once, whichever of its owner here and the Database goes first. Nothing here ends what it did not
// register.
#ifndef COFFER_PLUGINS_HPP
#define COFFER_PLUGINS_HPP

#include "coffer/plugin_types.hpp"
#include "coffer/requests.hpp"
#include "coffer/support.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer {

/// A plug-in, ended by its destructor or with the Database that it was registered through, whichever comes first. Database
/// and Plugin may be destroyed in any order. A name has one holder: to replace a plug-in, unregister it first.
///
/// Threads: nobody may end, move, assign or destroy it while another thread uses it.
class Plugin {
  public:
    /// One that is not registered.
    Plugin() noexcept = default;

    Plugin(const Plugin &) = delete;
    Plugin &operator=(const Plugin &) = delete;

    /// Takes the plug-in over; `other` holds none afterwards.
    Plugin(Plugin &&other) noexcept
        : database_(std::exchange(other.database_, 0)), name_(std::move(other.name_)), ended_(std::move(other.ended_)) {}

    /// Ends what was registered here, as the destructor does, and takes the plug-in over.
    Plugin &operator=(Plugin &&other) noexcept {
        if (this != &other) {
            // It goes last, so that a handler which assigns to its own plug-in finds all in place.
            const Plugin former(std::move(*this));
            database_ = std::exchange(other.database_, 0);
            name_ = std::move(other.name_);
            ended_ = std::move(other.ended_);
        }
        return *this;
    }

    /// Ends it as unregister() does; that it had ended already goes unseen.
    ~Plugin() {
        if (database_ != 0 && !has_ended()) {
            (void)coffer_hub_unregister_plugin(std::exchange(database_, 0), name_.c_str());
        }
    }

    /// Ends it: calls that it has not answered fail. When this returns, the handler is not running, will not run again and
    /// has been destroyed; called from the handler itself, that is so when the handler returns. It waits for a handler that
    /// is running on another thread: do not hold a lock that the handler takes.
    /// @throws Error with COFFER_ERROR_INVALID_HANDLE or _UNKNOWN_PLUGIN when it had ended already.
    void unregister() {
        const coffer_db database = std::exchange(database_, 0);
        if (has_ended()) {
            throw Error(COFFER_ERROR_INVALID_HANDLE, "the plug-in " + name_ + " has ended already");
        }
        detail::check(coffer_hub_unregister_plugin(database, name_.c_str()));
    }

    /// Whether this object holds a plug-in. It may have ended with its Database meanwhile.
    bool is_registered() const noexcept { return database_ != 0; }

    /// The name that it was registered under.
    const std::string &name() const noexcept { return name_; }

  private:
    template <class Self>
    friend class PluginMembers;

    bool has_ended() const noexcept { return ended_ && ended_->load(); }

    coffer_db database_ = 0;
    std::string name_;
    detail::Ended ended_; // null for one without a handler
};

/// The hub that a host supplied, withdrawn by its destructor or with the Database that it was supplied through, whichever
/// comes first. Both may be destroyed in any order.
///
/// Threads: nobody may withdraw, move, assign or destroy it while another thread uses it.
class SuppliedHub {
  public:
    /// None.
    SuppliedHub() noexcept = default;

    SuppliedHub(const SuppliedHub &) = delete;
    SuppliedHub &operator=(const SuppliedHub &) = delete;

    /// Takes the hub over; `other` holds none afterwards.
    SuppliedHub(SuppliedHub &&other) noexcept
        : database_(std::exchange(other.database_, 0)), ended_(std::move(other.ended_)) {}

    /// Withdraws what was supplied here, as the destructor does, and takes the hub over.
    SuppliedHub &operator=(SuppliedHub &&other) noexcept {
        if (this != &other) {
            const SuppliedHub former(std::move(*this)); // it goes last, as that of a Plugin
            database_ = std::exchange(other.database_, 0);
            ended_ = std::move(other.ended_);
        }
        return *this;
    }

    /// Withdraws it as withdraw() does; that it was withdrawn already goes unseen.
    ~SuppliedHub() {
        if (database_ != 0 && !ended_->load()) {
            (void)coffer_hub_supply(std::exchange(database_, 0), nullptr, nullptr, nullptr, nullptr);
        }
    }

    /// Withdraws it. When this returns, the handler is not running, will not run again and has been destroyed; called from
    /// the handler itself, that is so when the handler returns.
    /// @throws Error with COFFER_ERROR_INVALID_HANDLE when it was withdrawn already.
    void withdraw() {
        const coffer_db database = std::exchange(database_, 0);
        if (ended_ && ended_->load()) {
            throw Error(COFFER_ERROR_INVALID_HANDLE, "the host's hub was withdrawn already");
        }
        detail::check(coffer_hub_supply(database, nullptr, nullptr, nullptr, nullptr));
    }

    /// Whether this object holds a hub. It may have been withdrawn with its Database meanwhile.
    bool is_supplied() const noexcept { return database_ != 0; }

  private:
    template <class Self>
    friend class PluginMembers;

    coffer_db database_ = 0;
    detail::Ended ended_; // there whenever database_ is not 0
};

namespace detail {

/// Calls under way whose answers nobody wants any more. The library keeps them until somebody asks, and not more than
/// 65,536 of them: so each new call asks for two of these.
class AbandonedCalls {
  public:
    static void add(coffer_call call) noexcept {
        try {
            AbandonedCalls &all = instance();
            const std::lock_guard<std::mutex> guard(all.lock_);
            all.waiting_.push_back(call);
        } catch (...) { // it is kept until its Database is closed
        }
    }

    static void look_at_some() {
        AbandonedCalls &all = instance();
        const std::lock_guard<std::mutex> guard(all.lock_);
        for (int turn = 0; turn < 2 && !all.waiting_.empty(); ++turn) {
            const coffer_call oldest = all.waiting_.front();
            all.waiting_.pop_front();
            if (coffer_hub_await_call(oldest, 0, nullptr) == COFFER_ERROR_PENDING) {
                all.waiting_.push_back(oldest); // another may be over sooner
            }
        }
    }

  private:
    static AbandonedCalls &instance() {
        static AbandonedCalls *const all = new AbandonedCalls; // never destroyed: calls may be, at the very end
        return *all;
    }

    std::mutex lock_;
    std::deque<coffer_call> waiting_;
};

} // namespace detail

/// A call that goes on while its caller does something else. It ends when its outcome was told, or with the Database that it
/// was made through. Destroying it does not stop the callee; the answer is dropped then.
///
/// Threads: one at a time.
class Call {
  public:
    /// One that is not under way.
    Call() noexcept = default;

    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

    /// Takes the call over; `other` holds none afterwards.
    Call(Call &&other) noexcept : handle_(std::exchange(other.handle_, 0)) {}

    /// Drops what was held here, as the destructor does, and takes the call over.
    Call &operator=(Call &&other) noexcept {
        if (this != &other) {
            drop();
            handle_ = std::exchange(other.handle_, 0);
        }
        return *this;
    }

    /// Drops the answer, which may not be there yet.
    ~Call() { drop(); }

    /// Asks what came of it.
    /// @param wait how long to wait for the answer; 0 or less only looks.
    /// @returns the answer, once, or nothing when it is not there yet.
    /// @throws CallFailed, TimedOut; Error with COFFER_ERROR_INVALID_HANDLE when its outcome was told before or its Database
    ///         was closed. Whatever is thrown, the call has ended.
    std::optional<std::string> await(std::chrono::microseconds wait = std::chrono::microseconds(0)) {
        char *raw = nullptr;
        const std::uint64_t time = wait.count() < 0 ? 0 : static_cast<std::uint64_t>(wait.count());
        const coffer_status status = coffer_hub_await_call(handle_, time, &raw);
        const detail::OwnedText owned(raw);
        if (status == COFFER_ERROR_PENDING) {
            return std::nullopt;
        }
        handle_ = 0;
        detail::check(status);
        return std::string(owned.get());
    }

    /// The same through Json<T>.
    template <class T>
    std::optional<T> await_as(std::chrono::microseconds wait = std::chrono::microseconds(0)) {
        return detail::convert<T>(await(wait));
    }

    /// Whether its outcome was not told yet.
    bool is_under_way() const noexcept { return handle_ != 0; }

    /// The handle, for C functions. It stays this object's; 0 when it holds none.
    coffer_call handle() const noexcept { return handle_; }

  private:
    template <class Self>
    friend class PluginMembers;

    void drop() noexcept {
        const coffer_call handle = std::exchange(handle_, 0);
        if (handle != 0 && coffer_hub_await_call(handle, 0, nullptr) == COFFER_ERROR_PENDING) {
            detail::AbandonedCalls::add(handle);
        }
    }

    coffer_call handle_ = 0;
};

/// What Database knows about plug-ins: they register under a name, and call each other's methods through whichever Database
/// of this process on the same store.
template <class Self>
class PluginMembers {
  public:
    using Milliseconds = std::chrono::milliseconds;

    /// Registers a plug-in, so that others find it and can call its methods; subscribers hear "plugin_registered" and, when
    /// it ends, "plugin_left".
    ///
    /// A polled plug-in's handler runs in this object's poll(), on one thread at a time. A direct one runs on the thread that
    /// calls, by several at once, and may run before this returns.
    ///
    /// A Plugin that is not kept ends at once.
    ///
    /// @param wish    see PluginWish.
    /// @param handler see MethodHandler; none if calls are asked for with next_call(), or there is nothing to call.
    /// @throws Error with COFFER_ERROR_NAME_TAKEN (the message says by whom), _INVALID_OPTION, _INVALID_ARGUMENT for a direct
    ///         one without a handler. The handler is destroyed then.
    [[nodiscard]] Plugin register_plugin(const PluginWish &wish, MethodHandler handler = nullptr) {
        const std::string json = wish.to_json();
        const coffer_db database = handle(); // whoever hears "plugin_registered" may move or destroy this object
        Plugin made;
        made.name_ = wish.name;
        if (handler) {
            made.ended_ = std::make_shared<std::atomic<bool>>(false);
            std::unique_ptr<detail::Responder> responder(
                new detail::Responder{wish.name, std::move(handler), made.ended_});
            detail::check(coffer_hub_register_plugin(database, json.c_str(), detail::Responder::receive, responder.get(),
                                                     detail::Responder::free));
            (void)responder.release(); // the library frees it
        } else {
            detail::check(coffer_hub_register_plugin(database, json.c_str(), nullptr, nullptr, nullptr));
        }
        made.database_ = database; // last: one that was refused must not end who holds the name
        return made;
    }

    /// @returns every plug-in, by name.
    std::vector<PluginInfo> plugins() const {
        return detail::read(detail::read_plugins,
                            [this](char **out) { return coffer_hub_plugins(handle(), nullptr, out); });
    }

    /// @returns the plug-in of that name.
    /// @throws UnknownPlugin, which names the nearest.
    PluginInfo plugin(const Text &name) const {
        const char *wanted = name_for_c(name);
        if (wanted == nullptr) {
            throw Error(COFFER_ERROR_NULL_ARGUMENT, "the plug-in's name is NULL");
        }
        return detail::read(detail::read_plugin, [&](char **out) { return coffer_hub_plugins(handle(), wanted, out); });
    }

    /// Calls a method of a plug-in and waits for the answer. A polled plug-in answers when its own thread polls: when that is
    /// this one, use begin_call().
    /// @param json  the argument, any JSON value, limited like a document.
    /// @param limit how long to wait at most; 0 for a second, less than 0 for the shortest there is.
    /// @returns the answer, a JSON text.
    /// @throws UnknownPlugin, CallFailed with the plug-in's reason, TimedOut; Error with COFFER_ERROR_INVALID_JSON,
    ///         _TOO_LARGE, _TOO_DEEP for the argument, _CALLS_TOO_DEEP for a circle of calls.
    std::string call(const Text &plugin_name, const Text &method, const Text &json, Milliseconds limit = Milliseconds(0)) {
        const char *callee = name_for_c(plugin_name);
        const char *what = method_for_c(method);
        const char *argument = detail::json_for_c(json);
        return detail::get([&](char **out) {
            return coffer_hub_call(handle(), callee, what, argument, limit_for_c(limit), out);
        });
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    std::string call(const Text &plugin_name, const Text &method, const T &value, Milliseconds limit = Milliseconds(0)) {
        return call(plugin_name, method, Text(Json<T>::to_text(value)), limit);
    }

    /// The same with the answer through Json<T>; the argument is a text or a value.
    template <class T, class Argument>
    T call_as(const Text &plugin_name, const Text &method, const Argument &argument, Milliseconds limit = Milliseconds(0)) {
        return Json<T>::from_text(std::string_view(call(plugin_name, method, argument, limit)));
    }

    /// Calls a method without waiting for the answer; parameters and errors are those of call(), but for failure and time
    /// limit, which Call::await() tells. A direct plug-in's handler has run when this returns.
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT for more than 65,536 calls under way.
    [[nodiscard]] Call begin_call(const Text &plugin_name, const Text &method, const Text &json,
                                  Milliseconds limit = Milliseconds(0)) {
        const char *callee = name_for_c(plugin_name);
        const char *what = method_for_c(method);
        const char *argument = detail::json_for_c(json);
        detail::AbandonedCalls::look_at_some();
        Call made;
        detail::check(coffer_hub_begin_call(handle(), callee, what, argument, limit_for_c(limit), &made.handle_));
        return made;
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    [[nodiscard]] Call begin_call(const Text &plugin_name, const Text &method, const T &value,
                                  Milliseconds limit = Milliseconds(0)) {
        return begin_call(plugin_name, method, Text(Json<T>::to_text(value)), limit);
    }

    /// Takes the next call that waits for a plug-in of this object that has no handler.
    /// @returns the call to answer, or nothing when none waits.
    std::optional<Request> next_call() {
        std::optional<Request> next(std::in_place);
        std::string json;
        const bool waits = detail::fetch(
            json, [&](char **out) { return coffer_hub_next_call(handle(), &next->handle_, out); });
        if (!waits) {
            return std::nullopt;
        }
        detail::Reader reader(json);
        detail::read_method_call(reader, *next);
        reader.end();
        return next;
    }

    /// Supplies a hub of the host's own: from now on it is asked before anything is broadcast or registered through any
    /// Database on the store, and what it refuses, by throwing, does not happen.
    ///
    /// The handler runs on whichever thread broadcasts or registers, by several at once. MethodCall::method is "broadcast",
    /// with topic, sequence, source and payload, or "register_reference", with name, holder and about. It answers within a
    /// second: any JSON, which Synced::host tells; to a reference `{"registered": true, "ref_id": "ref-7"}`, or
    /// `{"registered": false, "holder": "somebody else", "ref_id": "ref-3"}`.
    ///
    /// A SuppliedHub that is not kept is withdrawn at once.
    ///
    /// @throws Error with COFFER_ERROR_NAME_TAKEN if there is one, _NULL_ARGUMENT without a handler, _INVALID_OPTION,
    ///         ModuleAbsent for `changes` in a build without its own hub. The handler is destroyed then.
    [[nodiscard]] SuppliedHub supply_hub(const HostOptions &options, MethodHandler handler) {
        if (!handler) {
            throw Error(COFFER_ERROR_NULL_ARGUMENT, "a host's hub needs a handler");
        }
        const std::string json = options.to_json();
        const coffer_db database = handle();
        SuppliedHub made;
        made.ended_ = std::make_shared<std::atomic<bool>>(false);
        std::unique_ptr<detail::Responder> responder(new detail::Responder{"", std::move(handler), made.ended_});
        detail::check(coffer_hub_supply(database, json.c_str(), detail::Responder::receive, responder.get(),
                                        detail::Responder::free));
        (void)responder.release(); // the library frees it
        made.database_ = database;
        return made;
    }

  protected:
    PluginMembers() noexcept = default;
    ~PluginMembers() = default;

  private:
    coffer_db handle() const noexcept { return static_cast<const Self *>(this)->handle(); }

    static const char *name_for_c(const Text &name) { return detail::argument_for_c(name, "the plug-in's name"); }
    static const char *method_for_c(const Text &method) { return detail::argument_for_c(method, "the method"); }

    static std::uint32_t limit_for_c(Milliseconds limit) noexcept {
        return limit.count() < 0            ? 1
               : limit.count() > UINT32_MAX ? UINT32_MAX
                                            : static_cast<std::uint32_t>(limit.count());
    }
};

} // namespace coffer

#endif
