//! The words by which requests are recognised, and those that a profile may hold as they are.

/// Fields that carry a user's name.
const USERNAMES: [&str; 12] = [
    "username",
    "user_name",
    "j_username",
    "user",
    "userid",
    "user_id",
    "login",
    "loginname",
    "email",
    "emailaddress",
    "account",
    "principal",
];

/// Fields that carry a password.
const PASSWORDS: [&str; 8] =
    ["password", "j_password", "passwd", "pwd", "pass", "passphrase", "userpassword", "loginpassword"];

/// Fields that carry a second factor.
const SECOND_FACTORS: [&str; 10] = [
    "otp",
    "totp",
    "pin",
    "passcode",
    "mfacode",
    "verificationcode",
    "onetimepassword",
    "securitycode",
    "authcode",
    "twofactorcode",
];

/// What the names of anti-forgery values hold.
const GUARDS: [&str; 4] = ["csrf", "xsrf", "nonce", "forgery"];

/// What the names of other values hold that nobody else may know.
const SECRETS: [&str; 9] =
    ["token", "session", "secret", "jwt", "apikey", "ticket", "assertion", "saml", "authorization"];

/// Values that a request may hold as they are, because they say nothing of anybody: the vocabulary of consoles.
const VOCABULARY: [&str; 19] = [
    "true",
    "false",
    "null",
    "json",
    "xml",
    "html",
    "on",
    "off",
    "yes",
    "no",
    "asc",
    "desc",
    "all",
    "XMLHttpRequest",
    "LOGIN",
    "application/json",
    "getMDMCertificate",
    "ios",
    "apple",
];

/// The media types that browsers give a certificate's file.
pub const FILE_MEDIA: [&str; 6] = [
    "application/x-x509-ca-cert",
    "application/x-pem-file",
    "application/pem-certificate-chain",
    "application/pkix-cert",
    "application/octet-stream",
    "text/plain",
];

/// Cookies and the headers that repeat them by the convention of a framework.
const DOUBLED: [(&str, &str); 2] = [("x-xsrf-token", "XSRF-TOKEN"), ("x-csrftoken", "csrftoken")];

/// Headers that are the browser's own, or are made anew from the body.
const BROWSERS: [&str; 30] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "alt-used",
    "baggage",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "dnt",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "newrelic",
    "pragma",
    "priority",
    "proxy-connection",
    "range",
    "save-data",
    "sentry-trace",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
];

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '.' | ' ')).collect::<String>().to_ascii_lowercase()
}

fn last_word(name: &str) -> String {
    plain(name.rsplit(['.', ']', '[', ':']).find(|part| !part.is_empty()).unwrap_or(name))
}

pub fn is_username(name: &str) -> bool {
    USERNAMES.contains(&last_word(name).as_str())
}

pub fn is_password(name: &str) -> bool {
    PASSWORDS.contains(&last_word(name).as_str())
}

pub fn is_second_factor(name: &str) -> bool {
    SECOND_FACTORS.contains(&last_word(name).replace('_', "").as_str())
}

/// Whether a value of this name guards against forgery.
pub fn is_guard(name: &str) -> bool {
    let name = plain(name);
    GUARDS.iter().any(|word| name.contains(word))
}

/// Whether a value of this name is nobody else's business.
pub fn is_secret(name: &str) -> bool {
    let name = plain(name).replace('_', "");
    is_guard(&name) || is_password(&name) || SECRETS.iter().any(|word| name.contains(word))
}

/// Whether a request may hold this value as it is.
pub fn is_vocabulary(value: &str) -> bool {
    let small_number = value.len() <= 3 && value.chars().all(|c| c.is_ascii_digit());
    small_number || VOCABULARY.contains(&value)
}

/// The cookie that a header repeats by convention.
pub fn doubled_cookie(header: &str) -> Option<&'static str> {
    DOUBLED.iter().find(|(name, _)| *name == header).map(|(_, cookie)| *cookie)
}

/// Whether a header says nothing of the request's purpose.
pub fn is_browsers(header: &str) -> bool {
    header.starts_with(':')
        || header.starts_with("sec-")
        || header.starts_with("x-datadog-")
        || header.starts_with("x-newrelic-")
        || header.starts_with("x-b3-")
        || BROWSERS.contains(&header)
}

/// Whether a text is a word, or several, and not a number or a value that somebody made up at random.
pub fn is_word(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let humps = text.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let vowels = text.chars().filter(|c| "aeiouyAEIOUY".contains(*c)).count();
    let spoken = letters < 8 || vowels * 7 >= letters;
    plain && (1..=64).contains(&text.len()) && letters > 0 && digits <= 3 && humps.count() <= 1 + letters / 6 && spoken
}

/// Whether a path, a name or another word of a request is about the push certificate.
pub fn is_about_certificates(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["mdm", "apns", "push", "cert", "csr", "apple"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_random_values() {
        for word in [
            "getMDMCertificate",
            "sandboxRequestMDMCertificate",
            "mdm-certificate",
            "ud.html",
            "v2",
            "j_spring_security_check",
            "login.jsp",
            "api",
        ] {
            assert!(is_word(word), "{word}");
        }
        for random in [
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "kJdhQwZpLmN",
            "980b6421-2edc-4d9a-aea7-10cd7610ad2b",
            "20260301",
            "a b",
            "",
            "...",
            "qzxkvbnmtrw",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
        ] {
            assert!(!is_word(random), "{random}");
        }
    }

    #[test]
    fn fields() {
        assert!(is_password("j_password") && is_password("login.Password") && !is_password("password_hint"));
        assert!(is_username("j_username") && is_username("user[email]") && !is_username("usernames"));
        assert!(is_second_factor("verification_code") && is_second_factor("PIN") && !is_second_factor("spinning"));
        assert!(is_guard("X-XSRF-TOKEN") && is_guard("csrfNonce") && !is_guard("cmd"));
        assert!(is_vocabulary("365") && !is_vocabulary("4096"));
    }
}
