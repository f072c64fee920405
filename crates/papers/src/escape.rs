//! Text of others, made safe to show: a certificate's subject and a server's answer may hold anything.

/// The same text with control characters, and those that turn the direction of writing, written out as `\u{…}`.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) { safe.extend(c.escape_unicode()) } else { safe.push(c) }
    }
    safe
}

/// Characters that change how their neighbours look: marks of direction (UAX #9), and separators of lines.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(printable("Zoë\u{1b}[2J\u{202e}"), "Zoë\\u{1b}[2J\\u{202e}");
    }
}
