// The members of coffer::Database that offer the store over HTTP.
//
// It must not let an exception into the library: methods that answer requests run as those of all plug-ins
// ("coffer/requests.hpp"). It must not be included alone: "coffer.hpp" does it.
//
// Invariant: each member is one call of the C function of the same name; nothing of an API is kept here, so that it goes
// with the handle when a Database is moved.
#ifndef COFFER_GATEWAY_HPP
#define COFFER_GATEWAY_HPP

#include "coffer/gateway_types.hpp"
#include "coffer/reader.hpp"
#include "coffer/support.hpp"

#include <string>

namespace coffer {

/// What Database knows about HTTP: a store has one API, which every Database on it in this process uses. Everything throws
/// ModuleAbsent where the library was built without this.
template <class Self>
class GatewayMembers {
  public:
    /// Registers the API of the store, and starts the built-in server when asked to listen. It ends with
    /// unregister_database_api(), or when this object is closed or destroyed; requests under way are answered first.
    ///
    /// The server has threads of its own: what they call, such as a direct plug-in's handler, runs there.
    /// @param options see ApiOptions.
    /// @returns what is offered and where, and the token that requests need.
    /// @throws Error with COFFER_ERROR_NAME_TAKEN when the store has an API (the message says whose), _INVALID_OPTION, _IO
    ///         when the port is in use.
    RegisteredApi register_database_api(const ApiOptions &options = {}) {
        const std::string json = options.to_json();
        return detail::read(detail::read_registered_api, [&](char **out) {
            return coffer_register_database_api(handle(), json.c_str(), out);
        });
    }

    /// Ends the API that was registered through this object. When this returns, nobody listens and none of its threads runs.
    /// It waits for methods that are answering: do not hold a lock that they take.
    /// @throws Error with COFFER_ERROR_NOT_FOUND when there is none, _NAME_TAKEN when another registered it,
    ///         _INVALID_ARGUMENT within a method that answers a request of it.
    void unregister_database_api() { detail::check(coffer_unregister_database_api(handle())); }

    /// Adds an endpoint that a plug-in answers to the store's API. It ends with gateway_unregister_endpoint(), with this
    /// object, or with the API; the plug-in may come and go.
    ///
    /// The plug-in's method is called with a JSON object: id, method, path, parameters, query, content_type and body. It
    /// answers within a second with one: status (200), body and headers, all of which may be left out; 204 is the status
    /// without a body. What it throws is told as 502.
    /// @param wish see EndpointWish.
    /// @returns the endpoint as it is offered.
    /// @throws Error with COFFER_ERROR_NOT_FOUND when the store has no API, _NAME_TAKEN when there is such an id, or method
    ///         and path; _INVALID_OPTION, _INVALID_ARGUMENT for a path that cannot stand beside another.
    Endpoint gateway_register_endpoint(const EndpointWish &wish) {
        const std::string json = wish.to_json();
        return detail::read(detail::read_endpoint, [&](char **out) {
            return coffer_gateway_register_endpoint(handle(), json.c_str(), out);
        });
    }

    /// Removes an endpoint that was added through this object. Requests that it is answering are answered.
    /// @param id Endpoint::endpoint_id.
    /// @throws Error with COFFER_ERROR_NOT_FOUND when there is none.
    void gateway_unregister_endpoint(const Text &id) {
        detail::check(coffer_gateway_unregister_endpoint(handle(), detail::argument_for_c(id, "the endpoint's id")));
    }

    /// Answers a request that reached a server of the host's own, as the built-in server would; the API need not listen.
    /// What is wrong with the request is told in the response. Checking `Host` is the host's part.
    ///
    /// It waits for a polled plug-in that answers: have it poll on another thread. There is no stream of events this way.
    /// @throws Error with COFFER_ERROR_NOT_FOUND when the store has no API, _INVALID_ARGUMENT when it is no request,
    ///         _INVALID_UTF8.
    HttpResponse gateway_handle_request(const HttpRequest &request) {
        const std::string json = request.to_json();
        return detail::read(detail::read_http_response, [&](char **out) {
            return coffer_gateway_handle_request(handle(), json.c_str(), out);
        });
    }

  protected:
    GatewayMembers() noexcept = default;
    ~GatewayMembers() = default;

  private:
    coffer_db handle() const noexcept { return static_cast<const Self *>(this)->handle(); }
};

} // namespace coffer

#endif
