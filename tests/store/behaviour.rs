//! What every store does.

use pushcert::store::{Announced, Change, Letter, Settled, Store, StoreError};
use pushcert_papers::{
    Fingerprint, Secret, TenantName, Topic,
    watch::{Lookup, Seen, Source},
};

use super::{Place, at, change, entry, journey, tenant};

/// Each behaviour, as a test for each engine.
macro_rules! on_both_engines {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $behaviour() { super::$behaviour(&super::Place::sqlite()).await })*
        }
        mod postgres {
            $(#[tokio::test] async fn $behaviour() {
                if let Some(place) = super::Place::postgres().await { super::$behaviour(&place).await }
            })*
        }
    };
}

on_both_engines![
    a_step_is_written_whole_or_not_at_all,
    only_one_of_two_runs_goes_on_from_the_same_version,
    what_was_written_is_there_for_the_next_run,
    a_tenant_without_a_book,
    many_books_are_read_at_once_and_in_the_order_asked_for,
    a_journey_takes_the_place_of_its_earlier_state_and_a_later_one_comes_first,
    journeys_of_several_kinds_do_not_hide_one_another,
    earlier_journeys_of_the_certificate_are_there_the_latest_first,
    a_line_cannot_be_edited_or_cut_and_shows_where_it_was_all_the_same,
    a_cut_end_shows_by_a_digest_that_somebody_noted,
    the_newest_sighting_counts_and_looking_changes_nothing,
    a_refused_sign_in_is_known_by_its_secret_alone,
    a_fingerprint_of_a_secret_is_this_stores_own,
    a_second_run_is_told_who_holds_a_tenant_and_since_when,
    a_letter_is_announced_once,
    a_letter_that_went_long_ago_is_forgotten_and_counted,
    a_letter_goes_by_one_run_at_a_time,
    what_became_of_letters_is_counted,
    what_a_list_said_is_kept_until_it_says_something_else,
    a_store_of_a_newer_release_is_left_alone,
];

async fn open(place: &Place) -> Box<dyn Store> {
    place.open().await.expect("a store")
}

async fn a_step_is_written_whole_or_not_at_all(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    assert_eq!(store.commit(&acme, 0, change("first")).await.expect("written"), 1);
    assert!(matches!(store.commit(&acme, 0, change("second")).await, Err(StoreError::Changed { .. })));
    assert_eq!(store.artefact(&Fingerprint::of(b"second")).await.expect("read"), None, "nothing of it was kept");
    assert_eq!(store.commit(&acme, 1, change("third")).await.expect("written"), 2);
    let record = store.tenant(&acme).await.expect("read").expect("a book");
    assert_eq!((record.version, record.journey.expect("a journey").number), (2, 1));
    assert_eq!(store.artefact(&Fingerprint::of(b"third")).await.expect("read").as_deref(), Some(&b"third"[..]));
    let lines = store.audit(&acme).await.expect("read");
    assert_eq!(lines.iter().map(|line| line.entry.what.as_str()).collect::<Vec<_>>(), ["first", "third"]);
    assert_eq!(lines[0].entry, entry("first"), "a line comes back as it was");
}

async fn only_one_of_two_runs_goes_on_from_the_same_version(place: &Place) {
    let (one, other, acme) = (open(place).await, open(place).await, tenant());
    for version in 0..20 {
        let (first, second) =
            tokio::join!(one.commit(&acme, version, change("one")), other.commit(&acme, version, change("other")));
        let outcomes = [first, second];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::Changed { .. }))), "{outcomes:?}");
    }
    let whole = one.verify_audit(&acme, None).await.expect("read");
    assert_eq!((whole.lines, whole.broken), (20, None));
}

async fn what_was_written_is_there_for_the_next_run(place: &Place) {
    let acme = tenant();
    let topic = Topic::parse("com.apple.mgmt.External.980b6421-2edc-4d9a-aea7-10cd7610ad2b").expect("a topic");
    let mut first = change("first");
    first.confirmed_topic = Some(topic.clone());
    open(place).await.commit(&acme, 0, first).await.expect("written");
    let again = open(place).await;
    let book = again.tenant(&acme).await.expect("read").expect("a book");
    assert_eq!((book.version, book.journey, book.confirmed_topic), (1, change("").journey, Some(topic.clone())));
    again.commit(&acme, 1, change("second")).await.expect("written");
    let book = again.tenant(&acme).await.expect("read").expect("a book");
    assert_eq!(book.confirmed_topic, Some(topic), "a step that says nothing of the topic leaves it");
}

async fn a_tenant_without_a_book(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    assert!(store.tenant(&acme).await.expect("read").is_none());
    assert!(store.audit(&acme).await.expect("read").is_empty());
    assert!(store.sighting(&acme).await.expect("read").is_none());
    assert_eq!(store.artefact(&Fingerprint::of(b"x")).await.expect("read"), None);
    assert!(matches!(store.commit(&acme, 7, change("first")).await, Err(StoreError::Changed { .. })));
    assert!(store.tenant(&acme).await.expect("read").is_none(), "a refused change makes no book");
}

async fn many_books_are_read_at_once_and_in_the_order_asked_for(place: &Place) {
    let store = open(place).await;
    let names = ["zeta", "acme", "nothing", "seen", "acme"].map(|name| TenantName::parse(name).expect("a name"));
    for (name, versions) in [(&names[0], 3), (&names[1], 1)] {
        for version in 0..versions {
            store.commit(name, version, change("step")).await.expect("written");
        }
    }
    for (name, seconds) in [(&names[0], 5), (&names[3], 7)] {
        let seen = |source, seconds| Seen { at: at(seconds), source, installed: None };
        store.record_sighting(name, &seen(Source::File, seconds)).await.expect("written");
        store.record_sighting(name, &seen(Source::Console, seconds)).await.expect("written");
    }
    let books = store.books(&names.iter().collect::<Vec<_>>()).await.expect("read");
    let told = books.iter().map(|book| {
        let seen = book.seen.as_ref().map(|seen| (seen.at.unix(), seen.source));
        (book.record.as_ref().map(|record| (record.version, record.journey.is_some())), seen)
    });
    let wanted = [
        (Some((3, true)), Some((5, Source::Console))),
        (Some((1, true)), None),
        (None, None),
        (None, Some((7, Source::Console))),
        (Some((1, true)), None),
    ];
    assert_eq!(told.collect::<Vec<_>>(), wanted, "of two looks at the same time the later one counts");
}

async fn a_journey_takes_the_place_of_its_earlier_state_and_a_later_one_comes_first(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    for (version, (number, open)) in [(1, true), (1, false), (2, true)].into_iter().enumerate() {
        let mut step = change("step");
        let journey = step.journey.as_mut().expect("a journey");
        (journey.number, journey.open, journey.json) = (number, open, format!("{{\"{number}\":{open}}}"));
        let wanted = journey.clone();
        store.commit(&acme, version as u64, step).await.expect("written");
        assert_eq!(store.tenant(&acme).await.expect("read").expect("a book").journey, Some(wanted));
    }
}

async fn journeys_of_several_kinds_do_not_hide_one_another(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    let kinds = [("certificate", 1), ("pingid", 2), ("android", 3), ("pingid", 4)];
    for (version, (kind, number)) in kinds.into_iter().enumerate() {
        let change = Change { journey: Some(journey(kind, number)), ..Change::default() };
        store.commit(&acme, version as u64, change).await.expect("written");
    }
    let record = store.tenant(&acme).await.expect("read").expect("a book");
    assert_eq!(record.journey.expect("the certificate's").number, 1);
    let others: Vec<_> = record.others.iter().map(|journey| (journey.kind.as_str(), journey.number)).collect();
    assert_eq!(others, [("android", 3), ("pingid", 4)]);
}

async fn earlier_journeys_of_the_certificate_are_there_the_latest_first(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    assert!(store.journeys(&acme).await.expect("read").is_empty());
    for (version, (kind, number)) in [("certificate", 9), ("pingid", 10), ("certificate", 11)].into_iter().enumerate() {
        let change = Change { journey: Some(journey(kind, number)), ..Change::default() };
        store.commit(&acme, version as u64, change).await.expect("written");
    }
    let all = store.journeys(&acme).await.expect("read");
    assert_eq!(all, [journey("certificate", 11), journey("certificate", 9)]);
    let other = TenantName::parse("other").expect("a name");
    assert!(store.journeys(&other).await.expect("read").is_empty());
}

async fn a_line_cannot_be_edited_or_cut_and_shows_where_it_was_all_the_same(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    for (version, what) in ["first", "second", "third"].into_iter().enumerate() {
        store.commit(&acme, version as u64, change(what)).await.expect("written");
    }
    let edit = "UPDATE audit SET line = replace(line, 'second', 'nothing') WHERE number = 2";
    for sql in [edit, "DELETE FROM audit WHERE number = 3"] {
        assert_eq!(place.behind_our_back(sql, sql).await, Err("the record is append-only".into()));
    }
    let sqlite = format!("DROP TRIGGER audit_is_not_edited; {edit}");
    let postgres = format!("ALTER TABLE audit DISABLE TRIGGER ALL; {edit}");
    place.behind_our_back(&sqlite, &postgres).await.expect("edited by its owner");
    let found = store.verify_audit(&acme, None).await.expect("read");
    assert!(found.broken.as_ref().is_some_and(|broken| broken.contains("line 2")), "{found:?}");
}

async fn a_cut_end_shows_by_a_digest_that_somebody_noted(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    for (version, what) in ["first", "second"].into_iter().enumerate() {
        store.commit(&acme, version as u64, change(what)).await.expect("written");
    }
    let head = store.verify_audit(&acme, None).await.expect("read").head.expect("a head").to_string();
    let known = |noted: String| async move { store_says(&*open(place).await, &noted).await };
    assert_eq!(known(head.clone()).await, None);
    assert_eq!(known(head[..12].to_owned()).await, None, "a short form will do");
    assert!(known(head[..11].to_owned()).await.is_some(), "but not too short a form");
    let sqlite = "DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE number = 2";
    let postgres = "ALTER TABLE audit DISABLE TRIGGER ALL; DELETE FROM audit WHERE number = 2";
    place.behind_our_back(sqlite, postgres).await.expect("cut by its owner");
    assert_eq!(store.verify_audit(&acme, None).await.expect("read").broken, None, "the rest is a whole chain");
    assert!(known(head).await.is_some_and(|broken| broken.contains("cut off")));
}

async fn store_says(store: &dyn Store, noted: &str) -> Option<String> {
    store.verify_audit(&tenant(), Some(noted)).await.expect("read").broken
}

async fn the_newest_sighting_counts_and_looking_changes_nothing(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    store.commit(&acme, 0, change("first")).await.expect("written");
    let seen = |source, seconds| Seen { at: at(seconds), source, installed: None };
    for seen in [seen(Source::Console, 20), seen(Source::Console, 10), seen(Source::File, 15)] {
        store.record_sighting(&acme, &seen).await.expect("written");
    }
    let newest = store.sighting(&acme).await.expect("read").expect("a sighting");
    assert_eq!((newest.at.unix(), newest.source), (20, Source::Console));
    assert_eq!(store.tenant(&acme).await.expect("read").expect("a book").version, 1);
}

async fn a_refused_sign_in_is_known_by_its_secret_alone(place: &Place) {
    let (store, other, acme) = (open(place).await, open(place).await, tenant());
    let (wrong, right) = (Secret::new("a wrong one"), Secret::new("right"));
    store.remember_sign_in(&acme, Some((&wrong, at(5)))).await.expect("written");
    assert_eq!(other.refused_sign_in(&acme, &wrong).await.expect("read"), Some(at(5)));
    assert_eq!(other.refused_sign_in(&acme, &right).await.expect("read"), None);
    store.remember_sign_in(&acme, Some((&right, at(6)))).await.expect("written");
    assert_eq!(other.refused_sign_in(&acme, &right).await.expect("read"), Some(at(6)), "the last one counts");
    store.remember_sign_in(&acme, None).await.expect("written");
    assert_eq!(other.refused_sign_in(&acme, &right).await.expect("read"), None);
    let plain = "SELECT count(*) FROM refused_sign_in WHERE fingerprint LIKE '%wrong%'";
    place.behind_our_back(plain, plain).await.expect("read");
}

async fn a_fingerprint_of_a_secret_is_this_stores_own(place: &Place) {
    let (store, other) = (open(place).await, open(place).await);
    let of =
        async |store: &dyn Store, secret| store.keyed_fingerprint(&Secret::new(secret)).await.expect("a fingerprint");
    let known = of(&*store, "right").await;
    assert_eq!(of(&*other, "right").await, known);
    assert_ne!(of(&*store, "wrong").await, known);
    assert_ne!(known, Fingerprint::of(b"right"), "only this store's key makes it");
}

async fn a_second_run_is_told_who_holds_a_tenant_and_since_when(place: &Place) {
    let (one, other, acme) = (open(place).await, open(place).await, tenant());
    let globex = TenantName::parse("globex").expect("a name");
    for seconds in [0, 86_400] {
        let since = format!("process {}", std::process::id());
        let date = format!("since {}", at(seconds).date_and_time());
        let held = one.lock(&acme, at(seconds)).await.expect("held");
        for store in [&one, &other] {
            let second = store.lock(&acme, at(9)).await.map(drop);
            assert!(
                matches!(&second, Err(StoreError::Held { holder, .. }) if holder.contains(&since) && holder.contains(&date)),
                "{second:?}"
            );
        }
        drop(other.lock(&globex, at(0)).await.expect("another tenant is free"));
        drop(held);
        drop(other.lock(&acme, at(7)).await.expect("free again, for the other"));
    }
}

fn letter(occasion: &str, channel: &str, due: i64) -> Letter {
    let (matter, json) = ("expiry".to_owned(), format!("{{\"to\":\"{channel}\"}}"));
    Letter { matter, occasion: occasion.into(), channel: channel.into(), json, due: at(due) }
}

fn announced(occasion: &str, seconds: i64) -> Announced {
    Announced { matter: "expiry".into(), occasion: occasion.into(), at: at(seconds) }
}

/// What a watch writes.
pub async fn letters_go_and_sightings_are_kept(store: &dyn Store) {
    let seen = Seen { at: at(1), source: Source::Console, installed: None };
    for _ in 0..2 {
        store.record_sighting(&tenant(), &seen).await.expect("written");
        store.announce(&tenant(), &[announced("warning", 1)], &[letter("warning", "mail", 1)]).await.expect("written");
    }
    let leased = store.lease("mail", at(1), at(2), 9).await.expect("leased");
    store.settle(&leased[0], &Settled::Sent).await.expect("written");
    assert_eq!(store.prune(at(9)).await.expect("pruned"), 1);
    assert_eq!((leased.len(), store.tally().await.expect("read").len()), (1, 1));
}

async fn a_letter_is_announced_once(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    assert!(store.announced(&acme).await.expect("read").is_empty());
    for (occasion, seconds) in [("warning", 1), ("warning", 2), ("critical", 3)] {
        let letters = [letter(occasion, "mail", 1), letter(occasion, "chat", 1)];
        store.announce(&acme, &[announced(occasion, seconds)], &letters).await.expect("written");
        assert_eq!(store.announced(&acme).await.expect("read"), [announced(occasion, seconds)]);
    }
    for channel in ["mail", "chat"] {
        let leased = store.lease(channel, at(10), at(20), 100).await.expect("leased");
        assert_eq!(leased.len(), 2, "a letter for each occasion and channel: {leased:?}");
    }
}

async fn a_letter_goes_by_one_run_at_a_time(place: &Place) {
    let (one, other, acme) = (open(place).await, open(place).await, tenant());
    let letters: Vec<_> = (0..30).map(|number| letter(&number.to_string(), "mail", number)).collect();
    one.announce(&acme, &[], &letters).await.expect("written");
    assert_eq!(one.lease("mail", at(-1), at(99), 100).await.expect("leased"), [], "none is due yet");
    let (first, second) =
        tokio::join!(one.lease("mail", at(30), at(100), 20), other.lease("mail", at(30), at(100), 20));
    let (first, second) = (first.expect("leased"), second.expect("leased"));
    let mut occasions: Vec<_> = first.iter().chain(&second).map(|leased| leased.letter.occasion.clone()).collect();
    occasions.sort_unstable();
    occasions.dedup();
    assert_eq!((first.len() + second.len(), occasions.len()), (30, 30), "each by one of them");
    assert_eq!(first[0].letter, letters[first[0].letter.occasion.parse::<usize>().expect("a number")]);
    assert_eq!((first[0].tenant.clone(), first[0].attempts), (acme, 1));
    assert_eq!(other.lease("mail", at(99), at(200), 100).await.expect("leased"), [], "until the lease ends");
    let again = other.lease("mail", at(100), at(200), 100).await.expect("leased");
    assert_eq!((again.len(), again[0].attempts), (30, 2), "the run that had them may have died");
}

async fn what_a_list_said_is_kept_until_it_says_something_else(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    assert_eq!(looked_up(place).await, None);
    for revoked in [None, Some(at(7))] {
        let lookup = Lookup { at: at(9), certificate: Fingerprint::of(b"installed"), revoked };
        store.record_lookup(&acme, &lookup).await.expect("written");
        assert_eq!(looked_up(place).await, Some(lookup));
    }
}

async fn looked_up(place: &Place) -> Option<Lookup> {
    open(place).await.books(&[&tenant()]).await.expect("read").pop().and_then(|book| book.lookup)
}

async fn what_became_of_letters_is_counted(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    let letters = ["a", "b", "c"].map(|occasion| letter(occasion, "mail", 1));
    store.announce(&acme, &[], &letters).await.expect("written");
    assert!(store.tally().await.expect("read").is_empty(), "what merely waits is no result");
    let leased = store.lease("mail", at(1), at(100), 10).await.expect("leased");
    let again = Settled::Again { due: at(50), why: "refused".into() };
    let settled = [Settled::Sent, again, Settled::Dead { why: "no such mailbox".into() }];
    for (letter, settled) in leased.iter().zip(&settled) {
        store.settle(letter, settled).await.expect("written");
    }
    store.settle(&leased[0], &Settled::Dead { why: "too late".into() }).await.expect("written");
    let tally = store.tally().await.expect("read");
    let told: Vec<_> = tally.iter().map(|tally| (tally.result.as_str(), tally.count, tally.why.as_deref())).collect();
    let wanted = [("dead", 1, Some("no such mailbox")), ("sent", 1, None), ("waiting", 1, Some("refused"))];
    assert_eq!(told, wanted, "what was sent stays sent");
    assert_eq!(store.lease("mail", at(49), at(60), 10).await.expect("leased"), [], "not before its time");
    let due = store.lease("mail", at(50), at(60), 10).await.expect("leased");
    assert_eq!((due.len(), due[0].letter.occasion.as_str(), due[0].attempts), (1, "b", 2));
}

async fn a_letter_that_went_long_ago_is_forgotten_and_counted(place: &Place) {
    let (store, acme) = (open(place).await, tenant());
    let letters = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 90)].map(|(name, due)| letter(name, "mail", due));
    store.announce(&acme, &[announced("a", 1)], &letters).await.expect("written");
    let leased = store.lease("mail", at(4), at(99), 10).await.expect("leased");
    for one in &leased {
        let dead = Settled::Dead { why: "no such mailbox".into() };
        let settled = if one.letter.occasion == "c" { dead } else { Settled::Sent };
        store.settle(one, &settled).await.expect("written");
    }
    let counted = async || {
        let tally = store.tally().await.expect("read");
        tally.iter().map(|tally| (tally.result.clone(), tally.count)).collect::<Vec<_>>()
    };
    let before = counted().await;
    assert_eq!(before, [("dead".into(), 1), ("sent".into(), 3)]);
    for (moment, gone) in [(2, 1), (2, 0), (4, 1), (1_000, 1)] {
        assert_eq!(store.prune(at(moment)).await.expect("pruned"), gone, "before {moment}");
        assert_eq!(counted().await, before, "a counter never goes back");
    }
    assert_eq!(store.announced(&acme).await.expect("read"), [announced("a", 1)], "what was last announced stays known");
    let waiting = store.lease("mail", at(100), at(200), 10).await.expect("leased");
    assert_eq!(waiting.len(), 1, "what waits is not forgotten: {waiting:?}");
}

async fn a_store_of_a_newer_release_is_left_alone(place: &Place) {
    open(place).await.commit(&tenant(), 0, change("first")).await.expect("written");
    place.behind_our_back("PRAGMA user_version = 99", "UPDATE pushcert_form SET form = 99").await.expect("changed");
    let newer = place.open().await.map(drop).expect_err("it is newer");
    assert!(matches!(newer, StoreError::Newer { found: 99, .. }), "{newer}");
    assert!(newer.to_string().contains("update pushcert"));
}
