// coffer::Subscription, and the members of coffer::Database that subscribe, poll, publish and broadcast.
//
// It must not let an exception into the library: what a handler throws is caught here and thrown again where C++ called.
// It must not be included alone: "coffer.hpp" does it.
//
// Invariant: a handler belongs to the library from a successful subscribe until the subscription has ended; it is
// destroyed then, exactly once, whichever of Subscription and Database goes first.
#ifndef COFFER_HUB_HPP
#define COFFER_HUB_HPP

#include "coffer/hub_types.hpp"
#include "coffer/support.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer {
namespace detail {

/// The first exception of a subscription that nobody has asked for yet. Handlers run on any thread: hence the lock.
class KeptFailure {
  public:
    void keep(std::exception_ptr failure) noexcept {
        const std::lock_guard<std::mutex> guard(lock_);
        if (!first_) {
            first_ = std::move(failure);
        }
    }

    std::exception_ptr take() noexcept {
        const std::lock_guard<std::mutex> guard(lock_);
        return std::exchange(first_, nullptr);
    }

  private:
    std::mutex lock_;
    std::exception_ptr first_;
};

/// A poll under way on this thread. Handlers may poll too, so that there is one within the other.
class Polling {
  public:
    Polling() noexcept : outer_(std::exchange(innermost(), this)) {}
    ~Polling() { innermost() = outer_; }
    Polling(const Polling &) = delete;
    Polling &operator=(const Polling &) = delete;

    void keep(std::exception_ptr failure) noexcept {
        if (!first_) {
            first_ = std::move(failure);
        }
    }

    void rethrow() const {
        if (first_) {
            std::rethrow_exception(first_);
        }
    }

    static Polling *&innermost() noexcept {
        static thread_local Polling *polling = nullptr;
        return polling;
    }

  private:
    Polling *outer_;
    std::exception_ptr first_;
};

/// What the library calls, as the context of a subscription.
struct Listener {
    EventHandler handler;
    bool direct;
    std::shared_ptr<KeptFailure> kept;

    static void receive(void *context, const char *topic, std::uint64_t sequence, std::uint64_t id, const char *source,
                        std::int64_t time_ms, const char *json) noexcept {
        const Listener &self = *static_cast<const Listener *>(context);
        try {
            self.handler(Event{topic, sequence, id, source, time_ms, json});
        } catch (...) {
            self.keep(std::current_exception());
        }
    }

    static void free(void *context) noexcept { delete static_cast<Listener *>(context); }

  private:
    void keep(std::exception_ptr failure) const noexcept {
        // A direct one may run within a poll, for whoever published there; its failures are none of the poll's.
        if (Polling *polling = direct ? nullptr : Polling::innermost()) {
            polling->keep(std::move(failure));
        } else {
            kept->keep(std::move(failure));
        }
    }
};

} // namespace detail

template <class Self>
class HubMembers;

/// A subscription, ended by its destructor or with the Database that it was made through, whichever comes first. Database
/// and Subscription may be destroyed in any order.
///
/// Threads: replay(), next() and take_failure() may be called from every thread at the same time, except that nobody may
/// end, move, assign or destroy it meanwhile.
class Subscription {
  public:
    /// One that hears nothing.
    Subscription() noexcept = default;

    Subscription(const Subscription &) = delete;
    Subscription &operator=(const Subscription &) = delete;

    /// Takes the subscription over; `other` holds none afterwards.
    Subscription(Subscription &&other) noexcept
        : handle_(std::exchange(other.handle_, 0)), kept_(std::move(other.kept_)) {}

    /// Ends what was subscribed here, as the destructor does, and takes the subscription over.
    Subscription &operator=(Subscription &&other) noexcept {
        if (this != &other) {
            // In this order, so that a handler which assigns to its own subscription finds all in place.
            const coffer_subscription ended = std::exchange(handle_, std::exchange(other.handle_, 0));
            kept_ = std::move(other.kept_);
            end_quietly(ended);
        }
        return *this;
    }

    /// Ends it as unsubscribe() does; that it had ended already goes unseen.
    ~Subscription() { end_quietly(std::exchange(handle_, 0)); }

    /// Ends it. When this returns, the handler is not running, will not run again and has been destroyed; called from the
    /// handler itself, that is so when the handler returns. It waits for a handler that is running on another thread: do
    /// not hold a lock that the handler takes.
    /// @throws Error with COFFER_ERROR_INVALID_HANDLE when it had ended already.
    void unsubscribe() { detail::check(coffer_hub_unsubscribe(std::exchange(handle_, 0))); }

    /// Whether this object holds a subscription. It may have ended with its Database meanwhile.
    bool is_subscribed() const noexcept { return handle_ != 0; }

    /// The handle, for C functions. It stays this object's; 0 when it holds none.
    coffer_subscription handle() const noexcept { return handle_; }

    /// Forgets what waits and goes on with everything that was committed after `since`, as if it had been made so. After
    /// an "overflow", `since` is its from_sequence less one. Events that are no commits are not brought back.
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT when it does not hear "database_changed", _READ_ONLY,
    ///         _OUT_OF_REACH, _CORRUPT, _IO.
    void replay(std::uint64_t since) { detail::check(coffer_hub_replay(handle_, since)); }

    /// Takes the next event that waits, for a subscription without a handler.
    /// @returns the event, or nothing when none waits.
    std::optional<Event> next() {
        std::string json;
        if (!detail::fetch(json, [this](char **out) { return coffer_hub_next(handle_, out); })) {
            return std::nullopt;
        }
        detail::Reader reader(json);
        Event event = detail::read_event(reader);
        reader.end();
        return event;
    }

    /// @returns the first exception that the handler threw outside of Database::poll(), and forgets it; null if there is
    ///          none. Later ones are dropped until then. It is there also after the subscription has ended.
    std::exception_ptr take_failure() noexcept { return kept_ ? kept_->take() : nullptr; }

  private:
    template <class Self>
    friend class HubMembers;

    static void end_quietly(coffer_subscription handle) noexcept {
        if (handle != 0) {
            (void)coffer_hub_unsubscribe(handle);
        }
    }

    coffer_subscription handle_ = 0;
    std::shared_ptr<detail::KeptFailure> kept_;
};

/// What Database knows about the hub: events go from whoever publishes to whoever subscribed on the same store, through
/// whichever Database of this process, in one order for all.
template <class Self>
class HubMembers {
  public:
    /// Has a handler called with events, one at a time and in order.
    ///
    /// A polled subscription's handler runs in poll(), which throws what the handler throws. A direct one runs on the
    /// thread that publishes, before its call returns, or, if another thread is just running it, on that one right after.
    /// Its exceptions do not reach the publisher, who is somebody else: the first is kept for Subscription::take_failure().
    /// A direct handler may run before this returns. It should be brief: savers wait for it.
    ///
    /// A Subscription that is not kept ends at once.
    ///
    /// @param topic   one topic, or with `*` at its end every topic that begins so; up to 256 bytes.
    /// @param handler what to call; an empty one if events are asked for with Subscription::next().
    /// @param options see SubscribeOptions.
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT for another topic and for a direct one without a handler,
    ///         _INVALID_OPTION; with `since` what Subscription::replay() throws. The handler is destroyed then.
    [[nodiscard]] Subscription subscribe(const Text &topic, EventHandler handler, const SubscribeOptions &options = {}) {
        const char *pattern = topic_for_c(topic);
        const std::string json = options.to_json();
        Subscription made;
        made.kept_ = std::make_shared<detail::KeptFailure>();
        if (!handler) {
            detail::check(
                coffer_hub_subscribe(handle(), pattern, json.c_str(), nullptr, nullptr, nullptr, &made.handle_));
            return made;
        }
        std::unique_ptr<detail::Listener> listener(
            new detail::Listener{std::move(handler), options.direct, made.kept_});
        detail::check(coffer_hub_subscribe(handle(), pattern, json.c_str(), detail::Listener::receive, listener.get(),
                                           detail::Listener::free, &made.handle_));
        (void)listener.release(); // the library frees it
        return made;
    }

    /// Runs the handlers of this object's polled plug-ins with the calls that wait, and those of its polled subscriptions
    /// with the events that wait, in order, all on this thread.
    /// @param max_events how many calls and events at most; 0 for no limit.
    /// @param budget     stop when the next event would probably take longer in all; 0 for no limit, less than 0 for the
    ///                   shortest there is. The first event is delivered in any case.
    /// @returns how many calls and events were delivered.
    /// @throws what a subscription's handler threw first, after all others were delivered too; what they threw later is
    ///         dropped. What a plug-in's handler throws goes to its caller.
    std::size_t poll(std::size_t max_events = 0, std::chrono::microseconds budget = std::chrono::microseconds(0)) {
        const std::uint64_t limit = budget.count() < 0 ? 1 : static_cast<std::uint64_t>(budget.count());
        std::size_t delivered = 0;
        // A handler may destroy this object: nothing of it is used after the call.
        detail::Polling polling;
        detail::check(coffer_hub_poll(handle(), max_events, limit, &delivered));
        polling.rethrow();
        return delivered;
    }

    /// Publishes an event of one's own.
    /// @param topic 1 to 256 bytes without `*`, and none that the store publishes itself.
    /// @param json  any JSON value, limited like a document.
    /// @returns the event's number.
    /// @throws Error with COFFER_ERROR_INVALID_ARGUMENT for another topic, _INVALID_JSON, _TOO_LARGE, _TOO_DEEP; CallFailed
    ///         or TimedOut when the host's hub does not take it: then it was not published.
    std::uint64_t publish(const Text &topic, const Text &json) {
        std::uint64_t event = 0;
        detail::check(coffer_hub_publish(handle(), topic_for_c(topic), detail::json_for_c(json), &event));
        return event;
    }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    std::uint64_t publish(const Text &topic, const T &value) {
        return publish(topic, Text(Json<T>::to_text(value)));
    }

    /// Broadcasts the newest Tier 1 documents and their versions as the event "database_sync", all as of one commit.
    /// @throws Error with COFFER_ERROR_FAILED after an earlier failure of the disk; CallFailed or TimedOut when the host's hub
    ///         does not take it.
    Synced sync_tier1_data_to_hub() {
        return detail::read(detail::read_synced,
                            [this](char **out) { return coffer_sync_tier1_data_to_hub(handle(), out); });
    }

    /// Registers the store as the master reference "database-persistence-layer", until this object is closed.
    /// @returns whether it is this object's, and who holds it.
    /// @throws CallFailed or TimedOut when the host's hub does not answer the question.
    Registered register_database_as_master_reference() {
        return detail::read(detail::read_registered, [this](char **out) {
            return coffer_register_database_as_master_reference(handle(), out);
        });
    }

    /// @returns every reference, by name.
    std::vector<Reference> references() const {
        std::vector<Reference> all;
        const std::string json =
            detail::get([this](char **out) { return coffer_hub_references(handle(), nullptr, out); });
        detail::Reader reader(json);
        reader.array([&] { all.push_back(detail::read_reference(reader)); });
        reader.end();
        return all;
    }

    /// @returns the reference of that name, or nothing when nobody holds it.
    std::optional<Reference> reference(const Text &name) const {
        const char *wanted = detail::argument_for_c(name, "the reference's name");
        if (wanted == nullptr) {
            throw Error(COFFER_ERROR_NULL_ARGUMENT, "the reference's name is NULL");
        }
        const std::optional<std::string> json =
            detail::find([&](char **out) { return coffer_hub_references(handle(), wanted, out); });
        if (!json) {
            return std::nullopt;
        }
        detail::Reader reader(*json);
        return detail::read_reference(reader);
    }

  protected:
    HubMembers() noexcept = default;
    ~HubMembers() = default;

  private:
    coffer_db handle() const noexcept { return static_cast<const Self *>(this)->handle(); }

    static const char *topic_for_c(const Text &topic) { return detail::argument_for_c(topic, "the topic"); }
};

} // namespace coffer

#endif
