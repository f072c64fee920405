//! The calls of the tool in a line for a shell, and whether the command line's own definitions take them.

use clap::error::ErrorKind;
use pushcert::cli::args::Cli;

/// Lines as a shell reads them: one that ends with a backslash goes on in the next; comments and empty ones are left out.
pub fn of(text: &str) -> Vec<String> {
    let whole = text.replace("\\\n", " ");
    let lines = whole.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// The calls of the tool in this line, each with its words. Pipes and redirections are those of the documentation, with
/// spaces around them.
pub fn calls(line: &str) -> Vec<Vec<String>> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("no shell reads {line}"));
    let programs = words.split(|word| ["|", "&&", "||", ";", "&"].contains(&word.as_str()));
    programs.map(own_words).filter(|words| words.first().is_some_and(|first| first == "pushcert")).collect()
}

/// The words of one program, without redirections and without the variables before it.
fn own_words(words: &[String]) -> Vec<String> {
    let (mut own, mut words) = (vec![], words.iter());
    while let Some(word) = words.next() {
        let redirects = word.trim_start_matches(|digit: char| digit.is_ascii_digit());
        match redirects {
            ">" | ">>" | "<" => drop(words.next()),
            _ if redirects.starts_with(['<', '>']) => {}
            _ if own.is_empty() && word.contains('=') => {}
            _ => own.push(word.clone()),
        }
    }
    own
}

/// Why the definitions do not take this call, if they do not.
pub fn refused(call: &[String]) -> Option<String> {
    let error = Cli::definitions().try_get_matches_from(call).err()?;
    let answers = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!answers).then(|| error.to_string())
}

#[test]
fn lines_are_read_as_shells_read_them() {
    let text = "# a comment\npushcert init acme \\\n    --guided   # behind it\nop read x | pushcert p12 open - > out 2>/dev/null\n";
    let calls: Vec<_> = of(text).iter().flat_map(|line| calls(line)).collect();
    assert_eq!(calls, [vec!["pushcert", "init", "acme", "--guided"], vec!["pushcert", "p12", "open", "-"]]);
    assert!(refused(&calls[0]).is_none() && refused(&calls[1]).is_some(), "--out is missing");
}
