//! Words that stand for values.

use std::time::Duration;

use pushcert_papers::watch::State;

/// A span of time: a number of seconds, or one with `s`, `m`, `h` or `d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write it like 30s, 5m, 12h or 3d".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "write it like 30s, 5m, 12h or 3d".to_owned())?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "that is too long".into())
}

/// A state of a certificate.
pub(super) fn state(text: &str) -> Result<State, String> {
    let words: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
    let known = State::ALL.into_iter().find(|state| state.word() == text);
    known.ok_or_else(|| format!("one of {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("12h"), Ok(Duration::from_hours(12)));
        for wrong in ["", "h", "5 m", "1ms", "-3s", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
