//! Mail by SMTP (RFC 5321), encrypted from the first octet or by STARTTLS; never with a certificate that was not verified.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters, TlsVersion},
    },
};
use pushcert_papers::{Secret, Time, escape::printable, watch::Severity};

use super::{Channel, Message, SendError, text};
use crate::world::{
    files::{self, Untrusted},
    http,
};

/// Files of authorities are never larger.
const PEM_LIMIT: u64 = 4 << 20;

/// Subjects are never longer.
const SUBJECT: usize = 200;

/// A mail server, and how it is reached.
#[derive(Debug)]
pub struct MailServer<'a> {
    /// Its name, which its certificate must have.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub tls: MailTls,
    /// Trust these authorities instead of the system's.
    pub ca_file: Option<&'a Path>,
    /// Who signs in, and with what.
    pub sign_in: Option<(String, Secret)>,
    /// How long each answer may take.
    pub timeout: Duration,
}

/// How the way to a mail server is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailTls {
    /// From the first octet (RFC 8314).
    Implicit,
    /// By STARTTLS (RFC 3207), or not at all.
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

/// A channel of mail that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address is none.
    #[error("{address:?} is no mail address: {why}")]
    Address {
        /// Which.
        address: String,
        /// Why.
        why: lettre::address::AddressError,
    },
    /// The file of authorities cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        error: Untrusted,
    },
    /// The TLS settings cannot be used.
    #[error("the TLS settings of the mail server cannot be used: {0}")]
    Tls(String),
}

/// A channel of mail.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    /// Mail by this server, from this sender to these receivers.
    ///
    /// # Errors
    /// See [`MailError`].
    pub fn by(server: &MailServer<'_>, from: &str, to: &[String]) -> Result<Self, MailError> {
        let tls = match server.tls {
            MailTls::Implicit => Tls::Wrapper(parameters(server)?),
            MailTls::StartTls => Tls::Required(parameters(server)?),
            MailTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(server.timeout));
        if let Some((name, secret)) = &server.sign_in {
            transport = transport.credentials(Credentials::new(name.clone(), secret.reveal().to_owned()));
        }
        let to = to.iter().map(|address| mailbox(address)).collect::<Result<_, _>>()?;
        Ok(Self { transport: transport.build(), from: mailbox(from)?, to })
    }

    /// The mail: its texts as they are, and every header encoded by the library.
    fn letter(&self, message: &Message, now: Time) -> Result<lettre::Message, lettre::error::Error> {
        let subject: String = printable(&text::headline(message)).chars().take(SUBJECT).collect();
        let domain = self.from.email.domain();
        let mut letter = lettre::Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .date(std::time::UNIX_EPOCH + Duration::from_secs(now.unix().unsigned_abs()))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Pushcert-Alert", &message.id))
            .header(ContentType::TEXT_PLAIN);
        if message.severity >= Severity::Critical && !message.recovered {
            letter = letter.raw_header(header("Importance", "high")).raw_header(header("X-Priority", "1"));
        }
        for receiver in &self.to {
            letter = letter.to(receiver.clone());
        }
        letter.body(text::plain(message))
    }
}

#[async_trait(?Send)]
impl Channel for Mail {
    async fn send(&self, message: &Message, now: Time) -> Result<(), SendError> {
        let letter = self.letter(message, now).map_err(|error| SendError::Refused(error.to_string()))?;
        self.transport.send(letter).await.map(drop).map_err(|error| refused(&error))
    }
}

/// A mail address with or without a name. Whether it is one is judged with the configuration.
///
/// # Errors
/// When it is none.
pub fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse::<Mailbox>()
        .or_else(|_| text.parse::<Address>().map(|address| Mailbox::new(None, address)))
        .map_err(|why| MailError::Address { address: text.to_owned(), why })
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii(name.to_owned()).expect("a name of letters");
    HeaderValue::new(name, value.to_owned())
}

fn parameters(server: &MailServer<'_>) -> Result<TlsParameters, MailError> {
    let unusable = |error: Error| MailError::Tls(innermost(&error));
    let mut tls = TlsParameters::builder(server.host.to_owned()).set_min_tls_version(TlsVersion::Tlsv12);
    if let Some(path) = server.ca_file {
        let pem = files::read_trusted(path, PEM_LIMIT)
            .map_err(|error| MailError::Unreadable { path: path.display().to_string(), error })?;
        tls = tls
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(&pem).map_err(unusable)?);
    }
    tls.build_rustls().map_err(unusable)
}

/// A mail server's refusal, told apart from its absence (RFC 5321, 4.2.1).
fn refused(error: &Error) -> SendError {
    if let Some(why) = http::not_trusted(error) {
        return SendError::Refused(format!("the mail server's certificate is not trusted: {why}"));
    }
    let why = match error.status() {
        Some(code) => format!("the mail server answered {code}: {}", innermost(error)),
        None => format!("the mail server: {}", innermost(error)),
    };
    if error.is_permanent() || error.is_client() { SendError::Refused(why) } else { SendError::Unavailable(why) }
}

fn innermost(error: &Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    printable(&deepest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::text::tests::message;

    fn mail() -> Mail {
        let server = MailServer {
            host: "127.0.0.1",
            port: 25,
            tls: MailTls::None,
            ca_file: None,
            sign_in: None,
            timeout: Duration::from_secs(1),
        };
        let to = ["a@acme.example".to_owned(), "Bäcker <b@acme.example>".to_owned()];
        Mail::by(&server, "Push certificates <push@acme.example>", &to).expect("a channel")
    }

    #[tokio::test]
    async fn no_text_of_others_becomes_a_header() {
        let title = "acme: ends\r\nBcc: everybody@evil.example.com\r\n\r\nhello ü".to_owned();
        let letter = mail().letter(&Message { title, ..message() }, message().at).expect("a letter");
        let bytes = String::from_utf8(letter.formatted()).expect("text");
        let (head, _) = bytes.split_once("\r\n\r\n").expect("a head and a body");
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let wanted = [
            "Message-ID: <0123456789abcdef0123456789abcdef@acme.example>",
            "Auto-Submitted: auto-generated",
            "Date: Fri, 27 Feb 2026 03:00:00 +0000",
        ];
        for line in wanted {
            assert!(head.lines().any(|found| found == line), "{line} is missing in\n{head}");
        }
    }

    #[test]
    fn addresses_with_and_without_a_name() {
        for good in ["a@acme.example", "IT <it@acme.example>"] {
            assert!(mailbox(good).is_ok(), "{good}");
        }
        for bad in ["", "acme.example", "a@b@c", "IT <it@acme.example"] {
            assert!(mailbox(bad).is_err(), "{bad}");
        }
    }
}
