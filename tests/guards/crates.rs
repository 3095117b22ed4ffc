//! Arrows between crates that may not be drawn, as Cargo sees them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{none, root};

/// Crates that draw on a screen.
const SCREENS: &[&str] = &[
    "tidegate-gui",
    "tidegate-tui",
    "egui",
    "eframe",
    "epaint",
    "emath",
    "winit",
    "wgpu",
    "glow",
    "glutin",
    "ratatui",
    "ratatui-core",
    "crossterm",
    "termion",
    "termwiz",
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|why| panic!("cargo {arguments:?}: {why}"));
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Names of all crates that a member of the workspace is built with, at any depth.
fn built_with(member: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--locked",
        "--package",
        member,
        "--all-features",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    names_of_tree(&tree)
}

fn names_of_tree(tree: &str) -> BTreeSet<String> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_string).collect()
}

/// What members name in their manifests, without what only tests need: (member, crate).
fn named_in_manifests() -> Vec<(String, String)> {
    let metadata = cargo(&["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    named_in(&serde_json::from_str(&metadata).unwrap_or_default())
}

fn named_in(metadata: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let members = metadata["packages"].as_array().into_iter().flatten();
    members
        .flat_map(|member| {
            let named = member["dependencies"].as_array().into_iter().flatten();
            named.filter(|named| named["kind"] != "dev").map(|named| (text(&member["name"]), text(&named["name"])))
        })
        .collect()
}

/// Arrows that may not be drawn between a member and what its manifest names.
fn forbidden(member: &str, named: &str) -> bool {
    let is_screen = |name: &str| ["tidegate-tui", "tidegate-gui"].contains(&name);
    match (member, named) {
        (_, "tidegate-broker") => member != "tidegate" && !member.starts_with("tidegate-bench"),
        (member, named) if is_screen(member) => {
            is_screen(named) || named.starts_with("rdkafka") || named.starts_with("arrow") || named == "sqlparser"
        }
        _ => false,
    }
}

#[test]
fn the_core_is_built_without_a_screen() {
    let names = built_with("tidegate-core");
    assert!(names.contains("arrow-array") && names.contains("rdkafka-sys"), "the tree is not read rightly: {names:?}");
    none("the core sees a screen", names.into_iter().filter(|name| SCREENS.contains(&name.as_str())).collect());
}

#[test]
fn manifests_name_nothing_forbidden() {
    let named = named_in_manifests();
    assert!(
        named.contains(&("tidegate".into(), "tidegate-broker".into())),
        "manifests are not read rightly: {named:?}"
    );
    let found = named.iter().filter(|(member, named)| forbidden(member, named));
    none(
        "a manifest names what its crate may not see",
        found.map(|(member, named)| format!("{member} → {named}")).collect(),
    );
}

#[test]
fn trees_and_manifests_are_read_rightly() {
    let tree = "tidegate-core v0.1.0 (/somewhere)\narrow-array v60.1.0\negui v0.35.0 (*)\n\n";
    assert_eq!(
        names_of_tree(tree).iter().map(String::as_str).collect::<Vec<_>>(),
        ["arrow-array", "egui", "tidegate-core"]
    );
    let metadata = serde_json::json!({ "packages": [{ "name": "tidegate-tui", "dependencies": [
        { "name": "tidegate-gui", "kind": null }, { "name": "arrow-array", "kind": "build" }, { "name": "rdkafka", "kind": "dev" },
        { "name": "tidegate-core", "kind": null },
    ] }] });
    let named = named_in(&metadata);
    let found: Vec<&str> = named.iter().filter(|(m, n)| forbidden(m, n)).map(|(_, named)| named.as_str()).collect();
    assert_eq!(found, ["tidegate-gui", "arrow-array"]);
    for (member, named, is_forbidden) in [
        ("tidegate-core", "tidegate-broker", true),
        ("tidegate", "tidegate-broker", false),
        ("tidegate-gui", "tidegate-tui", true),
        ("tidegate-gui", "rdkafka-sys", true),
        ("tidegate-gui", "egui", false),
    ] {
        assert_eq!(forbidden(member, named), is_forbidden, "{member} → {named}");
    }
}
