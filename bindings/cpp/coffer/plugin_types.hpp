// The plain data about plug-ins: what one says of itself, how others see it, a call as its callee sees it, how a host
// supplies its hub, and which modules are there; and how each is written for Coffer or read from its answer.
//
// It must not need an open store, nor take arguments and answers apart: they are JSON for the program's own library.
//
// Invariant: everything here owns its texts, so that it outlives the call that it came from.
#ifndef COFFER_PLUGIN_TYPES_HPP
#define COFFER_PLUGIN_TYPES_HPP

#include "coffer/reader.hpp"
#include "coffer/support.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer {

/// What a plug-in says of itself: `PluginWish{"equipment-optimizer", "1.2.0", {"optimize"}, {{"roster-editor", "^1.0"}}}`.
/// Names of plug-ins and methods have 1 to 256 bytes of UTF-8 without control characters.
struct PluginWish {
    std::string name;
    std::string version{};              ///< As semver.org has it: "1.2.0".
    std::vector<std::string> exports{}; ///< The methods that others can call.
    /// Other plug-ins, and which versions will do, "*" for any. They are told, not enforced.
    std::map<std::string, std::string> dependencies{};
    bool direct = false; ///< Call on the calling thread at once, by several at a time, instead of from poll().

    /// The wish as a JSON object, for coffer_hub_register_plugin.
    std::string to_json() const {
        std::string out = "{\"name\":";
        detail::append_quoted(out, name);
        out += ",\"version\":";
        detail::append_quoted(out, version);
        out += ",\"exports\":[";
        for (const std::string &method : exports) {
            out += &method == exports.data() ? "" : ",";
            detail::append_quoted(out, method);
        }
        out += "],\"dependencies\":{";
        const char *before = "";
        for (const auto &[other, requirement] : dependencies) {
            out += before;
            detail::append_quoted(out, other);
            out += ':';
            detail::append_quoted(out, requirement);
            before = ",";
        }
        return out + (direct ? "},\"direct\":true}" : "},\"direct\":false}");
    }
};

/// A plug-in that another one needs, as it stands.
struct Dependency {
    std::string name;
    std::string requirement;          ///< Which versions will do.
    std::optional<std::string> found; ///< The version that is there.
    bool satisfied = false;           ///< Whether that one will do.
};

/// A plug-in as others see it.
struct PluginInfo {
    std::string name;
    std::string version;
    std::string holder; ///< Options::plugin of whoever registered it.
    std::vector<Dependency> dependencies;
    std::vector<std::string> exports;
    bool direct = false;
};

/// A call of a method as the one who is called sees it.
struct MethodCall {
    std::string plugin; ///< Whose method is called; empty for the host's hub.
    std::string method;
    std::string caller; ///< Options::plugin of whoever calls.
    std::string json;   ///< The argument.

    /// The argument through Json<T>.
    template <class T>
    T json_as() const {
        return Json<T>::from_text(std::string_view(json));
    }
};

/// How a host supplies its hub.
struct HostOptions {
    std::optional<std::string> version; ///< What load_phase11() says, as semver.org has it. Default: "0.0.0".
    bool changes = false;               ///< Be handed each commit too; nobody waits for what it answers to these.
    bool data = false;                  ///< Commits carry the saved documents as "data".

    /// The options as a JSON object, for coffer_hub_supply.
    std::string to_json() const {
        std::string out = changes ? "{\"changes\":true" : "{\"changes\":false";
        out += data ? ",\"data\":true" : ",\"data\":false";
        if (version) {
            out += ",\"version\":";
            detail::append_quoted(out, *version);
        }
        return out + "}";
    }
};

/// One of the modules that the documented layer knows.
struct Module {
    bool present = false;
    std::optional<std::string> version; ///< None where nothing is there.
    std::string origin;                 ///< "built_in", "left_out" of this build, or "host" if the host supplied it.
};

/// What there is of the modules that the documented layer knows.
struct Phase11 {
    Module integration_hub;
    Module backup_restore;
    Module analytics;
    Module import_export;
    Module api_gateway;
};

namespace detail {

inline std::optional<std::string> read_text_or_null(Reader &reader) {
    return reader.null() ? std::nullopt : std::optional<std::string>(reader.string());
}

inline Dependency read_dependency(Reader &reader) {
    Dependency one;
    read_object(reader, [&](const Field &field) {
        return field.text("name", one.name) || field.text("requires", one.requirement) ||
               field.take("found", [&] { one.found = read_text_or_null(reader); }) ||
               field.flag("satisfied", one.satisfied);
    });
    return one;
}

inline PluginInfo read_plugin(Reader &reader) {
    PluginInfo one;
    const auto dependency = [&] { one.dependencies.push_back(read_dependency(reader)); };
    const auto method = [&] { one.exports.push_back(reader.string()); };
    read_object(reader, [&](const Field &field) {
        return field.text("name", one.name) || field.text("version", one.version) || field.text("holder", one.holder) ||
               field.take("dependencies", [&] { reader.array(dependency); }) ||
               field.take("exports", [&] { reader.array(method); }) || field.flag("direct", one.direct);
    });
    return one;
}

inline std::vector<PluginInfo> read_plugins(Reader &reader) {
    std::vector<PluginInfo> all;
    reader.array([&] { all.push_back(read_plugin(reader)); });
    return all;
}

inline void read_method_call(Reader &reader, MethodCall &one) {
    read_object(reader, [&](const Field &field) {
        return field.text("plugin", one.plugin) || field.text("method", one.method) || field.text("caller", one.caller) ||
               field.raw("argument", one.json);
    });
}

inline Module read_module(Reader &reader) {
    Module one;
    read_object(reader, [&](const Field &field) {
        return field.flag("present", one.present) ||
               field.take("version", [&] { one.version = read_text_or_null(reader); }) || field.text("origin", one.origin);
    });
    return one;
}

inline Phase11 read_phase11(Reader &reader) {
    Phase11 all;
    const auto module_of = [&](const Field &field, const char *name, Module &target) {
        return field.take(name, [&] { target = read_module(reader); });
    };
    read_object(reader, [&](const Field &field) {
        return module_of(field, "integration_hub", all.integration_hub) ||
               module_of(field, "backup_restore", all.backup_restore) || module_of(field, "analytics", all.analytics) ||
               module_of(field, "import_export", all.import_export) || module_of(field, "api_gateway", all.api_gateway);
    });
    return all;
}

} // namespace detail
} // namespace coffer

#endif
