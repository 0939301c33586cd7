// The plain data that the database answers with about the API over HTTP.
//
// It must not hold anything native: these objects outlive the database they came from, on any thread.
// Invariant: immutable once made; only what reads the library's answers sets their members.
using System.Collections.Generic;

namespace Coffer
{
    /// <summary>A method at a path, with a limit of its own.</summary>
    public sealed class Endpoint
    {
        internal Endpoint()
        {
        }

        /// <summary>Its id, as in "status".</summary>
        public string EndpointId { get; internal set; }

        /// <summary>As in "GET".</summary>
        public string Method { get; internal set; }

        /// <summary>Its path, with parameters in braces.</summary>
        public string Path { get; internal set; }

        /// <summary>How many requests it takes in any 60 seconds.</summary>
        public int PerMinute { get; internal set; }

        /// <summary>Where it is, as in "http://127.0.0.1:8321/api/database/status"; null if the built-in server does not
        /// listen.</summary>
        public string Address { get; internal set; }
    }

    /// <summary>What is offered over HTTP, and to whom.</summary>
    public sealed class DatabaseApi
    {
        internal DatabaseApi()
        {
        }

        /// <summary>GET /api/database/status.</summary>
        public Endpoint Status { get; internal set; }

        /// <summary>GET /api/database/export.</summary>
        public Endpoint Export { get; internal set; }

        /// <summary>All, those two included.</summary>
        public IReadOnlyList<Endpoint> Endpoints { get; internal set; }

        /// <summary>The built-in server, as in "http://127.0.0.1:8321"; null if it does not listen.</summary>
        public string Address { get; internal set; }

        /// <summary>What requests have to carry, as in "Authorization: Bearer 0123...". Whoever has it can do what the API
        /// allows.</summary>
        public string Token { get; internal set; }

        /// <summary>The inspector's page, to be opened in a browser; it holds the token. Null if the built-in server does not
        /// listen.</summary>
        public string Inspector { get; internal set; }
    }

    /// <summary>What a request is answered, for the server of a host to send.</summary>
    public sealed class GatewayResponse
    {
        internal GatewayResponse()
        {
        }

        /// <summary>The status of HTTP, as in 200.</summary>
        public int Status { get; internal set; }

        /// <summary>The headers by their names, in any case.</summary>
        public IReadOnlyDictionary<string, string> Headers { get; internal set; }

        /// <summary>The body; empty if there is none.</summary>
        public string Body { get; internal set; }
    }
}
