//! The library `pushcert-papers`: the types of other crates that its interface shows are these, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Field, Fields, File, ImplItem, Item, Signature, TypePath, UseTree, Visibility,
    visit::{self, Visit},
};

use super::rust_files;

/// What the documented interface shows of other crates. Whoever makes the list longer says why.
const SHOWN: [(&str, &str); 0] = [];

/// Rooms that serve the tool alone: they are hidden in the documentation, and may change with any release.
const HIDDEN: [&str; 11] = [
    "android",
    "apns",
    "console",
    "credential",
    "escape",
    "page",
    "pingid",
    "renewal::guide",
    "watch::alert",
    "watch::due",
    "watch::fleet",
];

/// The names that a file takes from other crates: each with its crate.
fn imports(file: &File, crates: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in &file.items {
        if let Item::Use(import) = item
            && let UseTree::Path(path) = &import.tree
            && crates.contains(&path.ident.to_string())
        {
            names(&path.tree, &path.ident.to_string(), &mut found);
        }
    }
    found
}

fn names(tree: &UseTree, krate: &str, found: &mut BTreeMap<String, String>) {
    match tree {
        UseTree::Path(path) => {
            found.insert(path.ident.to_string(), krate.to_owned());
            names(&path.tree, krate, found);
        }
        UseTree::Name(name) => drop(found.insert(name.ident.to_string(), krate.to_owned())),
        UseTree::Rename(name) => drop(found.insert(name.rename.to_string(), krate.to_owned())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, krate, found)),
        UseTree::Glob(_) => {}
    }
}

/// The types of others in public signatures and fields.
struct Shown<'a> {
    imports: &'a BTreeMap<String, String>,
    crates: &'a BTreeSet<String>,
    place: String,
    found: BTreeSet<(String, String)>,
}

impl<'ast> Visit<'ast> for Shown<'_> {
    fn visit_type_path(&mut self, path: &'ast TypePath) {
        let first = path.path.segments.first().map(|first| first.ident.to_string()).unwrap_or_default();
        let foreign = self.imports.get(&first).or_else(|| self.crates.get(&first));
        if let Some(foreign) = foreign {
            self.found.insert((self.place.clone(), foreign.clone()));
        }
        visit::visit_type_path(self, path);
    }
}

impl Shown<'_> {
    fn signature(&mut self, name: &str, signature: &Signature) {
        self.place = format!("{name}::{}", signature.ident);
        self.visit_signature(signature);
    }

    fn fields(&mut self, name: &str, fields: &Fields, all: bool) {
        for Field { vis, ty, .. } in fields {
            if all || matches!(vis, Visibility::Public(_)) {
                name.clone_into(&mut self.place);
                self.visit_type(ty);
            }
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(function) if public(&function.vis) => self.signature("", &function.sig),
            Item::Struct(one) if public(&one.vis) => self.fields(&one.ident.to_string(), &one.fields, false),
            Item::Enum(one) if public(&one.vis) => {
                one.variants.iter().for_each(|variant| self.fields(&one.ident.to_string(), &variant.fields, true));
            }
            Item::Type(alias) if public(&alias.vis) => {
                self.place = alias.ident.to_string();
                self.visit_type(&alias.ty);
            }
            Item::Impl(block) => self.block(block),
            _ => {}
        }
    }

    fn block(&mut self, block: &syn::ItemImpl) {
        let syn::Type::Path(path) = &*block.self_ty else { return };
        let name = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        // From what others made, or into it. That a trait itself is another's is no matter: serde's are everybody's.
        let of = block.trait_.iter().filter_map(|(_, of, _)| of.segments.last());
        for last in of.filter(|last| !last.arguments.is_none()) {
            self.place = format!("{name}: {}", last.ident);
            self.visit_path_arguments(&last.arguments);
        }
        for item in &block.items {
            match item {
                ImplItem::Fn(function) if public(&function.vis) => self.signature(&name, &function.sig),
                _ => {}
            }
        }
    }
}

const fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The crates that the library depends on.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string("crates/papers/Cargo.toml").expect("a manifest");
    let manifest: toml::Table = toml::from_str(&manifest).expect("TOML");
    manifest["dependencies"].as_table().expect("dependencies").keys().map(|name| name.replace('-', "_")).collect()
}

#[test]
fn the_library_shows_no_types_of_others_but_these() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/papers/src");
    let (mut files, crates, mut found) = (vec![], dependencies(), BTreeSet::new());
    rust_files(&root, &mut files);
    for path in files {
        let within = path.strip_prefix(&root).expect("below it").with_extension("");
        let within = within.display().to_string().replace('/', "::").replace("::mod", "");
        if HIDDEN.iter().any(|room| within == *room || within.starts_with(&format!("{room}::"))) {
            continue;
        }
        let file = syn::parse_file(&fs::read_to_string(&path).expect("a source")).expect("Rust");
        let imports = imports(&file, &crates);
        let mut shown = Shown { imports: &imports, crates: &crates, place: String::new(), found: BTreeSet::new() };
        file.items.iter().for_each(|item| shown.item(item));
        found.extend(shown.found.into_iter().map(|(place, krate)| (format!("{within}::{place}"), krate)));
    }
    let expected: BTreeSet<_> = SHOWN.iter().map(|(place, krate)| ((*place).to_owned(), (*krate).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_serves_the_tool_alone_is_hidden() {
    let root = fs::read_to_string("crates/papers/src/lib.rs").expect("the library's root");
    for room in HIDDEN.into_iter().filter(|room| !room.contains("::")) {
        assert!(root.contains(&format!("#[doc(hidden)]\npub mod {room};")), "{room}");
    }
}
