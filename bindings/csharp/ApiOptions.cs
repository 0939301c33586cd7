// How a store is offered over HTTP, and which endpoints plug-ins add.
//
// It must not know defaults, nor which endpoints there are: what is not set is not sent. Invariant: ToJson gives a JSON
// object whatever the texts hold.
using System;
using System.Collections.Generic;
using System.Globalization;

namespace Coffer
{
    /// <summary>How to offer a store over HTTP; what is left alone keeps Coffer's default, which is that only who has the
    /// token may read, and nobody may write. An object of this class is read during the call and not kept.</summary>
    public sealed class ApiOptions
    {
        /// <summary>Where the built-in server listens, as in "127.0.0.1:0", 0 for any free port. Default: null, nowhere;
        /// <see cref="Database.HandleRequest"/> answers then.</summary>
        public string Listen { get; set; }

        /// <summary>What requests have to carry: 16 to 1,024 letters, digits and -._~+/=. Default: null, a random
        /// one.</summary>
        public string Token { get; set; }

        /// <summary>Let everybody read who reaches the server.</summary>
        public bool AnonymousRead { get; set; }

        /// <summary>Let who has the token save, clear, restore and import; not if the database is open to read
        /// only.</summary>
        public bool AllowWrite { get; set; }

        /// <summary>How many requests a minute endpoints take, 1 to 1,000,000, by their ids, as in "status"; what is not
        /// named keeps its own. Endpoints of plug-ins have <see cref="EndpointOptions.PerMinute"/>.</summary>
        public IEnumerable<KeyValuePair<string, int>> Limits { get; set; }

        /// <summary>How many bytes the body of a request may have, 1 to 1,073,741,824. Default: 67,108,864.</summary>
        public long? MaxBodyBytes { get; set; }

        /// <summary>Let <see cref="Listen"/> name an address that other machines reach. What is sent is not
        /// encrypted.</summary>
        public bool AllowRemote { get; set; }

        /// <summary>Pages of other sites that may ask, as in "http://localhost:5173"; null for none.</summary>
        public IEnumerable<string> AllowOrigins { get; set; }

        /// <summary>The options as a JSON object, as the C ABI takes them.</summary>
        /// <exception cref="ArgumentException">An id or an origin is null.</exception>
        public string ToJson()
        {
            return new JsonWriter()
                .Text("listen", Listen)
                .Text("token", Token)
                .Mark("anonymous_read", AnonymousRead)
                .Mark("allow_write", AllowWrite)
                .Members("limits", Limits, nameof(Limits),
                    (json, limit) => json.Append(limit.ToString(CultureInfo.InvariantCulture)))
                .Number("max_body_bytes", MaxBodyBytes)
                .Mark("allow_remote", AllowRemote)
                .Texts("allow_origins", AllowOrigins, nameof(AllowOrigins))
                .End();
        }
    }

    /// <summary>An endpoint that a plug-in answers; plug-in, call, method and path are needed, what is null is left out.
    /// An object of this class is read during the call and not kept.</summary>
    public sealed class EndpointOptions
    {
        /// <summary>The plug-in's name; it need not be registered yet.</summary>
        public string Plugin { get; set; }

        /// <summary>The method of the plug-in that answers. It is called with {"id", "method", "path", "parameters", "query",
        /// "content_type", "body"} and answers {"status", "body", "headers"}, each of which may be left out; without a body
        /// the status is 204.</summary>
        public string Call { get; set; }

        /// <summary>GET, POST, PUT, PATCH or DELETE.</summary>
        public string Method { get; set; }

        /// <summary>Where it is, with parameters in braces, as in "/equipment/{slot}/best"; not below /api/database,
        /// /api/openapi and /inspector, which are the library's own.</summary>
        public string Path { get; set; }

        /// <summary>How many requests a minute it takes. Default: 6,000, or 600 if it writes.</summary>
        public int? PerMinute { get; set; }

        /// <summary>What it is called. Default: the plug-in and the call with a dot between.</summary>
        public string Id { get; set; }

        /// <summary>It changes something: it needs the token, and <see cref="ApiOptions.AllowWrite"/>.</summary>
        public bool Write { get; set; }

        /// <summary>The endpoint as a JSON object, as the C ABI takes it.</summary>
        public string ToJson()
        {
            return new JsonWriter()
                .Text("plugin", Plugin)
                .Text("call", Call)
                .Text("method", Method)
                .Text("path", Path)
                .Number("per_minute", PerMinute)
                .Text("id", Id)
                .Mark("write", Write)
                .End();
        }
    }

    /// <summary>A request as the server of a host received it; method and target are needed. An object of this class is
    /// read during the call and not kept.</summary>
    public sealed class GatewayRequest
    {
        /// <summary>As in "GET".</summary>
        public string Method { get; set; }

        /// <summary>Path and query, as in "/api/database/status?x=1".</summary>
        public string Target { get; set; }

        /// <summary>The headers, each name once, in any case; null for none. "authorization" carries the token, as in "Bearer
        /// 0123...".</summary>
        public IEnumerable<KeyValuePair<string, string>> Headers { get; set; }

        /// <summary>The body; null for none.</summary>
        public string Body { get; set; }

        /// <summary>The request as a JSON object, as the C ABI takes it.</summary>
        /// <exception cref="ArgumentException">A header's name or value is null.</exception>
        public string ToJson()
        {
            return new JsonWriter()
                .Text("method", Method)
                .Text("target", Target)
                .Members("headers", Headers, nameof(Headers), JsonReader.AppendQuoted)
                .Text("body", Body)
                .End();
        }
    }
}
