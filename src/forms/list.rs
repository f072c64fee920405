//! How all tenants stand, as one JSON document: `pushcert/status-list/1`.

use std::{iter, sync::Arc};

use pushcert_papers::Time;

use crate::commands::StatusLine;

/// Tenants in a piece.
const PIECE: usize = 64;

/// The document, in pieces.
pub fn list(at: Option<Time>, lines: Arc<[StatusLine]>) -> impl Iterator<Item = String> + Send + 'static {
    let at = serde_json::to_string(&at).expect("a time is a text");
    let begin = format!("{{\"schema\":\"pushcert/status-list/1\",\"at\":{at},\"tenants\":[");
    let tenants = super::pieces(lines.len(), PIECE).map(move |piece| {
        let mut text = String::new();
        for place in piece {
            text.push_str(if place == 0 { "" } else { "," });
            text.push_str(&serde_json::to_string(&lines[place]).expect("a line is texts and numbers under texts"));
        }
        text
    });
    iter::once(begin).chain(tenants).chain(iter::once("]}\n".to_owned()))
}
