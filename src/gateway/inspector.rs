//! The inspector: a page of a few files, embedded in the library.
//!
//! Holds which files there are. Invariant: a name from a request is only compared with these names.

/// What `/` shows.
pub const INDEX: &str = "index.html";

/// The page runs its own scripts and nobody else's, and asks nobody but the server that it came from.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub struct File {
    name: &'static str,
    pub media_type: &'static str,
    pub text: &'static [u8],
}

macro_rules! files {
    ($media_type:literal: $($name:literal)*) => {
        [$(File { name: $name, media_type: $media_type, text: include_bytes!(concat!("inspector/", $name)) }),*]
    };
}

static PAGES: [File; 1] = files!("text/html; charset=utf-8": "index.html");
static STYLES: [File; 1] = files!("text/css; charset=utf-8": "style.css");
static SCRIPTS: [File; 19] = files!("text/javascript; charset=utf-8":
    "api.js" "charts.js" "dialog.js" "diff.js" "document.js" "documents.js" "dom.js" "editor.js" "events.js" "health.js"
    "json.js" "keys.js" "limits.js" "list.js" "main.js" "snapshots.js" "store.js" "tree.js" "versions.js"
);

fn all() -> impl Iterator<Item = &'static File> {
    PAGES.iter().chain(&STYLES).chain(&SCRIPTS)
}

/// The file of this name.
pub fn find(name: &str) -> Option<&'static File> {
    all().find(|file| file.name == name)
}

impl File {
    /// Tells its text from that of other releases.
    pub fn tag(&self) -> String {
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gateway/inspector");
        let mut there: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        let mut served: Vec<String> = all().map(|file| file.name.to_owned()).collect();
        there.sort();
        served.sort();
        assert_eq!(there, served);
        assert!(find(INDEX).is_some() && find("../mod.rs").is_none() && find("").is_none());
    }

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        let page = std::str::from_utf8(find(INDEX).unwrap().text).unwrap();
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="));
        assert!(!page.contains("://"), "nothing comes from elsewhere");
    }
}
