//! The nearest known word to a mistyped one.

/// The known word that is the fewest slips away; `None` when all are too far to be meant.
pub fn to<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|known| (distance(word, known), known)).min()?;
    (near.0 <= 2.max(word.len() / 3)).then_some(near.1)
}

/// The end of a sentence about a word that is not known: the one that was meant, if there is one.
pub fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    to(word, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

/// How many letters must be added, left out or changed (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *known);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["username", "password", "url"];
        assert_eq!(to("user_name", known.into_iter()), Some("username"));
        assert_eq!(to("pasword", known.into_iter()), Some("password"));
        assert_eq!(to("colour", known.into_iter()), None);
        assert_eq!(distance("", "abc"), 3);
    }
}
