//! The person's browser, which opens links for them.

/// Opens this address in the browser of the person who sits here. The answer is whether it was opened: over SSH or without
/// a desktop there is none, and one that runs in the terminal would stand in the way.
pub fn open(address: &str) -> bool {
    address.starts_with("https://") && has_desktop() && open::that_detached(address).is_ok()
}

#[cfg(not(any(target_os = "macos", windows)))]
#[expect(clippy::disallowed_methods, reason = "what the desktop says of itself")]
fn has_desktop() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    (set("DISPLAY") || set("WAYLAND_DISPLAY")) && !set("SSH_CONNECTION")
}

#[cfg(any(target_os = "macos", windows))]
#[expect(clippy::disallowed_methods, reason = "what the session says of itself")]
fn has_desktop() -> bool {
    std::env::var_os("SSH_CONNECTION").is_none()
}
