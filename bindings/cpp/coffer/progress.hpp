// How work that lasts tells how far it is: coffer::Progress, and how the library calls it.
//
// It must not let an exception into the library: what a Progress throws is caught here, stops the work, and is thrown again
// when the call has returned. It must not be included alone: "coffer.hpp" does it.
//
// Invariant: the library has forgotten the Progress when the call returns.
#ifndef COFFER_PROGRESS_HPP
#define COFFER_PROGRESS_HPP

#include "coffer/reader.hpp"
#include "coffer/support.hpp"

#include <cstdint>
#include <exception>
#include <functional>

namespace coffer {

/// Is told now and then how far a work is, in bytes, and says whether to go on: false stops it, and the call throws
/// Cancelled. What it throws stops it too, and comes out of the call. Either way nothing is left behind.
///
/// It runs on the thread that works, which keeps checkpoints waiting: it may load and save, but must not flush, close,
/// export, import, check in full, or use snapshots of the same store.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

namespace detail {

/// What the library tells of a work under way, as its context. It lives on the stack of the thread that works.
class Telling {
  public:
    explicit Telling(const Progress &progress) noexcept : progress_(progress) {}
    Telling(const Telling &) = delete;
    Telling &operator=(const Telling &) = delete;

    /// For C; null when nobody wants to be told.
    coffer_progress_callback callback() const noexcept { return progress_ ? tell : nullptr; }

    /// Throws again what the Progress threw.
    void rethrow() const {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

  private:
    static std::int32_t tell(void *context, std::uint64_t done, std::uint64_t total) noexcept {
        Telling &self = *static_cast<Telling *>(context);
        if (self.failure_) {
            return 1;
        }
        try {
            return self.progress_(done, total) ? 0 : 1;
        } catch (...) {
            self.failure_ = std::current_exception();
            return 1;
        }
    }

    const Progress &progress_;
    std::exception_ptr failure_;
};

/// For calls whose progress is told: `call(callback, context, char **)`; `reading` takes the answer apart.
template <class Reading, class Call>
auto read_told(const Progress &progress, Reading reading, Call &&call) {
    Telling telling(progress);
    char *raw = nullptr;
    const coffer_status status = call(telling.callback(), static_cast<void *>(&telling), &raw);
    const OwnedText owned(raw);
    telling.rethrow();
    check(status);
    return parsed(owned.get(), reading);
}

} // namespace detail
} // namespace coffer

#endif
