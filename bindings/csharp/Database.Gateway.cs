// Coffer.Database: the store over HTTP. Registering the API, endpoints of plug-ins, and requests that a host's own server
// received.
//
// It must not open a socket: the library's server does. Invariant: as in Database.Documents.cs, every native call is
// followed by Take or Check; members of answers that are not known yet are skipped.
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;

namespace Coffer
{
    public sealed unsafe partial class Database
    {
        /// <summary>Offers the store over HTTP to whoever has the token. With <see cref="ApiOptions.Listen"/> the built-in
        /// server answers, on a few threads of its own; otherwise what is handed to <see cref="HandleRequest"/> is answered. A
        /// store has one API, whichever database registered it; it lasts until <see cref="UnregisterDatabaseApi"/>, or until
        /// this database is closed or forgotten.</summary>
        /// <param name="options">How; null for the defaults.</param>
        /// <returns>The endpoints, and where they are.</returns>
        /// <exception cref="CofferException">NameTaken if the store has an API already, InvalidOption, Io if the port is in
        /// use, ModuleAbsent.</exception>
        public DatabaseApi RegisterDatabaseApi(ApiOptions options = null)
        {
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var optionsText = Utf8.Argument(options?.ToJson() ?? "{}", nameof(options), room))
            {
                return ApiOf(Take(Native.coffer_register_database_api(Db, optionsText.Pointer, &text), text));
            }
        }

        /// <summary>Ends the API that was registered through this database. When this returns, nobody listens, streams have
        /// ended, and what was under way has been answered.</summary>
        /// <exception cref="CofferException">NotFound if there is none, NameTaken if another database registered it,
        /// InvalidArgument on a thread that is answering a request of it, as the handler of a direct plug-in is;
        /// ModuleAbsent.</exception>
        public void UnregisterDatabaseApi()
        {
            Check(Native.coffer_unregister_database_api(Db));
        }

        /// <summary>Adds an endpoint that a plug-in answers. It lasts until <see cref="UnregisterEndpoint"/>, or until the API
        /// or this database ends. The handler of a direct plug-in is called on a thread of the server; what a handler throws
        /// becomes the status 502, no answer within a second 504, a plug-in that is not there, or not yet, 503.</summary>
        /// <param name="endpoint">What it is.</param>
        /// <returns>The endpoint.</returns>
        /// <exception cref="CofferException">NameTaken for an id or a path that is taken, InvalidOption, InvalidArgument if the
        /// path cannot stand beside another, NotFound if the store has no API, ModuleAbsent.</exception>
        public Endpoint RegisterEndpoint(EndpointOptions endpoint)
        {
            if (endpoint == null)
            {
                throw new ArgumentNullException(nameof(endpoint));
            }
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var endpointText = Utf8.Argument(endpoint.ToJson(), nameof(endpoint), room))
            {
                string json = Take(Native.coffer_gateway_register_endpoint(Db, endpointText.Pointer, &text), text);
                var reader = new JsonReader(json);
                Endpoint made = ReadEndpoint(reader);
                reader.End();
                return made;
            }
        }

        /// <summary>Removes an endpoint that was registered through this database.</summary>
        /// <param name="id">Its <see cref="Endpoint.EndpointId"/>.</param>
        /// <exception cref="CofferException">NotFound; the message names the nearest.</exception>
        public void UnregisterEndpoint(string id)
        {
            byte* room = stackalloc byte[Utf8.Room];
            using (var idText = Utf8.Argument(id, nameof(id), room))
            {
                Check(Native.coffer_gateway_unregister_endpoint(Db, idText.Pointer));
            }
        }

        /// <summary>Answers a request that a host's own server received, as the built-in server would; only the stream of
        /// events is not to be had so. Which host a request names is for that server to check.</summary>
        /// <param name="request">The request.</param>
        /// <returns>What to send; what is refused is an answer too.</returns>
        /// <exception cref="CofferException">InvalidOption and InvalidArgument for what is no request of HTTP, NotFound if the
        /// store has no API, ModuleAbsent.</exception>
        public GatewayResponse HandleRequest(GatewayRequest request)
        {
            if (request == null)
            {
                throw new ArgumentNullException(nameof(request));
            }
            byte* room = stackalloc byte[Utf8.Room];
            byte* text = null;
            using (var requestText = Utf8.Argument(request.ToJson(), nameof(request), room))
            {
                return ResponseOf(Take(Native.coffer_gateway_handle_request(Db, requestText.Pointer, &text), text));
            }
        }

        private static DatabaseApi ApiOf(string json)
        {
            var api = new DatabaseApi();
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "status": api.Status = ReadEndpoint(reader); break;
                    case "export": api.Export = ReadEndpoint(reader); break;
                    case "endpoints": api.Endpoints = ReadList(reader, ReadEndpoint); break;
                    case "address": api.Address = ReadTextOrNull(reader); break;
                    case "token": api.Token = reader.String(); break;
                    case "inspector": api.Inspector = ReadTextOrNull(reader); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            return api;
        }

        private static Endpoint ReadEndpoint(JsonReader reader)
        {
            var endpoint = new Endpoint();
            reader.Object(member =>
            {
                switch (member)
                {
                    case "endpoint_id": endpoint.EndpointId = reader.String(); break;
                    case "method": endpoint.Method = reader.String(); break;
                    case "path": endpoint.Path = reader.String(); break;
                    case "per_minute": endpoint.PerMinute = (int)reader.Integer(); break;
                    case "address": endpoint.Address = ReadTextOrNull(reader); break;
                    default: reader.Skip(); break;
                }
            });
            return endpoint;
        }

        private static GatewayResponse ResponseOf(string json)
        {
            var response = new GatewayResponse { Body = "" };
            // Names of headers are the same in any case.
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            var reader = new JsonReader(json);
            reader.Object(member =>
            {
                switch (member)
                {
                    case "status": response.Status = (int)reader.Integer(); break;
                    case "headers": reader.Object(name => headers[name] = reader.String()); break;
                    case "body": response.Body = reader.String(); break;
                    default: reader.Skip(); break;
                }
            });
            reader.End();
            response.Headers = new ReadOnlyDictionary<string, string>(headers);
            return response;
        }

        private static string ReadTextOrNull(JsonReader reader)
        {
            return reader.TakeNull() ? null : reader.String();
        }
    }
}
