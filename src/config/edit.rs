//! A line of a tenant in a configuration, changed as a person would: the rest of the file stays as it is.

use pushcert_papers::TenantName;

/// The key of a console profile.
const KEY: &str = "console";

/// The text with this line as the tenant's console profile, or without one. `None` where the tenant does not stand
/// there as a table of its own, or where its profile is spread over several lines: then a person must do it.
pub fn with_console(text: &str, tenant: &TenantName, line: Option<&str>) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let headings = [format!("[tenants.{tenant}]"), format!("[tenants.\"{tenant}\"]")];
    let is_heading = |line: &&str| headings.iter().any(|heading| without_comment(line) == *heading);
    let begin = lines.iter().position(is_heading)? + 1;
    let end =
        lines[begin..].iter().position(|line| line.trim_start().starts_with('[')).map_or(lines.len(), |at| begin + at);
    let old = lines[begin..end].iter().position(|line| is_console(line)).map(|at| begin + at);
    match (old, line) {
        (Some(at), _) if !lines[at].trim_end().ends_with('}') => return None,
        (Some(at), Some(line)) => lines[at] = line,
        (Some(at), None) => drop(lines.remove(at)),
        (None, Some(line)) => {
            let last = lines[begin..end]
                .iter()
                .rposition(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            lines.insert(last.map_or(begin, |last| begin + last + 1), line);
        }
        (None, None) => {}
    }
    Some(lines.join("\n") + "\n")
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

fn is_console(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix(KEY);
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\n[tenants.acme]  # the big one\nmdm = \"manual\"\n# console = none\n\n[tenants.globex]\nmdm = \"manual\"\nconsole = { a }\ntags = []\n[[channels]]\n";

    fn tenant(name: &str) -> TenantName {
        TenantName::parse(name).expect("a name")
    }

    #[test]
    fn only_the_one_line_changes() {
        let added = with_console(TEXT, &tenant("acme"), Some("console = { b }")).expect("changed");
        assert_eq!(added, TEXT.replacen("mdm = \"manual\"\n", "mdm = \"manual\"\nconsole = { b }\n", 1));
        let replaced = with_console(TEXT, &tenant("globex"), Some("console = { b }")).expect("changed");
        assert_eq!(replaced, TEXT.replace("{ a }", "{ b }"));
        let removed = with_console(TEXT, &tenant("globex"), None).expect("changed");
        assert_eq!(removed, TEXT.replace("console = { a }\n", ""));
        assert_eq!(with_console(TEXT, &tenant("acme"), None).as_deref(), Some(TEXT));
    }

    #[test]
    fn what_a_person_must_do_is_left() {
        assert_eq!(with_console(TEXT, &tenant("initech"), Some("x")), None);
        let spread = "[tenants.acme]\nconsole = {\n  profile = \"x\" }\n";
        assert_eq!(with_console(spread, &tenant("acme"), None), None);
    }
}
