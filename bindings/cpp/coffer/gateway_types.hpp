// The plain data about the gateway: how to offer the store over HTTP, what is offered then, and requests and responses of a
// host that has an HTTP server of its own; and how each is written for Coffer or read from its answer.
//
// It must not need an open store, nor know HTTP: which header means what is the library's business.
//
// Invariant: what is left at its default is not sent; what an answer leaves out, or says is null, stays empty here; what it
// says and nobody here knows is skipped.
#ifndef COFFER_GATEWAY_TYPES_HPP
#define COFFER_GATEWAY_TYPES_HPP

#include "coffer/reader.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coffer {

/// How to offer the store over HTTP. The defaults are the safe ones: no server, and reading only with a token.
struct ApiOptions {
    /// Where the built-in server listens: "127.0.0.1:0" for any port, "127.0.0.1:8321". Default: nowhere.
    std::optional<std::string> listen;
    /// What requests have to carry: 16 to 1,024 letters, digits and -._~+/=. Default: a random one.
    std::optional<std::string> token;
    bool anonymous_read = false;      ///< Let everybody who reaches it read.
    bool allow_write = false;         ///< Let whoever has the token change the store, unless the Database is read-only.
    std::map<std::string, std::uint32_t> limits;  ///< Requests a minute by endpoint: `{{"status", 60}, {"export", 30}}`.
    std::optional<std::uint64_t> max_body_bytes;  ///< Default: 67,108,864.
    bool allow_remote = false;                    ///< Let it listen where other machines reach it; nothing is encrypted.
    std::vector<std::string> allow_origins;       ///< Of pages of others that may ask: "http://localhost:5173".

    /// The options as a JSON object, for coffer_register_database_api.
    std::string to_json() const {
        detail::ObjectText out;
        add_text(out, "listen", listen);
        add_text(out, "token", token);
        add_flag(out, "anonymous_read", anonymous_read);
        add_flag(out, "allow_write", allow_write);
        if (!limits.empty()) {
            detail::ObjectText all;
            for (const auto &[endpoint, per_minute] : limits) {
                all.number(endpoint, per_minute);
            }
            out.object("limits", all);
        }
        if (max_body_bytes) {
            out.number("max_body_bytes", *max_body_bytes);
        }
        add_flag(out, "allow_remote", allow_remote);
        if (!allow_origins.empty()) {
            out.texts("allow_origins", allow_origins);
        }
        return out.json();
    }

  private:
    static void add_text(detail::ObjectText &out, const char *name, const std::optional<std::string> &value) {
        if (value) {
            out.text(name, *value);
        }
    }

    static void add_flag(detail::ObjectText &out, const char *name, bool value) {
        if (value) {
            out.flag(name, true);
        }
    }
};

/// What is offered at a path.
struct Endpoint {
    std::string endpoint_id;
    std::string method;
    std::string path;                   ///< With its parameters in braces: "/equipment/{slot}/best".
    std::uint64_t per_minute = 0;       ///< How many requests it takes in any minute.
    std::optional<std::string> address; ///< "http://127.0.0.1:8321/api/database/status"; none without a server.
};

/// What offering the store came to.
struct RegisteredApi {
    std::vector<Endpoint> endpoints;
    std::optional<std::string> address;   ///< Of the server: "http://127.0.0.1:8321"; none without one.
    std::string token;                    ///< For requests: `Authorization: Bearer <token>`. Keep it secret.
    std::optional<std::string> inspector; ///< The inspector's address, with the token: for a browser; none without a server.
    Endpoint status_endpoint;             ///< GET /api/database/status, one of the endpoints.
    Endpoint export_endpoint;             ///< GET /api/database/export, the same.
};

/// An endpoint that a plug-in offers:
/// `EndpointWish{"equipment-optimizer", "best", "POST", "/equipment/{slot}/best"}`.
struct EndpointWish {
    std::string plugin;                            ///< Its registered name.
    std::string call;                              ///< Its method that answers.
    std::string method;                            ///< "GET", "POST", "PUT", "PATCH" or "DELETE".
    std::string path;                              ///< Apart from the store's own, with parameters in braces.
    std::optional<std::uint32_t> per_minute{};     ///< How many requests in any minute. Default: 6,000, of writes 600.
    std::optional<std::string> id{};               ///< Default: "<plugin>.<call>".
    bool write = false;                            ///< It changes something: only with ApiOptions::allow_write.

    /// The wish as a JSON object, for coffer_gateway_register_endpoint.
    std::string to_json() const {
        detail::ObjectText out;
        out.text("plugin", plugin).text("call", call).text("method", method).text("path", path);
        if (per_minute) {
            out.number("per_minute", *per_minute);
        }
        if (id) {
            out.text("id", *id);
        }
        if (write) {
            out.flag("write", true);
        }
        return out.json();
    }
};

/// A request that reached a server of the host's own:
/// `HttpRequest{"GET", "/api/database/status", {{"authorization", "Bearer …"}}}`.
struct HttpRequest {
    std::string method;
    std::string target; ///< Path and query as they came: "/api/database/health?full=true".
    std::map<std::string, std::string> headers{}; ///< By name, in upper or lower case.
    std::string body{};                           ///< UTF-8.

    /// The request as a JSON object, for coffer_gateway_handle_request.
    std::string to_json() const {
        detail::ObjectText all;
        for (const auto &[name, value] : headers) {
            all.text(name, value);
        }
        detail::ObjectText out;
        out.text("method", method).text("target", target).object("headers", all);
        if (!body.empty()) {
            out.text("body", body);
        }
        return out.json();
    }
};

/// What to answer to it. The host's server adds what belongs to the connection, such as Content-Length.
struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string> headers; ///< By name, in lower case.
    std::string body;
};

namespace detail {

inline Endpoint read_endpoint(Reader &reader) {
    Endpoint one;
    const auto address = [&] { return reader.string(); };
    read_object(reader, [&](const Field &field) {
        return field.text("endpoint_id", one.endpoint_id) || field.text("method", one.method) ||
               field.text("path", one.path) || field.number("per_minute", one.per_minute) ||
               field.unless_null("address", one.address, address);
    });
    return one;
}

inline RegisteredApi read_registered_api(Reader &reader) {
    RegisteredApi one;
    const auto text = [&] { return reader.string(); };
    const auto endpoint = [&] { one.endpoints.push_back(read_endpoint(reader)); };
    const auto own = [&](const Field &field, const char *name, Endpoint &target) {
        return field.take(name, [&] { target = reader.null() ? Endpoint() : read_endpoint(reader); });
    };
    read_object(reader, [&](const Field &field) {
        return field.take("endpoints", [&] { reader.array(endpoint); }) ||
               field.unless_null("address", one.address, text) || field.text("token", one.token) ||
               field.unless_null("inspector", one.inspector, text) || own(field, "status", one.status_endpoint) ||
               own(field, "export", one.export_endpoint);
    });
    return one;
}

inline HttpResponse read_http_response(Reader &reader) {
    HttpResponse one;
    const auto header = [&](const std::string &name) { one.headers[name] = reader.string(); };
    read_object(reader, [&](const Field &field) {
        return field.take("status", [&] { one.status = static_cast<int>(reader.count()); }) ||
               field.take("headers", [&] { reader.object(header); }) || field.text("body", one.body);
    });
    return one;
}

} // namespace detail
} // namespace coffer

#endif
