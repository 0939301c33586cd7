//! A store with a bit of everything in it and an API that allows everything, for programs that try HTTP on it.
//!
//!     serve FOLDER [OPTIONS]
//!
//! FOLDER is made anew. OPTIONS are those of `coffer_register_database_api`, over the ones below. It prints what registering
//! gave, in one line, and serves until its input ends.

use coffer::database::{Database, PluginWish, SubscriptionOptions};
use coffer::document::Collection;
use coffer::hub::{Call, Callee};
use coffer::options::Requested;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Tells the caller what it asked.
struct Echo;

impl Callee for Echo {
    fn call(&self, call: &Arc<Call>) {
        let asked: Value = serde_json::from_str(&call.json).unwrap_or_default();
        let _ = call.answer(&json!({ "body": { "asked": asked } }).to_string());
    }
}

fn fill(database: &Database) -> coffer::error::Result<()> {
    for version in 1..=3 {
        database
            .save_newest(Collection::CharacterRoster, &json!({ "heroes": ["Ash"], "version": version }).to_string())?;
        database.save_newest(Collection::PartyConfigs, &json!([version, "party"]).to_string())?;
    }
    database.save_newest(Collection::EquipmentSets, r#"{"hat":1}"#)?;
    for number in 0..30 {
        database.save(&format!("slot/{number:02}"), &json!({ "hp": number }).to_string(), None, None)?;
    }
    database.create_snapshot(Some("first"))?;
    database.save("slot/00", "{\"hp\":100}", None, None)?;
    Ok(())
}

fn options(given: Option<String>) -> String {
    let usual = json!({
        "listen": "127.0.0.1:0",
        "token": "0123456789abcdef0123456789abcdef",
        "allow_write": true,
        "limits": { "status": 1_000_000, "export": 1_000_000, "health": 1_000_000, "import": 1_000_000,
                    "snapshot_restore": 1_000_000, "events": 1_000_000, "save": 1_000_000, "clear": 1_000_000,
                    "snapshot_create": 1_000_000, "snapshot_delete": 1_000_000, "document": 1_000_000,
                    "documents": 1_000_000, "version": 1_000_000, "version_diff": 1_000_000, "snapshot": 1_000_000,
                    "snapshot_document": 1_000_000, "snapshot_diff": 1_000_000, "inspector_file": 1_000_000,
                    "limits": 1_000_000, "openapi": 1_000_000, "collections": 1_000_000, "versions": 1_000_000,
                    "snapshots": 1_000_000, "inspector": 1_000_000, "inspector_page": 1_000_000 },
    });
    let mut all: Map<String, Value> = usual.as_object().cloned().unwrap_or_default();
    let given: Map<String, Value> = given.and_then(|given| serde_json::from_str(&given).ok()).unwrap_or_default();
    all.extend(given);
    Value::Object(all).to_string()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("serve FOLDER [OPTIONS]")?;
    let _ = std::fs::remove_dir_all(&folder);
    let database = Database::open(Path::new(&folder), &Requested::parse(Some(r#"{"plugin":"serve"}"#))?)?;
    fill(&database)?;
    let wish = r#"{"name":"echo","version":"1.0.0","exports":["echo"],"direct":true}"#;
    database.register_plugin(PluginWish::parse(wish)?, Some(Arc::new(Echo)))?;
    let registered = database.register_api(Some(&options(arguments.next())))?;
    let endpoint = r#"{"plugin":"echo","call":"echo","method":"POST","path":"/echo/{name}","per_minute":1000000}"#;
    database.register_endpoint(endpoint)?;
    // Its events make the stream one that has something to say.
    let _heard = database.subscribe("*", &SubscriptionOptions::default(), None)?;
    println!("{registered}");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    database.close()?;
    Ok(())
}
