//! One readable file for each case of the command line, in `tests/cmd`. `just bless` accepts what has changed.

#[test]
fn cases() {
    trycmd::TestCases::new()
        .env("HOME", "/nonexistent")
        .env("USER", "tester")
        .env("NO_COLOR", "1")
        .case("tests/cmd/*.md");
}
