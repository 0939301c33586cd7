// The plain data about the hub: events, how to subscribe, broadcasts and references; and how each is read from Coffer's
// answer.
//
// It must not need an open store, nor take a payload apart: payloads are JSON for the program's own library.
//
// Invariant: everything here owns its texts, so that it outlives the call that it came from.
#ifndef COFFER_HUB_TYPES_HPP
#define COFFER_HUB_TYPES_HPP

#include "coffer/reader.hpp"
#include "coffer/types.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace coffer {

/// Something that happened. Every commit has the topic "database_changed", each broadcast "database_sync"; "overflow" says
/// what a subscription missed; "plugin_registered" and "plugin_left" tell who is there.
struct Event {
    std::string topic;
    std::uint64_t sequence = 0; ///< The commit that it tells of, or the newest one when it was published.
    std::uint64_t id = 0;       ///< The event's number, as publish() and Synced tell it; 0 if it came from the journal.
    std::string source;         ///< Options::plugin of whoever published it; empty if it came from the journal.
    std::int64_t time_ms = 0;   ///< When it was published, in Unix milliseconds.
    std::string json;           ///< The payload.

    /// When it was published.
    TimePoint time() const noexcept { return TimePoint(std::chrono::milliseconds(time_ms)); }

    /// The payload through Json<T>.
    template <class T>
    T json_as() const {
        return Json<T>::from_text(std::string_view(json));
    }
};

/// What is called with each event. It may call everything, also what ends its own subscription.
using EventHandler = std::function<void(const Event &)>;

/// How to subscribe.
struct SubscribeOptions {
    bool direct = false;                ///< Call on the publishing thread at once, instead of from poll().
    bool data = false;                  ///< Changes carry the saved document as "data".
    std::optional<std::uint64_t> since; ///< Begin with everything that was committed after this commit.
    std::optional<std::uint32_t> queue; ///< How many events wait at most, 1 to 16,777,216. Default: 4,096.

    /// The options as a JSON object, for coffer_hub_subscribe.
    std::string to_json() const {
        std::string out = direct ? "{\"direct\":true" : "{\"direct\":false";
        out += data ? ",\"data\":true" : ",\"data\":false";
        if (since) {
            out += ",\"since\":" + std::to_string(*since);
        }
        if (queue) {
            out += ",\"queue\":" + std::to_string(*queue);
        }
        return out + "}";
    }
};

/// What broadcasting the Tier 1 documents came to.
struct Synced {
    bool success = false;            ///< Also when nobody hears it.
    std::uint64_t event_id = 0;      ///< The event's number.
    std::uint64_t subscribers = 0;   ///< How many hear it.
    std::int64_t time_ms = 0;        ///< When, in Unix milliseconds.
    std::optional<std::string> host; ///< What the host's hub answered, as JSON, if there is one.
};

/// Who says that it is the one source of something.
struct Reference {
    std::string ref_id;
    std::string name;
    std::string holder; ///< Options::plugin of whoever registered it.
    std::string about;  ///< What it says of itself, a JSON object: version, provides, capabilities.
};

/// What registering a reference came to.
struct Registered {
    bool registered = false; ///< False if another holds it, or the host's hub refuses.
    Reference reference;     ///< As it is then, whoever holds it.
};

namespace detail {

inline Event read_event(Reader &reader) {
    Event one;
    read_object(reader, [&](const Field &field) {
        return field.text("topic", one.topic) || field.number("sequence", one.sequence) || field.number("id", one.id) ||
               field.text("source", one.source) || field.moment("time_ms", one.time_ms) || field.raw("payload", one.json);
    });
    return one;
}

inline Synced read_synced(Reader &reader) {
    Synced one;
    read_object(reader, [&](const Field &field) {
        return field.flag("success", one.success) || field.number("event_id", one.event_id) ||
               field.number("subscribers", one.subscribers) || field.moment("time_ms", one.time_ms) ||
               field.take("host", [&] { one.host = reader.raw(); });
    });
    return one;
}

inline bool read_of_reference(const Field &field, Reference &one) {
    return field.text("ref_id", one.ref_id) || field.text("name", one.name) || field.text("holder", one.holder) ||
           field.raw("about", one.about);
}

inline Reference read_reference(Reader &reader) {
    Reference one;
    read_object(reader, [&](const Field &field) { return read_of_reference(field, one); });
    return one;
}

inline Registered read_registered(Reader &reader) {
    Registered one;
    read_object(reader, [&](const Field &field) {
        return field.flag("registered", one.registered) || read_of_reference(field, one.reference);
    });
    return one;
}

} // namespace detail
} // namespace coffer

#endif
