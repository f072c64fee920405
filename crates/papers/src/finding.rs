//! What a check finds: a stable code, how serious it is, what is wrong, and what to do now.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Look at it; nothing is blocked.
    Warn,
    /// Nothing that has this finding is installed or handed on.
    Refuse,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        })
    }
}

/// What all findings of one paper come to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing, or only notes.
    Accept,
    /// Acceptable, with something to look at.
    Warn,
    /// Not acceptable.
    Refuse,
}

impl Verdict {
    /// The verdict that the most serious of these findings gives.
    pub fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Refuse) => Self::Refuse,
            Some(Severity::Warn) => Self::Warn,
            Some(Severity::Note) | None => Self::Accept,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accept => "accept",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        })
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The stable word for it.
    pub code: Code,
    /// How much it weighs here.
    pub severity: Severity,
    /// What is wrong, with the facts.
    pub message: Cow<'static, str>,
    /// The next thing to do.
    pub remedy: Cow<'static, str>,
    /// Where it compares: what was expected.
    pub expected: Option<String>,
    /// Where it compares: what was found.
    pub found: Option<String>,
}

impl Finding {
    /// A finding of the code's own severity.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            remedy: remedy.into(),
            expected: None,
            found: None,
        }
    }

    /// The same, saying what was expected and what was found.
    #[must_use]
    pub fn comparing(mut self, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        self.expected = Some(expected.to_string());
        self.found = Some(found.to_string());
        self
    }

    /// The same, weighing differently in this place.
    #[must_use]
    pub fn weighing(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal, $severity:ident;)+) => {
        /// The stable word for a finding. Scripts and monitoring rely on these words.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $meaning])+ #[serde(rename = $word)] $name,)+
        }

        impl Code {
            /// Every code there is, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word, as JSON and people see it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What it weighs unless the place says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// One sentence on what it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning),+).trim(),)+ }
            }
        }
    };
}

codes! {
    // What a file is, when it is not what was wanted
    /// The file has no bytes.
    EmptyFile = "empty-file", Refuse;
    /// The file is larger than any paper of this kind.
    TooLarge = "too-large", Refuse;
    /// The file is a web page: usually a sign-in page saved under the certificate's name.
    HtmlPage = "html-page", Refuse;
    /// The file is JSON: usually what the portal's upload answered to the browser.
    JsonAnswer = "json-answer", Refuse;
    /// The file is a push certificate request: it goes to Apple's portal.
    PushRequest = "push-request", Refuse;
    /// The file is a certificate signing request without a vendor signature: Apple refuses it.
    BareCsr = "bare-csr", Refuse;
    /// The file is a private key.
    PrivateKey = "private-key", Refuse;
    /// The file is an MDM vendor's certificate, with which requests are signed.
    VendorCertificate = "vendor-certificate", Refuse;
    /// The file is a push certificate of an app, not of device management.
    AppPushCertificate = "app-push-certificate", Refuse;
    /// The file is a certificate of an authority.
    AuthorityCertificate = "authority-certificate", Refuse;
    /// The file is a certificate of some other kind.
    OtherCertificate = "other-certificate", Refuse;
    /// The file holds several certificates, none of which issued another.
    SeveralCertificates = "several-certificates", Refuse;
    /// A private key stands in the file beside the certificate.
    PrivateKeyIncluded = "private-key-included", Refuse;
    /// The file begins like a paper we know, and cannot be read.
    Damaged = "damaged", Refuse;
    /// The passphrase does not open the file.
    WrongPassword = "wrong-password", Refuse;
    /// The path is a folder, a link, a pipe, a socket or a device.
    NotAFile = "not-a-file", Refuse;
    /// The file cannot be opened or read.
    Unreadable = "unreadable", Refuse;
    /// The file is nothing that we know.
    UnknownKind = "unknown-kind", Refuse;

    // A push certificate
    /// The certificate's subject has no UID, so it has no topic.
    TopicMissing = "topic-missing", Refuse;
    /// The certificate's UID is not an MDM topic.
    TopicPrefix = "topic-prefix", Refuse;
    /// The certificate has another topic than the devices listen to: installed, it loses every device.
    TopicChanged = "topic-changed", Refuse;
    /// There is nothing to compare the topic with.
    TopicUnknown = "topic-unknown", Note;
    /// The certificate has the topic of another tenant.
    OtherTenant = "other-tenant", Refuse;
    /// The common name and the topic do not have the same UUID.
    NameDiffers = "name-differs", Warn;
    /// The certificate answers another request than ours: the server does not hold its key.
    KeyMismatch = "key-mismatch", Refuse;
    /// No request is at hand to compare the certificate's key with.
    KeyNotCompared = "key-not-compared", Warn;
    /// The certificate is not for production push.
    NotPush = "not-push", Refuse;
    /// The certificate is for development push.
    DevelopmentPush = "development-push", Refuse;
    /// The certificate is not for client authentication.
    ClientAuthMissing = "client-auth-missing", Refuse;
    /// The key is not RSA of at least 2048 bits.
    WeakKey = "weak-key", Refuse;
    /// The authority that the certificate names did not sign it.
    SignatureInvalid = "signature-invalid", Refuse;
    /// The certificate was not issued by Apple.
    NotApple = "not-apple", Refuse;
    /// The issuer is not listed here, and is itself signed by an Apple root.
    IssuerNew = "issuer-new", Warn;
    /// The issuer has an Apple name, and nothing here can tell whether it is Apple's.
    IssuerUnverified = "issuer-unverified", Warn;
    /// The certificate's first day is still to come.
    NotYetValid = "not-yet-valid", Refuse;
    /// The certificate has ended.
    Expired = "expired", Refuse;
    /// The certificate ends within the days given.
    EndsSoon = "ends-soon", Warn;
    /// The certificate ends before the installed one of the same topic.
    EndsEarlier = "ends-earlier", Refuse;
    /// This is the old certificate again.
    SameCertificate = "same-certificate", Refuse;
    /// This very certificate is installed already.
    AlreadyInstalled = "already-installed", Note;
    /// The certificate is not valid for 365 days.
    UnusualValidity = "unusual-validity", Warn;
    /// Apple has revoked the certificate.
    Revoked = "revoked", Refuse;
    /// The country is US, which is also what Apple writes when the request names none.
    CountryDefault = "country-default", Note;

    // A push certificate request
    /// The request is encoded twice.
    DoubleBase64 = "double-base64", Warn;
    /// The request is a bare property list, without its encoding.
    BarePlist = "bare-plist", Warn;
    /// The request was saved by an editor, in UTF-16 or with a byte order mark.
    TextEncoding = "text-encoding", Warn;
    /// The request lacks one of its three parts.
    MissingPart = "missing-part", Refuse;
    /// The certificate signing request inside cannot be read.
    CsrDamaged = "csr-damaged", Refuse;
    /// The certificate signing request inside is not signed by its own key.
    CsrSignatureInvalid = "csr-signature-invalid", Refuse;
    /// The certificate signing request inside is signed with SHA-1.
    CsrSignatureSha1 = "csr-signature-sha1", Note;
    /// The vendor's certificate in the request did not sign it.
    VendorSignatureInvalid = "vendor-signature-invalid", Refuse;
    /// The vendor's signature uses SHA-1.
    VendorSignatureSha1 = "vendor-signature-sha1", Warn;
    /// The vendor's certificate has ended, and the request with it.
    VendorExpired = "vendor-expired", Refuse;
    /// The vendor's certificate ends within days.
    VendorExpiresSoon = "vendor-expires-soon", Warn;
    /// The certificate that signed the request is not an MDM vendor's.
    VendorMarkerMissing = "vendor-marker-missing", Refuse;
    /// The certificates in the request do not sign one another.
    ChainBroken = "chain-broken", Refuse;
    /// The certificates in the request do not lead to an Apple root.
    ChainNotApple = "chain-not-apple", Refuse;
    /// An authority in the request has ended.
    ChainExpired = "chain-expired", Refuse;
    /// The portal takes files whose names end in .txt.
    FileName = "file-name", Warn;
    /// The request names no country, so Apple writes US.
    CountryMissing = "country-missing", Note;
    /// A newer request has been fetched since.
    RequestSuperseded = "request-superseded", Warn;
    /// The request is more than a day old.
    RequestOld = "request-old", Warn;

    // A PKCS #12 file
    /// There is no private key in the PKCS #12 file.
    KeyMissing = "key-missing", Refuse;
    /// There is no certificate in the PKCS #12 file.
    CertificateMissing = "certificate-missing", Refuse;
    /// The PKCS #12 file opens without a passphrase.
    EmptyPassword = "empty-password", Warn;
    /// No code guards the PKCS #12 file against changes.
    MacMissing = "mac-missing", Warn;
    /// The PKCS #12 file is encrypted with a cipher that nobody should use for anything new.
    OldEncryption = "old-encryption", Note;
    /// The PKCS #12 file is encrypted in a way that is not known here, or that asks for too much work.
    UnreadableEncryption = "unreadable-encryption", Refuse;

    // A managed app configuration
    /// The configuration is no dictionary of settings.
    RootNotDictionary = "root-not-dictionary", Refuse;
    /// The configuration is not flat: consoles refuse lists and dictionaries inside of it.
    ConfigurationNested = "configuration-nested", Refuse;
    /// The settings stand inside of a frame that is not part of a file, where the app does not look.
    ConfigurationWrapped = "configuration-wrapped", Refuse;
    /// The configuration has no setting for the token.
    TokenKeyMissing = "token-key-missing", Refuse;
    /// The setting for the token is almost, and not exactly, called as the app reads it.
    TokenKeyMisspelt = "token-key-misspelt", Refuse;
    /// The setting for the token stands there more than once.
    TokenRepeated = "token-repeated", Refuse;
    /// The token's setting is no string.
    TokenNotString = "token-not-string", Refuse;
    /// The token is empty.
    TokenEmpty = "token-empty", Refuse;
    /// White space stands before or after the token.
    TokenWhiteSpace = "token-white-space", Refuse;
    /// The token stands in quotation marks.
    TokenQuoted = "token-quoted", Refuse;
    /// The token holds a character that is no part of any text.
    TokenControlCharacter = "token-control-character", Refuse;
    /// A label was copied with the token.
    TokenLabelled = "token-labelled", Refuse;
    /// The token is a template's placeholder.
    TokenPlaceholder = "token-placeholder", Refuse;
    /// The token is a substitution variable, which the server fills in.
    TokenVariable = "token-variable", Warn;
    /// The token is no UUID, as PingID makes them.
    TokenNotUuid = "token-not-uuid", Warn;
    /// The specification names no app.
    AppIdentifierMissing = "app-identifier-missing", Refuse;
    /// The specification names another app.
    AppIdentifierDiffers = "app-identifier-differs", Refuse;
    /// The specification has no version.
    VersionMissing = "version-missing", Refuse;
    /// There are settings beside the token.
    OtherSettings = "other-settings", Note;

    // The key of a Google service account
    /// The file is the JSON of an OAuth client, which signs people in.
    OauthClient = "oauth-client", Refuse;
    /// The file is a person's own sign-in to Google.
    UserCredential = "user-credential", Refuse;
    /// The file is a federated sign-in, without any key.
    ExternalAccount = "external-account", Refuse;
    /// The file is an Android app's google-services.json.
    GoogleServices = "google-services", Refuse;
    /// The file looks like the enrolment file of MobileIron Core.
    CoreEnrolment = "core-enrolment", Refuse;
    /// The JSON is not the key of a service account.
    NotServiceAccount = "not-service-account", Refuse;
    /// The key lacks a field.
    KeyFieldMissing = "key-field-missing", Refuse;
    /// A field stands there more than once.
    KeyFieldRepeated = "key-field-repeated", Refuse;
    /// The line ends of the private key were escaped twice.
    NewlinesEscaped = "newlines-escaped", Refuse;
    /// The private key cannot be read.
    PrivateKeyDamaged = "private-key-damaged", Refuse;
    /// The account's address does not look as Google writes it.
    AccountAddress = "account-address", Warn;
    /// The account belongs to another project than the key says.
    ProjectDiffers = "project-differs", Warn;
    /// The account's number is not one.
    AccountNumber = "account-number", Warn;
    /// The key's name is not hexadecimal, as Google writes it.
    KeyName = "key-name", Warn;
    /// The key would be shown to a host that is not Google's.
    TokenAddress = "token-address", Warn;
    /// The address of the public certificate does not belong to the account.
    CertificateAddress = "certificate-address", Warn;
    /// Others than its owner may read the file.
    ReadableByOthers = "readable-by-others", Warn;
    /// The file lies in a Git work tree.
    InGit = "in-git", Warn;
    /// Google does not publish a key of this name for the account.
    KeyNotPublished = "key-not-published", Refuse;
    /// Google publishes another public key under this name.
    PublicKeyDiffers = "public-key-differs", Refuse;
    /// Google does not give a token for the key.
    KeyRefused = "key-refused", Refuse;
}

impl Code {
    /// The code of this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_code() {
        for code in Code::ALL {
            assert_eq!(Code::from_word(code.word()), Some(*code));
            assert!(code.meaning().ends_with('.'), "{code}: {}", code.meaning());
        }
    }

    #[test]
    fn the_most_serious_finding_decides() {
        let note = Finding::new(Code::TopicUnknown, "", "");
        let warn = Finding::new(Code::NameDiffers, "", "");
        let refuse = Finding::new(Code::Expired, "", "");
        assert_eq!(Verdict::of(&[]), Verdict::Accept);
        assert_eq!(Verdict::of(std::slice::from_ref(&note)), Verdict::Accept);
        assert_eq!(Verdict::of(&[note.clone(), warn.clone()]), Verdict::Warn);
        assert_eq!(Verdict::of(&[refuse, warn, note]), Verdict::Refuse);
    }
}
