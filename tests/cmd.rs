//! One readable file for each case of the command line, in `tests/cmd`. `just bless` accepts what has changed.

#[test]
#[expect(clippy::print_stdout, reason = "shown where it fails, to say what to do")]
fn cases() {
    println!("what was meant is accepted by  just bless");
    trycmd::TestCases::new()
        .env("HOME", "/nonexistent")
        .env("USER", "tester")
        .env("NO_COLOR", "1")
        .case("tests/cmd/*.md");
}
