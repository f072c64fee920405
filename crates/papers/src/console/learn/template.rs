//! A text with placeholders, while it is being made.

use crate::console::fill;

/// A text with placeholders.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(String),
    Name(String),
}

impl Template {
    /// A text as it is.
    pub fn text(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// A value of this name.
    pub fn name(name: &str) -> Self {
        Self(vec![Piece::Name(name.to_owned())])
    }

    /// The same, and then this.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// As it stands in a header, a field or a path.
    pub fn plain(&self) -> String {
        self.written_by(str::to_owned)
    }

    /// As it stands in JSON, between quotation marks.
    pub fn json(&self) -> String {
        self.written_by(fill::json_escaped)
    }

    /// With its literal parts written in this way.
    pub fn written_by(&self, escape: fn(&str) -> String) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => fill::literal(&escape(text)),
            Piece::Name(name) => format!("{{{name}}}"),
        });
        pieces.collect()
    }
}
