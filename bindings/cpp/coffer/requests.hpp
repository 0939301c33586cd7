// The side that is called: coffer::Request, a call to answer, and coffer::MethodHandler, what a plug-in or a host's hub does
// with its calls.
//
// It must not let an exception into the library: what a handler throws is caught here and becomes a refusal. It must not be
// included alone: "coffer.hpp" does it.
//
// Invariant: each request that reaches C++ is answered or refused once, whatever its handler does; only one that a program
// keeps for ever stays open, until its caller's limit is over.
#ifndef COFFER_REQUESTS_HPP
#define COFFER_REQUESTS_HPP

#include "coffer/plugin_types.hpp"
#include "coffer/support.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace coffer {
namespace detail {

/// Refuses with a text from anywhere: bytes that are not UTF-8 do not keep a caller waiting.
inline void refuse_with(coffer_request request, const char *reason) noexcept {
    if (coffer_hub_refuse(request, reason) != COFFER_ERROR_INVALID_UTF8) {
        return; // also if it was answered meanwhile, or nobody waits any more
    }
    try {
        std::string readable = reason;
        for (char &byte : readable) {
            byte = (static_cast<unsigned char>(byte) & 0x80) != 0 ? '?' : byte;
        }
        (void)coffer_hub_refuse(request, readable.c_str());
    } catch (...) {
        (void)coffer_hub_refuse(request, "its reason is not UTF-8");
    }
}

/// A handler that is running on this thread. Handlers may call methods, so that there is one within the other.
class Answering {
  public:
    explicit Answering(coffer_request request) noexcept
        : request_(request), outer_(std::exchange(innermost(), this)) {}
    ~Answering() { innermost() = outer_; }
    Answering(const Answering &) = delete;
    Answering &operator=(const Answering &) = delete;

    bool is_dropped() const noexcept { return is_dropped_; }

    /// Drops a request. If its handler is running on this thread, that waits for how the handler ends: it may be throwing
    /// the better reason.
    static void drop(coffer_request request) noexcept {
        for (Answering *one = innermost(); one != nullptr; one = one->outer_) {
            if (one->request_ == request) {
                one->is_dropped_ = true;
                return;
            }
        }
        refuse_with(request, dropped);
    }

    static constexpr const char *dropped = "it was dropped without an answer";

  private:
    static Answering *&innermost() noexcept {
        static thread_local Answering *answering = nullptr;
        return answering;
    }

    coffer_request request_;
    Answering *outer_;
    bool is_dropped_ = false;
};

struct Responder;

} // namespace detail

template <class Self>
class PluginMembers;

/// A call to answer, now or later, on any thread: move it there. It is refused when it is destroyed unanswered; within its
/// own handler, when the handler has ended. It outlives the Plugin and the Database; answering throws then.
///
/// Threads: one at a time.
class Request : public MethodCall {
  public:
    /// One that nobody waits for.
    Request() noexcept = default;

    Request(const Request &) = delete;
    Request &operator=(const Request &) = delete;

    /// Takes the request over; `other` holds none afterwards.
    Request(Request &&other) noexcept : MethodCall(std::move(other)), handle_(std::exchange(other.handle_, 0)) {}

    /// Drops what was held here, as the destructor does, and takes the request over.
    Request &operator=(Request &&other) noexcept {
        if (this != &other) {
            drop();
            MethodCall::operator=(std::move(other));
            handle_ = std::exchange(other.handle_, 0);
        }
        return *this;
    }

    /// Refuses it if it was not answered.
    ~Request() { drop(); }

    /// Answers it.
    /// @param text any JSON value, limited like a document of a store with the usual options.
    /// @throws Error with COFFER_ERROR_INVALID_JSON, _INVALID_UTF8, _TOO_LARGE, _TOO_DEEP, and it can be answered again;
    ///         TimedOut when nobody waits any more, _INVALID_ARGUMENT when the plug-in left, _INVALID_HANDLE when it was
    ///         answered before.
    void answer(const Text &text) { settle(coffer_hub_answer(handle_, detail::json_for_c(text))); }

    /// The same with a value, through Json<T>.
    template <class T, detail::EnableIfAdapted<T> = 0>
    void answer(const T &value) {
        answer(Text(Json<T>::to_text(value)));
    }

    /// Refuses it: the caller gets CallFailed with your reason.
    /// @param reason one line for the caller to read.
    /// @throws Error with COFFER_ERROR_INVALID_UTF8, and it can be refused again; otherwise as answer() does.
    void refuse(const Text &reason) {
        settle(coffer_hub_refuse(handle_, reason.for_c(COFFER_ERROR_INVALID_UTF8, "the reason")));
    }

    /// Whether this object holds a request that it has not answered. Its caller may have given up meanwhile.
    bool is_open() const noexcept { return handle_ != 0; }

    /// The handle, for C functions. It stays this object's; 0 when it holds none.
    coffer_request handle() const noexcept { return handle_; }

  private:
    friend struct detail::Responder;
    template <class Self>
    friend class PluginMembers;

    explicit Request(coffer_request handle) noexcept : handle_(handle) {}

    void settle(coffer_status status) {
        if (status == COFFER_OK || status == COFFER_ERROR_TIMED_OUT || status == COFFER_ERROR_INVALID_ARGUMENT ||
            status == COFFER_ERROR_INVALID_HANDLE) {
            handle_ = 0;
        }
        detail::check(status);
    }

    void drop() noexcept {
        if (handle_ != 0) {
            detail::Answering::drop(std::exchange(handle_, 0));
        }
    }

    coffer_request handle_ = 0;
};

namespace detail {

template <class Handler>
bool is_empty(const Handler &) noexcept {
    return false;
}

template <class Signature>
bool is_empty(const std::function<Signature> &handler) noexcept {
    return !handler;
}

template <class Function>
bool is_empty(Function *const &handler) noexcept {
    return handler == nullptr;
}

} // namespace detail

/// What is done with calls. Made from either of two kinds of function:
///
///     [](const coffer::MethodCall &call) { return std::string("{}"); }       // returns the answer
///     [](coffer::Request request) { queue.push_back(std::move(request)); }   // answers when it likes, on any thread
///
/// The first kind returns JSON as anything that a Text is made from, or a value through Json<T>. Whatever either kind throws
/// refuses the call, with what() as the reason; an answer that is no JSON does so too. A function may call everything, also
/// methods of other plug-ins and what ends its own plug-in; a call that a plug-in ends itself in fails. It must be copyable,
/// as for std::function.
class MethodHandler {
  public:
    /// None: calls are asked for with Database::next_call().
    MethodHandler(std::nullptr_t = nullptr) noexcept {}

    template <class Handler,
              std::enable_if_t<!std::is_same<std::decay_t<Handler>, MethodHandler>::value &&
                                   (std::is_invocable<Handler &, const MethodCall &>::value ||
                                    std::is_invocable<Handler &, Request>::value),
                               int> = 0>
    MethodHandler(Handler handler) {
        if (detail::is_empty(handler)) {
            return;
        }
        if constexpr (std::is_invocable<Handler &, const MethodCall &>::value) {
            using Answer = std::invoke_result_t<Handler &, const MethodCall &>;
            static_assert(!std::is_void<Answer>::value,
                          "a handler of a MethodCall returns the answer; take a Request by value to answer later");
            run_ = [own = std::move(handler)](Request &request) mutable {
                const auto &answer = own(static_cast<const MethodCall &>(request));
                request.answer(answer);
            };
        } else {
            run_ = [own = std::move(handler)](Request &request) mutable { own(std::move(request)); };
        }
    }

    explicit operator bool() const noexcept { return static_cast<bool>(run_); }

    /// Hands a call over. It is moved from afterwards if the function took it.
    void operator()(Request &request) const { run_(request); }

  private:
    std::function<void(Request &)> run_;
};

namespace detail {

/// Whether something has ended by itself. Shared by who registered it and by what the library frees at its end.
using Ended = std::shared_ptr<std::atomic<bool>>;

/// What the library calls, as the context of a plug-in or of a host's hub.
struct Responder {
    std::string plugin;
    MethodHandler handler;
    Ended ended;

    static void receive(void *context, coffer_request request, const char *caller, const char *method,
                        const char *json) noexcept {
        const Responder &self = *static_cast<const Responder *>(context);
        const Answering answering(request);
        try {
            Request asked(request);
            asked.plugin = self.plugin;
            asked.method = method;
            asked.caller = caller;
            asked.json = json;
            self.handler(asked);
        } catch (const std::exception &failure) {
            refuse_with(request, failure.what());
            return;
        } catch (...) {
            refuse_with(request, "it threw something that is no std::exception");
            return;
        }
        if (answering.is_dropped()) {
            refuse_with(request, Answering::dropped);
        }
    }

    static void free(void *context) noexcept {
        const std::unique_ptr<Responder> self(static_cast<Responder *>(context));
        self->ended->store(true);
    }
};

} // namespace detail
} // namespace coffer

#endif
