//! The pace at which an interface may be asked, where its guide names one. Whoever only backs off when it is refused has
//! taken the turns of everybody else by then.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// When which hosts were asked, by all tenants together.
static ASKED: LazyLock<Mutex<HashMap<String, Pace>>> = LazyLock::new(Mutex::default);

/// So many calls within a time, and no more.
#[derive(Clone, Debug)]
pub struct Pace {
    most: usize,
    within: Duration,
    asked: Arc<Mutex<VecDeque<Instant>>>,
}

impl Pace {
    /// The pace at this host.
    pub fn at(host: &str, most: usize, within: Duration) -> Self {
        let mut known = held(&ASKED);
        known.entry(host.to_owned()).or_insert_with(|| Self::new(most, within)).clone()
    }

    fn new(most: usize, within: Duration) -> Self {
        Self { most, within, asked: Arc::default() }
    }

    /// Waits until it is our turn, and takes it.
    pub async fn turn(&self) {
        while let Some(wait) = self.try_turn(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a turn, or says how long to wait for one.
    fn try_turn(&self, now: Instant) -> Option<Duration> {
        let mut asked = held(&self.asked);
        while asked.front().is_some_and(|earliest| now.duration_since(*earliest) >= self.within) {
            asked.pop_front();
        }
        match asked.front() {
            Some(earliest) if asked.len() >= self.most => {
                Some(self.within.saturating_sub(now.duration_since(*earliest)))
            }
            _ => {
                asked.push_back(now);
                None
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_within_a_minute_and_then_one_after_the_other() {
        let (pace, begun) = (Pace::new(3, Duration::from_mins(1)), Instant::now());
        let at = |seconds| pace.try_turn(begun + Duration::from_secs(seconds));
        assert_eq!((at(0), at(0), at(20)), (None, None, None));
        assert_eq!(at(30), Some(Duration::from_secs(30)), "the first two are half a minute old");
        assert_eq!((at(60), at(60)), (None, None));
        assert_eq!(at(61), Some(Duration::from_secs(19)));
        assert_eq!(at(80), None);
    }

    #[tokio::test]
    async fn everybody_at_a_host_waits_for_the_same_turns() {
        let within = Duration::from_millis(40);
        let pace = || Pace::at("cps.example.com", 2, within);
        let (one, other, begun) = (pace(), pace(), Instant::now());
        for _ in 0..3 {
            one.turn().await;
            other.turn().await;
        }
        assert!(begun.elapsed() >= within * 2, "six calls, two at a time");
        assert!(Pace::at("another.example.com", 2, within).try_turn(Instant::now()).is_none());
    }
}
