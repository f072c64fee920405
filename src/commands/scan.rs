//! Many files at once, their results in order: as fast as the processors allow, in memory that does not grow.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, PoisonError, mpsc},
    thread,
};

/// Items that a thread takes at a time.
const BATCH: usize = 32;

/// Batches that may be under way, or done and waiting for an earlier one.
const WINDOW: u64 = 64;

/// What the threads share: what is left, and how far the results have been handed on.
struct Left<I> {
    items: I,
    taken: u64,
    handed_on: u64,
}

/// Works on every item, some at a time, with as many threads as there are processors, and hands on the results in the
/// items' order. What a thread makes it also takes apart, so that the threads do not wait for each other's memory.
pub fn in_order<T, R: Send>(
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(Vec<T>) -> R + Sync,
    mut hand_on: impl FnMut(R),
) {
    let left = Mutex::new(Left { items, taken: 0, handed_on: 0 });
    let moved = Condvar::new();
    let (results, arriving) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let results = results.clone();
            let (left, moved, work) = (&left, &moved, &work);
            scope.spawn(move || {
                while let Some((number, batch)) = take(left, moved) {
                    if results.send((number, work(batch))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut next = 0;
        for (number, done) in arriving {
            early.insert(number, done);
            while let Some(done) = early.remove(&next) {
                hand_on(done);
                next += 1;
            }
            left.lock().unwrap_or_else(PoisonError::into_inner).handed_on = next;
            moved.notify_all();
        }
    });
}

/// The next batch with its number; `None` when nothing is left. Waits while too much is under way.
fn take<T>(left: &Mutex<Left<impl Iterator<Item = T>>>, moved: &Condvar) -> Option<(u64, Vec<T>)> {
    let guard = left.lock().unwrap_or_else(PoisonError::into_inner);
    let mut left =
        moved.wait_while(guard, |left| left.taken - left.handed_on >= WINDOW).unwrap_or_else(PoisonError::into_inner);
    let batch: Vec<T> = left.items.by_ref().take(BATCH).collect();
    if batch.is_empty() {
        return None;
    }
    left.taken += 1;
    Some((left.taken - 1, batch))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_and_few_are_kept() {
        let (made, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let mut wanted = 0;
        let work = |numbers: Vec<u64>| {
            made.fetch_add(numbers.len() as u64, Ordering::SeqCst);
            numbers
        };
        in_order(0..20_000_u64, work, |numbers| {
            for number in numbers {
                assert_eq!(number, wanted);
                wanted += 1;
            }
            most.fetch_max(made.load(Ordering::SeqCst) - wanted, Ordering::SeqCst);
        });
        assert_eq!(wanted, 20_000);
        let bound = (WINDOW + 1) * BATCH as u64;
        assert!(most.load(Ordering::SeqCst) <= bound, "{most:?} results waited, of {bound} at most");
    }

    #[test]
    fn nothing_to_do() {
        in_order(std::iter::empty::<u8>(), |_: Vec<u8>| (), |()| panic!("there was nothing"));
    }
}
