//! Lists that come in pages: each product ends them by its own rule, and none may keep us for ever.

use std::time::Duration;

use tokio::time::Instant;

use crate::mdm::MdmError;

/// How long the reading of one list may take. What was read until then is told as a part of it.
const WHOLE: Duration = Duration::from_mins(3);

/// More entries than any server manages.
const MOST: usize = 1_000_000;

/// One page.
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// Whether it is the last one, by the product's rule.
    pub last: bool,
}

/// A list, as far as it was read.
pub struct Listed<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Whether these are all.
    pub whole: bool,
}

/// Reads a list from its beginning. Each page begins where the one before really ended: some lists hold fifty rows
/// whatever was asked for.
///
/// # Errors
/// When the first page cannot be read, or a later one not for another reason than that the server is busy; and
/// [`Stuck`] when the server shows the same page again.
pub async fn read<T>(
    key: impl Fn(&T) -> &str,
    stuck: impl Fn() -> MdmError,
    page: impl AsyncFn(usize) -> Result<Page<T>, MdmError>,
) -> Result<Listed<T>, MdmError> {
    let begun = Instant::now();
    let mut items: Vec<T> = vec![];
    let mut page_before = 0;
    loop {
        let next = match page(items.len()).await {
            Err(MdmError::Unavailable { .. }) if !items.is_empty() => return Ok(Listed { items, whole: false }),
            next => next?,
        };
        let again = next.items.first().zip(items.get(page_before)).is_some_and(|(one, other)| key(one) == key(other));
        if again && !next.last {
            return Err(stuck());
        }
        let (last, got) = (next.last, next.items.len());
        page_before = items.len();
        if !again {
            items.extend(next.items);
        }
        if last || got == 0 {
            return Ok(Listed { items, whole: true });
        }
        if begun.elapsed() > WHOLE || items.len() >= MOST {
            return Ok(Listed { items, whole: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuck() -> MdmError {
        MdmError::NotThere { host: "stuck".into(), path: String::new() }
    }

    async fn listed(page: impl AsyncFn(usize) -> Result<Page<String>, MdmError>) -> Result<Listed<String>, MdmError> {
        read(|item: &String| item.as_str(), stuck, page).await
    }

    fn some(from: usize, to: usize, last: bool) -> Page<String> {
        Page { items: (from..to).map(|at| at.to_string()).collect(), last }
    }

    #[tokio::test]
    async fn pages_of_any_size_until_the_last() {
        let list = listed(async |at| Ok(some(at, (at + 50).min(120), at + 50 >= 120))).await.expect("a list");
        assert_eq!((list.items.len(), list.whole), (120, true));
        let none = listed(async |_| Ok(some(0, 0, false))).await.expect("an empty list");
        assert_eq!((none.items.len(), none.whole), (0, true));
    }

    #[tokio::test]
    async fn a_server_that_shows_the_same_page_again_is_not_read_for_ever() {
        let error = listed(async |_| Ok(some(0, 50, false))).await.err().expect("an error");
        assert!(matches!(error, MdmError::NotThere { .. }));
    }

    #[tokio::test]
    async fn a_list_that_never_ends_ends() {
        let list = listed(async |at| Ok(some(at, at + 100_000, false))).await.expect("a part");
        assert_eq!((list.items.len(), list.whole), (MOST, false));
    }

    #[tokio::test]
    async fn a_server_that_gets_tired_leaves_a_part() {
        let busy = || MdmError::Unavailable { host: String::new(), why: String::new(), retry_after: Some(60) };
        let list = listed(async |at| if at < 100 { Ok(some(at, at + 50, false)) } else { Err(busy()) }).await;
        let list = list.expect("a part");
        assert_eq!((list.items.len(), list.whole), (100, false));
        assert!(listed(async |_| Err(busy())).await.is_err());
    }
}
