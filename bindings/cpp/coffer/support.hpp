// What the C++ binding stands on: exceptions, texts on their way to C, texts on their way back, and the adapter
// through which a JSON library plugs in.
//
// It must not include a JSON library, hold a handle, or know any operation of the database: those are in
// "coffer.hpp". Everything here is inline, so that many translation units can include it.
//
// Invariant: no text reaches C that C would read differently (one that holds a NUL is refused here, because C would
// silently cut it there), and every text that C handed out goes back to coffer_string_free, on every path.
#ifndef COFFER_SUPPORT_HPP
#define COFFER_SUPPORT_HPP

#include "coffer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

static_assert(COFFER_ABI_VERSION == 2, "this binding is written for version 2 of Coffer's C ABI: take both from one release");
static_assert(COFFER_VERSION_MAJOR == 0 && COFFER_VERSION_MINOR >= 3, "this binding needs Coffer 0.3 or a later 0.x");

namespace coffer {

/// A call that failed. Its text is one line that names the key, path or byte offset concerned.
/// An exception may be caught, copied and kept on any thread.
class Error : public std::runtime_error {
  public:
    /// @param status  what went wrong, one of the COFFER_ERROR_ constants.
    /// @param message one line that says why; may be empty, then the status's name stands alone.
    Error(coffer_status status, const std::string &message)
        : std::runtime_error(full_text(status, message)), status_(status) {}

    /// What went wrong, one of the COFFER_ERROR_ constants.
    coffer_status status() const noexcept { return status_; }

    /// The status's name, as in "COFFER_ERROR_BUSY". The text is static.
    const char *status_name() const noexcept { return coffer_status_name(status_); }

    /// Why it failed, without the status's name in front (what() has both). It lives as long as this exception.
    const char *message() const noexcept {
        const char *text = what();
        const char *colon = std::strstr(text, ": ");
        return colon == nullptr ? "" : colon + 2;
    }

  private:
    static std::string full_text(coffer_status status, const std::string &message) {
        std::string text = coffer_status_name(status);
        return message.empty() ? text : text + ": " + message;
    }

    coffer_status status_;
};

/// The document's revision is not the expected one: load it again, merge, and save again.
class Conflict : public Error {
  public:
    /// @param message one line that names the key and both revisions.
    explicit Conflict(const std::string &message) : Error(COFFER_ERROR_CONFLICT, message) {}
};

/// No plug-in has this name, or it has no such method: do without it, or wait for the event "plugin_registered".
class UnknownPlugin : public Error {
  public:
    /// @param message one line that names the nearest ones.
    explicit UnknownPlugin(const std::string &message) : Error(COFFER_ERROR_UNKNOWN_PLUGIN, message) {}
};

/// The plug-in or host that was called failed, refused or left.
class CallFailed : public Error {
  public:
    /// @param message one line with its reason.
    explicit CallFailed(const std::string &message) : Error(COFFER_ERROR_CALL_FAILED, message) {}
};

/// No answer came within the time limit, or an answer came after it.
class TimedOut : public Error {
  public:
    /// @param message one line that names the method and the limit.
    explicit TimedOut(const std::string &message) : Error(COFFER_ERROR_TIMED_OUT, message) {}
};

/// The module that this operation needs is not in this build of the library; Database::load_phase11() tells which are.
class ModuleAbsent : public Error {
  public:
    /// @param message one line that names the module.
    explicit ModuleAbsent(const std::string &message) : Error(COFFER_ERROR_MODULE_ABSENT, message) {}
};

/// A file to import is not what it should be; nothing has changed.
class Unreadable : public Error {
  public:
    /// @param message one line that names the file, the line and the column.
    explicit Unreadable(const std::string &message) : Error(COFFER_ERROR_UNREADABLE, message) {}
};

/// A Progress said to stop; nothing has changed.
class Cancelled : public Error {
  public:
    /// @param message one line.
    explicit Cancelled(const std::string &message) : Error(COFFER_ERROR_CANCELLED, message) {}
};

/// Why the last failing call on this thread failed, in one line; empty after a call that succeeded.
inline std::string last_error() { return coffer_last_error(); }

/// How a JSON library plugs in. Specialize it for the type that holds your data:
///
///     template <> struct coffer::Json<my::Value> {
///         static std::string to_text(const my::Value &value) { return value.dump(); }
///         static my::Value from_text(std::string_view text) { return my::Value::parse(text); }
///     };
///
/// Then every save takes a `my::Value`, and every load has a sibling named `…_as<my::Value>`. `to_text` may return anything
/// that a Text is made from. What either function throws goes through to the caller, and nothing is saved then. Do not
/// specialize it for text types: a std::string always means JSON that is ready to store. `Enable` is for
/// partial specializations that need a condition.
template <class T, class Enable = void>
struct Json;

/// A text parameter: NUL-terminated for C, copied only when it has to be. It is made from a `const char *` or a
/// std::string without copying, and from a std::string_view (or what converts to one) with a copy.
///
/// It borrows what it is made from: use it as a parameter type and for nothing else. One that holds a NUL is refused by
/// the call that uses it, with the status named there. A null `const char *` is COFFER_ERROR_NULL_ARGUMENT there.
class Text {
  public:
    Text(const char *text) noexcept : pointer_(text) {}

    Text(const std::string &text) noexcept : pointer_(text.c_str()), nul_(text.find('\0')) {}

    template <class S, std::enable_if_t<std::is_convertible<const S &, std::string_view>::value &&
                                            !std::is_convertible<const S &, const char *>::value,
                                        int> = 0>
    Text(const S &text) : pointer_(inline_) {
        const std::string_view view = text;
        nul_ = view.find('\0');
        if (view.size() < sizeof inline_) {
            if (!view.empty()) {
                std::memcpy(inline_, view.data(), view.size());
            }
            inline_[view.size()] = '\0';
        } else {
            copy_.assign(view);
            pointer_ = copy_.c_str();
        }
    }

    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;

    /// The text for C. It lives as long as this object and what it was made from.
    /// @param status what to throw when the text holds a NUL.
    /// @param what   what the text is, for the message.
    /// @throws Error with `status` when the text holds a NUL.
    const char *for_c(coffer_status status, const char *what) const {
        if (nul_ != std::string_view::npos) {
            throw Error(status, std::string(what) + " holds a NUL byte, at byte " + std::to_string(nul_));
        }
        return pointer_;
    }

  private:
    const char *pointer_;
    std::size_t nul_ = std::string_view::npos;
    std::string copy_;
    char inline_[64]; // most keys fit, and then no view costs an allocation
};

namespace detail {

/// Throws what the last call on this thread failed with.
[[noreturn]] inline void fail(coffer_status status) {
    switch (status) {
    case COFFER_ERROR_CONFLICT: throw Conflict(coffer_last_error());
    case COFFER_ERROR_UNKNOWN_PLUGIN: throw UnknownPlugin(coffer_last_error());
    case COFFER_ERROR_CALL_FAILED: throw CallFailed(coffer_last_error());
    case COFFER_ERROR_TIMED_OUT: throw TimedOut(coffer_last_error());
    case COFFER_ERROR_MODULE_ABSENT: throw ModuleAbsent(coffer_last_error());
    case COFFER_ERROR_UNREADABLE: throw Unreadable(coffer_last_error());
    case COFFER_ERROR_CANCELLED: throw Cancelled(coffer_last_error());
    default: throw Error(status, coffer_last_error());
    }
}

inline void check(coffer_status status) {
    if (status != COFFER_OK) {
        fail(status);
    }
}

/// For calls where "not found" is an ordinary answer: false then, true on success.
inline bool found(coffer_status status) {
    if (status == COFFER_ERROR_NOT_FOUND) {
        return false;
    }
    check(status);
    return true;
}

inline const char *key_for_c(const Text &key) { return key.for_c(COFFER_ERROR_INVALID_KEY, "the key"); }
inline const char *json_for_c(const Text &json) { return json.for_c(COFFER_ERROR_INVALID_JSON, "the document"); }
inline const char *argument_for_c(const Text &text, const char *what) {
    return text.for_c(COFFER_ERROR_INVALID_ARGUMENT, what);
}

struct FreeText {
    void operator()(char *text) const noexcept { coffer_string_free(text); }
};

/// A text that C handed out. Copying it into a std::string may throw: it is given back then too.
using OwnedText = std::unique_ptr<char, FreeText>;

/// Calls `call(char **)`, which is a C function that hands out a text, and copies it into `out`. False: not found.
template <class Call>
bool fetch(std::string &out, Call &&call) {
    char *raw = nullptr;
    const coffer_status status = std::forward<Call>(call)(&raw);
    const OwnedText owned(raw);
    if (!found(status)) {
        return false;
    }
    out.assign(owned.get());
    return true;
}

/// For calls whose text may be missing.
template <class Call>
std::optional<std::string> find(Call &&call) {
    std::optional<std::string> text(std::in_place);
    if (!fetch(*text, std::forward<Call>(call))) {
        text.reset();
    }
    return text;
}

/// For calls whose text is always there.
template <class Call>
std::string get(Call &&call) {
    std::string text;
    if (!fetch(text, std::forward<Call>(call))) {
        fail(COFFER_ERROR_NOT_FOUND);
    }
    return text;
}

template <class T>
std::optional<T> convert(const std::optional<std::string> &text) {
    return text ? std::optional<T>(Json<T>::from_text(std::string_view(*text))) : std::nullopt;
}

inline const char *null_if_empty(const char *text) noexcept { return text == nullptr || *text == '\0' ? nullptr : text; }

template <class T, class Enable = void>
struct HasAdapter : std::false_type {};

template <class T>
struct HasAdapter<T, std::void_t<decltype(Json<T>::to_text(std::declval<const T &>()))>> : std::true_type {};

template <class T>
using EnableIfAdapted = std::enable_if_t<HasAdapter<T>::value, int>;

} // namespace detail
} // namespace coffer

#endif
