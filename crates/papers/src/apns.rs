//! What APNs' answers say about a certificate: it was asked to push to a device token that nobody has.
//!
//! The order of Apple's checks is not documented, so an answer about the token is called "accepted by APNs", and its raw
//! reason is kept beside it.

/// How APNs answered a push.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// With a status and a reason (Apple: "Handling notification responses from APNs").
    Answer {
        /// The status of HTTP.
        status: u16,
        /// The reason; empty where there is none.
        reason: String,
    },
    /// The TLS handshake ended with this alert, before anything was asked.
    Alert(String),
}

/// What it comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// Certificate and topic got past the checks: the made-up token was refused, and a made-up topic too.
    Accepted,
    /// The token was refused, but under a made-up topic as well: nobody looked at the topic.
    TopicNotLookedAt,
    /// The certificate is refused: it has ended, is revoked, or is none for this service.
    CertificateRefused,
    /// Certificate and topic do not belong together.
    OtherTopic,
    /// Our certificate did not arrive, which is our own fault.
    NotShown,
    /// No verdict; to be tried later.
    Later,
    /// An answer that is in nobody's list.
    Unknown,
}

impl Reading {
    /// The word in JSON and on record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::TopicNotLookedAt => "topic-not-looked-at",
            Self::CertificateRefused => "certificate-refused",
            Self::OtherTopic => "other-topic",
            Self::NotShown => "certificate-not-shown",
            Self::Later => "later",
            Self::Unknown => "unknown-answer",
        }
    }
}

impl Reply {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Answer { status, reason } if reason.is_empty() => format!("status {status}"),
            Self::Answer { status, reason } => format!("{status} {reason}"),
            Self::Alert(alert) => format!("TLS alert: {alert}"),
        }
    }

    fn reading(&self) -> Reading {
        let Self::Answer { status, reason } = self else { return Reading::CertificateRefused };
        match (status, reason.as_str()) {
            // Nobody has the token, so any other answer about it is as good.
            (200, _) | (400, "BadDeviceToken") | (410, "Unregistered" | "ExpiredToken") => Reading::Accepted,
            (400, "MissingTopic" | "BadTopic" | "TopicDisallowed" | "DeviceTokenNotForTopic") => Reading::OtherTopic,
            (403, "MissingProviderToken") => Reading::NotShown,
            (403, _) => Reading::CertificateRefused,
            (429 | 500 | 503, _) => Reading::Later,
            _ => Reading::Unknown,
        }
    }
}

/// What the two answers come to: one to a push under the certificate's own topic, one under a made-up topic.
pub fn reading(own: &Reply, made_up: Option<&Reply>) -> Reading {
    match (own.reading(), made_up.map(Reply::reading)) {
        (Reading::Accepted, Some(Reading::OtherTopic)) => Reading::Accepted,
        (Reading::Accepted, Some(Reading::Accepted)) => Reading::TopicNotLookedAt,
        (Reading::Accepted, _) => Reading::Later,
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, reason: &str) -> Reply {
        Reply::Answer { status, reason: reason.into() }
    }

    #[test]
    fn the_table_of_answers() {
        let refused = answer(400, "TopicDisallowed");
        for (own, wanted) in [
            (answer(400, "BadDeviceToken"), Reading::Accepted),
            (answer(410, "Unregistered"), Reading::Accepted),
            (answer(400, "TopicDisallowed"), Reading::OtherTopic),
            (answer(400, "MissingTopic"), Reading::OtherTopic),
            (answer(403, "BadCertificate"), Reading::CertificateRefused),
            (answer(403, "BadCertificateEnvironment"), Reading::CertificateRefused),
            (answer(403, "MissingProviderToken"), Reading::NotShown),
            (answer(503, "Shutdown"), Reading::Later),
            (answer(400, "PayloadEmpty"), Reading::Unknown),
            (answer(404, ""), Reading::Unknown),
            (Reply::Alert("CertificateExpired".into()), Reading::CertificateRefused),
        ] {
            assert_eq!(reading(&own, Some(&refused)), wanted, "{own:?}");
        }
    }

    #[test]
    fn a_made_up_topic_must_not_be_accepted() {
        let accepted = answer(400, "BadDeviceToken");
        assert_eq!(reading(&accepted, Some(&accepted)), Reading::TopicNotLookedAt);
        assert_eq!(reading(&accepted, Some(&answer(429, "TooManyRequests"))), Reading::Later);
        assert_eq!(reading(&accepted, None), Reading::Later);
    }
}
