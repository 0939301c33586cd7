//! What each built-in endpoint says of itself in the OpenAPI document.
//!
//! Holds one description per endpoint. Invariant: every endpoint of the table has one, with every parameter that it takes
//! (a test holds the two against each other).

use super::handlers::LARGEST_NUMBER;
use super::handlers::exchange::FORMATS;
use super::health::Health;
use super::openapi::{Described, any, text_of};
use super::schema::{
    Collections, Difference, Documents, Imported, Limits, NewSnapshot, PatchStep, Restored, Selection, Snapshot,
    Snapshots, Status, Versions,
};
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::schema::{ObjectBuilder, Type};

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn number(least: u32) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(LARGEST_NUMBER as f64))
}

fn one_of(words: &[&str]) -> ObjectBuilder {
    string().enum_values(Some(words.iter().copied()))
}

const TIER1: [&str; 3] = ["character_roster", "equipment_sets", "party_configs"];
const COLLECTIONS: [&str; 5] = ["character_roster", "equipment_sets", "party_configs", "save_metadata", "plugin_data"];

fn path(name: &'static str, schema: ObjectBuilder) -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    (ParameterIn::Path, name, schema, true)
}

fn query(name: &'static str, schema: ObjectBuilder) -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    (ParameterIn::Query, name, schema, false)
}

fn needed(name: &'static str, schema: ObjectBuilder) -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    (ParameterIn::Query, name, schema, true)
}

fn header(name: &'static str) -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    (ParameterIn::Header, name, string(), false)
}

fn key() -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    path("key", string().min_length(Some(1)))
}

fn document() -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    path("document", one_of(&TIER1))
}

fn id() -> (ParameterIn, &'static str, ObjectBuilder, bool) {
    path("id", string().min_length(Some(1)))
}

/// The description of the endpoint with this id.
pub fn describe(id_of_endpoint: &str) -> Option<Described> {
    inquiry(id_of_endpoint)
        .or_else(|| of_documents(id_of_endpoint))
        .or_else(|| of_versions(id_of_endpoint))
        .or_else(|| of_snapshots(id_of_endpoint))
        .or_else(|| of_files(id_of_endpoint))
}

fn inquiry(id_of_endpoint: &str) -> Option<Described> {
    Some(match id_of_endpoint {
        "status" => Described::new("How the store is").answers::<Status>(),
        "health" => Described::new("How well the store is, why, and what to do")
            .takes([
                query("full", ObjectBuilder::new().schema_type(Type::Boolean)),
                query("quota", number(1).description(Some("Bytes; until they are reached is told in days"))),
            ])
            .answers::<Health>()
            .problem(501, "This build has no analytics"),
        "limits" => Described::new("How the limits stand").answers::<Limits>(),
        "events" => Described::new("What happens, as it happens: server-sent events")
            .takes([query("since", number(0).description(Some("Begin behind this commit"))), header("Last-Event-ID")])
            .sends(200, "The stream", &["text/event-stream"], string())
            .problem(404, "The journal does not reach back so far")
            .problem(501, "Streams go through the built-in server alone"),
        "openapi" => Described::new("This document").sends(200, "OpenAPI", &["application/json"], any()),
        "inspector" | "inspector_page" => {
            Described::page("The inspector").sends(200, "The page", &["text/html"], string()).unchanged()
        }
        "inspector_file" => Described::page("A file of the inspector")
            .takes([path("file", string())])
            .sends(200, "The file", &["text/css", "text/html", "text/javascript"], string())
            .unchanged()
            .problem(404, "There is no such file"),
        _ => return None,
    })
}

fn of_documents(id_of_endpoint: &str) -> Option<Described> {
    Some(match id_of_endpoint {
        "collections" => Described::new("The collections and their sizes").answers::<Collections>(),
        "documents" => Described::new("The documents of a collection by key, a page at a time")
            .takes([
                path("collection", one_of(&COLLECTIONS)),
                query("prefix", string()),
                query("after", string()),
                query("limit", number(1).maximum(Some(1000))),
            ])
            .answers::<Documents>()
            .problem(404, "There is no such collection"),
        "document" => Described::new("A document as it was saved")
            .takes([key(), header("If-None-Match")])
            .sends(200, "The document", &["application/json"], any())
            .tagged()
            .unchanged()
            .problem(404, "There is no such document")
            .problem(412, "The condition does not hold"),
        "save" => Described::new("Save a document")
            .takes([key(), header("If-Match"), header("If-None-Match")])
            .body(&["application/json"], any(), true)
            .empty(201, "It is new")
            .empty(204, "It replaced an older one")
            .problem(404, "No document can have this key")
            .problem(412, "The condition does not hold"),
        "clear" => Described::new("Clear a document")
            .takes([key(), header("If-Match")])
            .empty(204, "It is gone")
            .problem(404, "There is no such document")
            .problem(409, "Others save it all the time")
            .problem(412, "The condition does not hold"),
        _ => return None,
    })
}

fn of_versions(id_of_endpoint: &str) -> Option<Described> {
    Some(match id_of_endpoint {
        "versions" => Described::new("The versions of a Tier 1 document")
            .takes([document()])
            .answers::<Versions>()
            .problem(404, "There is no such document"),
        "version" => Described::new("One version of a Tier 1 document")
            .takes([document(), path("version", number(1))])
            .sends(200, "The version's text", &["application/json"], any())
            .tagged()
            .unchanged()
            .problem(404, "There is no such version")
            .problem(412, "The condition does not hold"),
        "version_diff" => Described::new("What changed between two versions, as a JSON Patch")
            .takes([document(), needed("from", number(0)), query("to", number(0))])
            .answers::<Vec<PatchStep>>()
            .problem(404, "There is no such version"),
        _ => return None,
    })
}

fn of_snapshots(id_of_endpoint: &str) -> Option<Described> {
    Some(match id_of_endpoint {
        "snapshots" => Described::new("The snapshots").answers::<Snapshots>(),
        "snapshot_create" => Described::new("Make a snapshot of now")
            .reads::<NewSnapshot>()
            .sends(201, "The snapshot", &["application/json"], text_of::<Snapshot>())
            .problem(422, "No snapshot can be called so"),
        "snapshot" => {
            Described::new("One snapshot").takes([id()]).answers::<Snapshot>().problem(404, "There is no such snapshot")
        }
        "snapshot_delete" => Described::new("Delete a snapshot")
            .takes([id()])
            .empty(204, "It is gone")
            .problem(404, "There is no such snapshot"),
        "snapshot_restore" => Described::new("Bring back a snapshot's documents")
            .takes([id()])
            .reads::<Selection>()
            .answers::<Restored>()
            .problem(404, "There is no such snapshot"),
        "snapshot_document" => Described::new("A document as it was in a snapshot")
            .takes([id(), key()])
            .sends(200, "The document", &["application/json"], any())
            .tagged()
            .unchanged()
            .problem(404, "There is no such snapshot or document")
            .problem(412, "The condition does not hold"),
        "snapshot_diff" => Described::new("What differs between two states")
            .takes([
                needed("from", string().min_length(Some(1))),
                query("to", string().description(Some("A snapshot, or now"))),
            ])
            .answers::<Difference>()
            .problem(404, "There is no such snapshot"),
        _ => return None,
    })
}

fn of_files(id_of_endpoint: &str) -> Option<Described> {
    let formats = FORMATS.map(|(name, _)| name);
    Some(match id_of_endpoint {
        "export" => Described::new("Every document in one file")
            .takes([query("format", one_of(&formats)), header("If-None-Match")])
            .sends(200, "The file", &["application/json", "application/xml", "text/csv"], any())
            .sends(206, "A part of the file", &["application/json", "application/xml", "text/csv"], any())
            .tagged()
            .unchanged()
            .problem(412, "The condition does not hold")
            .problem(416, "The file is not so long"),
        "import" => Described::new("Take in the documents of a file")
            .takes([
                query("format", one_of(&formats)),
                query("mode", one_of(&["merge", "replace"])),
                query("on_conflict", one_of(&["overwrite", "skip", "fail"])),
                query("dry_run", ObjectBuilder::new().schema_type(Type::Boolean)),
            ])
            .body(
                &["application/json", "application/octet-stream", "application/xml", "text/csv", "text/xml"],
                any(),
                true,
            )
            .answers::<Imported>()
            .problem(409, "A document is there with another text, and on_conflict is fail")
            .problem(422, "The file cannot be read"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::endpoints::BUILT_IN;
    use super::*;

    #[test]
    fn every_endpoint_is_described_with_all_that_it_takes() {
        for endpoint in &BUILT_IN {
            let described = describe(endpoint.id).unwrap_or_else(|| panic!("{} is not described", endpoint.id));
            let queries = described.names(ParameterIn::Query);
            assert_eq!(queries, endpoint.queries, "{}", endpoint.id);
            for name in described.names(ParameterIn::Path) {
                assert!(endpoint.path.contains(&format!("{{{name}}}")), "{} {name}", endpoint.id);
            }
            let in_path = endpoint.path.matches('{').count();
            assert_eq!(described.names(ParameterIn::Path).len(), in_path, "{}", endpoint.id);
        }
    }
}
