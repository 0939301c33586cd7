// The conformance cases about the API over HTTP, through the C# binding.
//
// It must not test what only C# has (that is Binding.Gateway.cs). Invariant: as in Conformance.cs; what is refused over HTTP
// is an answer here, and no exception.
using System;
using System.Collections.Generic;
using System.Linq;
using Coffer;
using static Test;

internal static partial class Conformance
{
    private const string StatusPath = "/api/database/status", DocumentPath = "/api/database/documents/";

    // A request with the token, unless that is null, and with a pair of name and value for each header.
    private static GatewayResponse Ask(Database db, string token, string method, string target, string body = null,
        params string[] headers)
    {
        var all = new Dictionary<string, string>();
        if (token != null)
        {
            all.Add("authorization", "Bearer " + token);
        }
        for (int i = 0; i < headers.Length; i += 2)
        {
            all.Add(headers[i], headers[i + 1]);
        }
        return db.HandleRequest(new GatewayRequest { Method = method, Target = target, Headers = all, Body = body });
    }

    private static void IsProblem(int status, GatewayResponse response)
    {
        Same(status, response.Status);
        Same("application/problem+json", response.Headers["content-type"]);
        Check(response.Body.Contains("\"status\":" + status) && response.Body.Contains("\"detail\":\""));
    }

    private static void GatewayRegisters(string folder)
    {
        using (var db = new Database(folder))
        using (Database other = OpenAs(folder, "other"))
        {
            DatabaseApi api = db.RegisterDatabaseApi();
            Check(api.Status.Method == "GET" && api.Status.Path == StatusPath && api.Status.PerMinute == 60);
            Check(api.Export.Method == "GET" && api.Export.Path == "/api/database/export" && api.Export.PerMinute == 30);
            Check(api.Address == null && api.Inspector == null && api.Token.Length >= 32);
            Check(api.Endpoints.All(one => one.EndpointId.Length > 0 && one.PerMinute > 0 && one.Address == null));
            Same(api.Endpoints.Count, api.Endpoints.Select(one => one.EndpointId).Distinct().Count());
            foreach (Endpoint one in new[] { api.Status, api.Export })
            {
                Check(one.Address == null);
                Same(one.Path, api.Endpoints.Single(each => each.EndpointId == one.EndpointId).Path);
            }
            Refused(Status.NameTaken, () => db.RegisterDatabaseApi());
            Refused(Status.NameTaken, () => other.RegisterDatabaseApi(new ApiOptions()));
            db.UnregisterDatabaseApi();
            Refused(Status.NotFound, () => db.UnregisterDatabaseApi());

            foreach (var wrong in new Dictionary<string, ApiOptions>
            {
                { "stats", new ApiOptions { Limits = new Dictionary<string, int> { { "stats", 5 } } } },
                { "status", new ApiOptions { Limits = new Dictionary<string, int> { { "status", 0 } } } },
                { "nowhere", new ApiOptions { Listen = "nowhere" } }, { "0.0.0.0:0", new ApiOptions { Listen = "0.0.0.0:0" } },
                { "token", new ApiOptions { Token = "short" } }, { "max_body_bytes", new ApiOptions { MaxBodyBytes = 0 } },
                { "a/b", new ApiOptions { AllowOrigins = new[] { "a/b" } } }
            })
            {
                Check(Refused(Status.InvalidOption, () => db.RegisterDatabaseApi(wrong.Value)).Contains(wrong.Key));
            }
            var options = new ApiOptions
            {
                Limits = new Dictionary<string, int> { { "status", 7 }, { "export", 3 } }, Token = "0123456789abcdef"
            };
            DatabaseApi again = other.RegisterDatabaseApi(options);
            Check(again.Status.PerMinute == 7 && again.Export.PerMinute == 3 && again.Token == "0123456789abcdef");
        }
    }

    private static void GatewayRequests(string folder)
    {
        using (var db = new Database(folder))
        {
            const string json = " { \"level\" : 7.50 }\n";
            string key = DocumentPath + "slot%2F1%20%C3%A9";
            db.SavePersistentData("slot/1 \u00E9", "0");
            db.SavePersistentData("slot/1 \u00E9", json);
            string token = db.RegisterDatabaseApi().Token;

            GatewayResponse refused = Ask(db, null, "GET", StatusPath);
            IsProblem(401, refused);
            Check(refused.Headers["www-authenticate"].StartsWith("Bearer"));
            IsProblem(401, Ask(db, token + "0", "GET", StatusPath));
            GatewayResponse status = Ask(db, token, "GET", StatusPath);
            Check(status.Status == 200 && status.Headers["content-type"] == "application/json");
            Check(status.Body.Contains("\"status\":\"OK\"") && status.Body.Contains("\"documents\":1,") &&
                status.Body.Contains("\"sequence\":2,") && status.Body.Contains("\"" + Database.Version + "\""));

            GatewayResponse document = Ask(db, token, "GET", key);
            Check(document.Status == 200 && document.Body == json && document.Headers["etag"] == "\"2\"");
            Same(json, Ask(db, token, "GET", DocumentPath + "slot/1%20%C3%A9").Body);
            GatewayResponse same = Ask(db, token, "GET", key, null, "if-none-match", "\"2\"");
            Check(same.Status == 304 && same.Body == "" && same.Headers["etag"] == "\"2\"");
            Same(200, Ask(db, token, "GET", key, null, "If-None-Match", "\"1\"").Status);
            GatewayResponse head = Ask(db, token, "HEAD", key);
            Check(head.Status == 200 && head.Body == "");

            IsProblem(404, Ask(db, token, "GET", "/api/database/statuses"));
            IsProblem(404, Ask(db, token, "GET", DocumentPath + "missing"));
            GatewayResponse wrong = Ask(db, token, "POST", StatusPath);
            IsProblem(405, wrong);
            Check(wrong.Headers["allow"].Contains("GET"));
            IsProblem(403, Ask(db, token, "PUT", key, "1"));
            IsProblem(403, Ask(db, token, "DELETE", key));
            IsProblem(400, Ask(db, token, "GET", StatusPath + "?colour=red"));
            Same(json, Load(db, "slot/1 \u00E9"));
            Refused(Status.InvalidArgument, () => Ask(db, token, "GET", "no path"));
            db.UnregisterDatabaseApi();
            Refused(Status.NotFound, () => Ask(db, token, "GET", StatusPath));
        }
    }

    private static void GatewayWrites(string folder)
    {
        using (var db = new Database(folder))
        using (var other = new Database(folder))
        {
            const string slot = DocumentPath + "slot", snapshots = "/api/database/snapshots";
            string token = db.RegisterDatabaseApi(new ApiOptions { AllowWrite = true }).Token;
            GatewayResponse made = Ask(other, token, "PUT", slot, " [1] ", "content-type", "application/json");
            Check(made.Status == 201 && made.Headers["etag"] == "\"1\"");
            Same(" [1] ", Load(other, "slot"));
            IsProblem(412, Ask(db, token, "PUT", slot, "[2]", "if-match", "\"7\""));
            IsProblem(412, Ask(db, token, "PUT", slot, "[2]", "if-none-match", "*"));
            IsProblem(400, Ask(db, token, "PUT", slot, "["));
            IsProblem(401, Ask(db, null, "PUT", slot, "[2]"));
            Check(Load(db, "slot") == " [1] " && db.LoadEntry("slot").Revision == 1);
            GatewayResponse saved = Ask(db, token, "PUT", slot, "[2]", "if-match", "\"1\"");
            Check(saved.Status == 204 && saved.Headers["etag"] == "\"2\"" && Load(other, "slot") == "[2]");

            other.SavePersistentData("slot", "[3]");
            Same("[3]", Ask(db, token, "GET", slot).Body);
            IsProblem(412, Ask(db, token, "DELETE", slot, null, "if-match", "\"2\""));
            GatewayResponse kept = Ask(db, token, "POST", snapshots, "{\"label\":\"before the boss\"}");
            Snapshot snapshot = db.ListSnapshots().Snapshots.Single();
            Check(kept.Status == 201 && kept.Headers["location"] == snapshots + "/" + snapshot.Id);
            Check(snapshot.Label == "before the boss" && kept.Body.Contains("\"" + snapshot.Id + "\""));
            Same(204, Ask(db, token, "DELETE", slot).Status);
            IsProblem(404, Ask(db, token, "DELETE", slot));
            Same(null, Load(other, "slot"));
            GatewayResponse restored = Ask(db, token, "POST", snapshots + "/" + snapshot.Id + "/restore");
            Check(restored.Status == 200 && restored.Body.Contains("\"saved\":1") && Load(db, "slot") == "[3]");
        }
    }

    private static void GatewayLimits(string folder)
    {
        using (var db = new Database(folder))
        {
            var limits = new Dictionary<string, int> { { "status", 2 } };
            string token = db.RegisterDatabaseApi(new ApiOptions { Limits = limits }).Token;
            Same(200, Ask(db, token, "GET", StatusPath).Status);
            Same(200, Ask(db, token, "GET", StatusPath).Status);
            for (int i = 0; i < 3; i++)
            {
                GatewayResponse refused = Ask(db, token, "GET", StatusPath);
                IsProblem(429, refused);
                int seconds = int.Parse(refused.Headers["retry-after"]);
                Check(seconds > 50 && seconds <= 60);
                Same(200, Ask(db, token, "GET", "/api/database/collections").Status);
            }
        }
    }

    private static void GatewayListens(string folder)
    {
        using (var db = new Database(folder))
        {
            db.SavePersistentData("slot", "[1]");
            DatabaseApi api = db.RegisterDatabaseApi(new ApiOptions { Listen = "127.0.0.1:0" });
            Check(api.Address.StartsWith("http://127.0.0.1:") && !api.Address.EndsWith(":0"));
            Same(api.Address + "/#token=" + api.Token, api.Inspector);
            Same(api.Address + StatusPath, api.Status.Address);
            string answer = Fetch(api.Address, "GET", StatusPath, api.Token);
            Check(answer.StartsWith("HTTP/1.1 200 ") && answer.Contains("\"documents\":1,"));
            Check(Fetch(api.Address, "GET", DocumentPath + "slot", api.Token).EndsWith("\r\n\r\n[1]"));
            Check(Fetch(api.Address, "GET", StatusPath, "0").StartsWith("HTTP/1.1 401 "));
            Check(Fetch(api.Address, "GET", "/", "").Contains("<html"));
            Same(200, Ask(db, api.Token, "GET", StatusPath).Status);
            db.UnregisterDatabaseApi();
            Same(null, Fetch(api.Address, "GET", StatusPath, api.Token));
        }
    }

    private static void GatewayEndpoint(string folder)
    {
        using (Database db = OpenAs(folder, "engine"))
        {
            string asked = null;
            MethodHandler answer = (caller, method, json) =>
            {
                asked = json;
                return method == "best" ? "{\"status\":201,\"body\":{\"best\" : 1.50},\"headers\":{\"x-from\":\"plugin\"}}"
                    : throw new InvalidOperationException("no such hero");
            };
            db.RegisterPlugin(Directly("equipment-optimizer", "best", "refuse"), answer);
            var best = new EndpointOptions
            {
                Plugin = "equipment-optimizer", Call = "best", Method = "POST", Path = "/equipment/{slot}/best"
            };
            Refused(Status.NotFound, () => db.RegisterEndpoint(best));
            string token = db.RegisterDatabaseApi().Token;
            Endpoint made = db.RegisterEndpoint(best);
            Check(made.EndpointId.Length > 0 && made.Method == "POST" && made.Path == best.Path && made.Address == null);
            GatewayResponse found = Ask(db, token, "POST", "/equipment/hat%201/best?level=3&x", "{\"a\" : 1.0}", "content-type",
                "application/json");
            Check(found.Status == 201 && found.Body == "{\"best\" : 1.50}" && found.Headers["X-From"] == "plugin");
            Check(asked.Contains("\"parameters\":{\"slot\":\"hat 1\"}") && asked.Contains("\"method\":\"POST\""));
            Check(asked.Contains("\"query\":{\"level\":\"3\",\"x\":\"\"}") && asked.Contains("\"body\":{\"a\" : 1.0}"));
            IsProblem(401, Ask(db, null, "POST", "/equipment/hat/best", "{}"));

            var refuse = new EndpointOptions
            {
                Plugin = "equipment-optimizer", Call = "refuse", Method = "GET", Path = "/equipment", Id = "no", PerMinute = 2
            };
            Check(db.RegisterEndpoint(refuse).EndpointId == "no" && asked.Length > 0);
            GatewayResponse refused = Ask(db, token, "GET", "/equipment");
            IsProblem(502, refused);
            Check(refused.Body.Contains("no such hero") && asked.Contains("\"body\":null"));
            Same(502, Ask(db, token, "GET", "/equipment").Status);
            Same(429, Ask(db, token, "GET", "/equipment").Status);

            Refused(Status.NameTaken, () => db.RegisterEndpoint(best));
            best.Id = "other";
            Refused(Status.NameTaken, () => db.RegisterEndpoint(best));
            // It may come yet; until then requests are refused.
            db.RegisterEndpoint(new EndpointOptions { Plugin = "nobody", Call = "best", Method = "GET", Path = "/nobody" });
            IsProblem(503, Ask(db, token, "GET", "/nobody"));
            best.Path = "/api/database/other";
            Refused(Status.InvalidOption, () => db.RegisterEndpoint(best));
            db.UnregisterEndpoint(made.EndpointId);
            Same(404, Ask(db, token, "POST", "/equipment/hat/best", "{}").Status);
            Refused(Status.NotFound, () => db.UnregisterEndpoint(made.EndpointId));
            Same(429, Ask(db, token, "GET", "/equipment").Status);
        }
    }
}
