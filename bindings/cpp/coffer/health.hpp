// The member of coffer::Database that says how the store fares.
//
// It must not let an exception into the library: "coffer/progress.hpp" sees to that. It must not be included alone:
// "coffer.hpp" does it.
//
// Invariant: it is one call of the C function of the same name, and the library has forgotten the Progress when it returns.
#ifndef COFFER_HEALTH_HPP
#define COFFER_HEALTH_HPP

#include "coffer/health_types.hpp"
#include "coffer/progress.hpp"
#include "coffer/support.hpp"

#include <string>

namespace coffer {

/// What Database knows about its own health.
template <class Self>
class HealthMembers {
  public:
    /// Says how the store fares, and what to do about what is not well. It changes nothing and holds up no save.
    ///
    /// Unless it is `full` it costs at most a millisecond at 100,000 documents, the first time after opening a larger store
    /// more. In full it waits for the disk: keep it off the thread that draws frames. Checkpoints wait meanwhile.
    /// @param options  see HealthOptions.
    /// @param progress of the full form, is told how far it is; none for nobody.
    /// @throws Cancelled, or what `progress` threw; Error with COFFER_ERROR_INVALID_ARGUMENT for the full form within a
    ///         Progress; ModuleAbsent where the library was built without this.
    HealthReport analyze_database_health(const HealthOptions &options = {}, const Progress &progress = nullptr) const {
        const std::string json = options.to_json();
        return detail::read_told(
            progress, detail::read_health, [&](coffer_progress_callback callback, void *context, char **out) {
                return coffer_analyze_database_health(handle(), json.c_str(), callback, context, out);
            });
    }

  protected:
    HealthMembers() noexcept = default;
    ~HealthMembers() = default;

  private:
    coffer_db handle() const noexcept { return static_cast<const Self *>(this)->handle(); }
};

} // namespace coffer

#endif
