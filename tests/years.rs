//! Five years of one tenant, lived through in seconds.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pushcert::commands::{Kind, renew::Wish};
use pushcert_papers::{Code, DAY, Time};

use crate::trial::{Trial, certificate, kind};

/// A tenant over the years.
struct Life {
    trial: Trial,
    renewals: usize,
}

impl Life {
    async fn begin() -> Self {
        Self { trial: Trial::with("cloud").await, renewals: 0 }
    }

    async fn end(&self) -> Time {
        self.trial.status().await.not_after.expect("an end")
    }

    /// Lets time pass until so many days before the end, and a second.
    async fn days_before_the_end(&self, days: i64) {
        let wanted = self.end().await.plus(-days * DAY + 1);
        self.trial.seconds_pass(wanted.unix() - self.trial.now().unix());
    }

    async fn state(&self) -> &'static str {
        self.trial.status().await.state
    }

    /// The year as `status` tells it, up to the notice: nothing is due before, and `renew` touches nothing.
    async fn a_quiet_year(&self) {
        self.days_before_the_end(61).await;
        assert_eq!(self.state().await, "ok");
        let made = self.trial.deeds("request-made").len();
        assert_eq!(kind(&self.trial.renew(Wish::default()).await), Ok(None), "not due yet");
        assert_eq!(self.trial.deeds("request-made").len(), made);
        for (days, state) in [(60, "notice"), (30, "warning"), (14, "critical")] {
            self.days_before_the_end(days).await;
            assert_eq!(self.state().await, state);
        }
    }

    /// Runs up to the portal, and renews the row there.
    async fn renewed_at_the_portal(&mut self) -> PathBuf {
        assert_eq!(kind(&self.trial.renew(Wish::default()).await), Ok(Some(Kind::Waiting)));
        self.trial.renewed_at_the_portal().await
    }

    /// The certificate goes through, and everything is well afterwards.
    async fn installed(&mut self, file: &Path) {
        assert_eq!(kind(&self.trial.bring(file).await), Ok(None));
        self.renewals += 1;
        let status = self.trial.status().await;
        assert_eq!((status.state, &status.problems[..]), ("ok", &[][..]), "year {}", self.renewals);
        assert_eq!(status.not_after, Some(certificate(file).not_after));
        assert_eq!((status.topic.clone(), self.trial.uploads()), (status.enrolled_topic, self.renewals));
    }

    async fn an_ordinary_renewal(&mut self) {
        let renewed = self.renewed_at_the_portal().await;
        self.installed(&renewed).await;
    }

    fn authorities(&self) -> PathBuf {
        self.trial.sandbox.announcement().config.with_file_name("authorities.pem")
    }

    /// What Apple has published of the authority that follows.
    fn next_issuer(&self) -> String {
        let path = self.trial.sandbox.announcement().config.with_file_name("next-issuer.pem");
        fs::read_to_string(path).expect("an authority")
    }
}

#[tokio::test]
async fn five_years_of_a_tenant() {
    let mut life = Life::begin().await;
    life.an_ordinary_renewal().await;

    life.a_quiet_year().await;
    under_a_new_issuer(&mut life).await;

    // 2028: the tool lists the new issuer, and nobody has noticed the mails: the end comes first.
    let updated = fs::read_to_string(life.authorities()).expect("authorities") + &life.next_issuer();
    fs::write(life.authorities(), updated).expect("written");
    life.a_quiet_year().await;
    late_in_grace(&mut life).await;

    life.a_quiet_year().await;
    a_colleague_takes_over(&mut life).await;

    life.a_quiet_year().await;
    beside_a_newer_tool(&mut life).await;

    let history = life.trial.history().await;
    let count = |what: &str| history.iter().filter(|line| *line == what).count();
    assert_eq!((count("renewal-closed"), count("certificate-installed"), count("upload-intended")), (5, 5, 5));
    assert_eq!(life.trial.now().date(), "6 Feb 2030");
}

/// 2027: Apple issues under an authority that this release does not list. It is no stranger, and no trust either.
async fn under_a_new_issuer(life: &mut Life) {
    life.trial.fault(r#"{"do":{"switch":"new-issuer","on":true}}"#);
    let renewed = life.renewed_at_the_portal().await;
    assert_eq!(kind(&life.trial.bring(&renewed).await), Err((Kind::Refused, "issuer-unverified")));
    assert_eq!(life.trial.uploads(), life.renewals, "nothing was uploaded");
    // The remedy: the authority's own certificate, as Apple publishes it, in the same file. A root that is listed vouches.
    let both = life.trial.path("with-its-issuer.pem");
    let leaf = fs::read_to_string(&renewed).expect("a certificate");
    fs::write(&both, format!("{leaf}\n{}", life.next_issuer())).expect("written");
    life.installed(&both).await;
    assert!(life.trial.said.noted(Code::IssuerNew.word()), "{:?}", life.trial.said.notes);
}

/// 2028: twenty days after the end, devices are silent; the same row can be renewed still.
async fn late_in_grace(life: &mut Life) {
    life.days_before_the_end(-20).await;
    assert_eq!(life.state().await, "expired-in-grace");
    assert_eq!(kind(&life.trial.prove().await), Ok(Some(Kind::Temporary)), "no device hears the server");
    life.an_ordinary_renewal().await;
    assert_eq!(
        kind(&life.trial.prove().await).ok(),
        Some(Some(Kind::Temporary)),
        "this second they were asked already"
    );
    life.trial.seconds_pass(60);
    assert_eq!(kind(&life.trial.prove().await), Ok(None), "and they are back");
}

/// 2029: whoever began is gone; a colleague goes on with a copy of the store, on another machine.
async fn a_colleague_takes_over(life: &mut Life) {
    let renewed = life.renewed_at_the_portal().await;
    let (state, gone) = (life.trial.path("state"), life.trial.path("the old machine"));
    fs::rename(&state, &gone).expect("moved");
    fs::create_dir(&state).expect("a folder");
    fs::copy(gone.join("pushcert.sqlite"), state.join("pushcert.sqlite")).expect("one file is all of it");
    fs::remove_dir_all(life.trial.path("handoff")).expect("the old machine's");
    life.installed(&renewed).await;
}

/// 2030: on another machine a newer release has opened the store; the older one says so and touches nothing.
async fn beside_a_newer_tool(life: &mut Life) {
    let store = life.trial.path("state/pushcert.sqlite");
    let form = |number: i64| {
        let connection = rusqlite::Connection::open(&store).expect("the store");
        let before: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("its form");
        connection.pragma_update(None, "user_version", number).expect("written");
        before
    };
    let known = form(999);
    let refused = life.trial.try_to_live().await.err().expect("a newer form");
    assert!(refused.message.contains("newer pushcert") && refused.message.contains("update pushcert"), "{refused}");
    assert_eq!(form(known), 999, "the older release changed nothing");
    life.an_ordinary_renewal().await;
}
