//! The floors of the house: a file uses the floors below it, never one above. Imports are read as syntax, not as text.

use std::{fs, path::Path};

use syn::{Item, UseTree, visit::Visit};

/// The floor of each room of the tool, and whether rooms of the same floor may use each other.
fn floor(room: &str) -> u8 {
    match room {
        "app" | "main" | "lib" => 7,
        "cli" | "web" => 6,
        "forms" => 5,
        "commands" => 4,
        "apns" | "google" | "mdm" | "pingone" | "store" | "notify" | "portal" | "config" => 3,
        "world" => 2,
        other => panic!("the room {other} has no floor; give it one here and in CONTRIBUTING.md"),
    }
}

/// The rooms of this crate that a file names.
#[derive(Default)]
struct Rooms(Vec<String>);

impl<'ast> Visit<'ast> for Rooms {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if let UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            first_names(&path.tree, &mut self.0);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().take(2).map(|segment| segment.ident.to_string()).collect();
        if let [first, room] = names.as_slice()
            && first == "crate"
        {
            self.0.push(room.clone());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        syn::visit::visit_item(self, item);
    }
}

fn first_names(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => names.push(path.ident.to_string()),
        UseTree::Name(name) => names.push(name.ident.to_string()),
        UseTree::Rename(rename) => names.push(rename.ident.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| first_names(tree, names)),
        UseTree::Glob(_) => {}
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_import_points_upwards() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    files(&source, &mut paths);
    assert!(paths.len() > 30, "the sources were found");
    let mut broken = vec![];
    for path in &paths {
        let within = path.strip_prefix(&source).expect("a path below the sources");
        let first = within.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs");
        let syntax = syn::parse_file(&fs::read_to_string(path).expect("a source")).expect("Rust");
        let mut rooms = Rooms::default();
        rooms.visit_file(&syntax);
        for used in rooms.0.iter().filter(|used| *used != room) {
            if floor(used) >= floor(room) {
                broken.push(format!("{} uses {used}", within.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
