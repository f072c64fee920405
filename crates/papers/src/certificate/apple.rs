//! Apple's object identifiers and authorities, as far as MDM push certificates need them.

use base64::{Engine, engine::general_purpose::STANDARD};
use x509_parser::{der_parser::oid::Oid, oid_registry::asn1_rs::oid};

use super::{Certificate, signature::Signer};
use crate::{Fingerprint, Time, pem::blocks};

/// 0.9.2342.19200300.100.1.1 — UID (RFC 4519, 2.39); in a push certificate it is the topic.
pub(crate) const USER_ID: Oid<'static> = oid!(0.9.2342.19200300.100.1.1);
/// 2.5.4.3 — common name.
pub(crate) const COMMON_NAME: Oid<'static> = oid!(2.5.4.3);
/// 2.5.4.6 — country.
pub(crate) const COUNTRY: Oid<'static> = oid!(2.5.4.6);
/// 1.2.840.113635.100.6.3.1 — development push.
pub(crate) const DEVELOPMENT_PUSH: Oid<'static> = oid!(1.2.840.113635.100.6.3.1);
/// 1.2.840.113635.100.6.3.2 — production push.
pub(crate) const PRODUCTION_PUSH: Oid<'static> = oid!(1.2.840.113635.100.6.3.2);
/// 1.2.840.113635.100.6.3.6 — the topics of an app's push certificate.
pub(crate) const TOPIC_LIST: Oid<'static> = oid!(1.2.840.113635.100.6.3.6);
/// 1.2.840.113635.100.4.12 — the marker of an MDM vendor's certificate.
pub(crate) const MDM_VENDOR: Oid<'static> = oid!(1.2.840.113635.100.4.12);

/// What an authority issues.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Other authorities; it signs itself.
    Root,
    /// Push certificates, or it may one day.
    PushIssuer,
    /// MDM vendor certificates.
    VendorIssuer,
    /// Certificates of other kinds.
    Other,
}

/// An authority whose public key is trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authority {
    /// Its common name.
    pub name: String,
    /// What it issues.
    pub role: Role,
    /// The identifier of its key, by which certificates name their issuer.
    pub key_identifier: Vec<u8>,
    /// First second of its certificate.
    pub not_before: Time,
    /// Last second of its certificate.
    pub not_after: Time,
    /// SHA-256 of its DER SubjectPublicKeyInfo.
    pub public_key_sha256: Fingerprint,
    pub(crate) key: Signer,
}

impl Authority {
    /// Its public key: a DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        self.key.spki()
    }
}

/// The authorities that judgement trusts.
#[derive(Clone, Debug)]
pub struct Authorities {
    listed: Vec<Authority>,
}

/// The text holds no authorities.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no certificate of an authority is in it, or one is damaged")]
pub struct NotAuthorities;

impl Authorities {
    /// Apple's.
    pub fn apple() -> Self {
        Self { listed: APPLE.iter().map(Listed::authority).collect() }
    }

    /// Those in a PEM file: whoever signs itself is a root; the others may issue anything.
    ///
    /// # Errors
    /// [`NotAuthorities`] when there are none, or one is no certificate of an authority.
    pub fn from_pem(pem: &[u8]) -> Result<Self, NotAuthorities> {
        let text = std::str::from_utf8(pem).map_err(|_| NotAuthorities)?;
        let blocks = blocks(text).map_err(|_| NotAuthorities)?;
        let listed = blocks.iter().map(|block| authority(&block.der)).collect::<Result<Vec<_>, _>>()?;
        if listed.is_empty() { Err(NotAuthorities) } else { Ok(Self { listed }) }
    }

    /// The listed authorities with this key identifier. There may be several: an authority's certificate is sometimes
    /// issued anew with the same key.
    pub fn with_key<'a>(&'a self, identifier: &'a [u8]) -> impl Iterator<Item = &'a Authority> {
        self.listed.iter().filter(move |authority| authority.key_identifier == identifier)
    }

    /// The listed roots.
    pub fn roots(&self) -> impl Iterator<Item = &Authority> {
        self.listed.iter().filter(|authority| authority.role == Role::Root)
    }

    /// Every listed authority.
    pub fn iter(&self) -> impl Iterator<Item = &Authority> {
        self.listed.iter()
    }
}

fn authority(der: &[u8]) -> Result<Authority, NotAuthorities> {
    let certificate = Certificate::from_der(der).map_err(|_| NotAuthorities)?;
    let key_identifier = certificate.subject_key.clone().filter(|_| certificate.is_authority).ok_or(NotAuthorities)?;
    let role = if certificate.is_self_issued() { Role::Root } else { Role::PushIssuer };
    Ok(Authority {
        name: certificate.common_name.clone().unwrap_or_default(),
        role,
        key_identifier,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        public_key_sha256: certificate.public_key_sha256,
        key: Signer::new(certificate.spki().to_vec()),
    })
}

/// A line of the table below.
struct Listed {
    name: &'static str,
    role: Role,
    key_identifier: &'static str,
    not_before: i64,
    not_after: i64,
    /// SHA-256 of the DER SubjectPublicKeyInfo, as published. A test holds the keys against it.
    spki_sha256: &'static str,
    /// The DER SubjectPublicKeyInfo in base64.
    spki: &'static str,
}

impl Listed {
    fn authority(&self) -> Authority {
        Authority {
            name: self.name.to_owned(),
            role: self.role,
            key_identifier: octets(self.key_identifier),
            not_before: Time::from_unix(self.not_before),
            not_after: Time::from_unix(self.not_after),
            public_key_sha256: self.spki_sha256.parse().expect("the table holds digests"),
            key: Signer::new(STANDARD.decode(self.spki).expect("the table holds base64")),
        }
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("the table holds hexadecimal");
    (0..hex.len()).step_by(2).map(octet).collect()
}

/// Apple's authorities, from their published certificates. Only names, dates and public keys are facts that are needed;
/// a test holds the keys against their digests and key identifiers.
const APPLE: &[Listed] = &[
    Listed {
        name: "Apple Root CA",
        role: Role::Root,
        key_identifier: "2bd06947947609fef46b8d2e40a6f7474d7f085e",
        // 2006-04-25 to 2035-02-09
        not_before: 1_146_001_236,
        not_after: 2_054_670_036,
        spki_sha256: "eb4993efa9b089e593418aa893f8e93a7374d810e52fcbe01e7f1d7e92a6d024",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5JGpCR+R2x5HUOsF7V55hC3rNqJXTFXsixmJ3vlLbPUHqyIwAugY\
               PvhQCdN/QaiY+dHKZpwkaxHQo7vkGyrDH5WeegykR4tb1BY3M8vED03OFGnRyRly9V0O1X9fm/IlA7pVj01dDfFkNSMVSxVZ\
               HbOU9/acns9QusFYUGePCLQg98usLCBvcLY/ATCMt0PPD5098ytJKBrI/s61uQ7ZXhzWyz21Oq30Dw4AkguxIRYudNU8Ddti\
               FqujcZJHU1XBry9Bs/j743DN5qNMRX4fTGtQlkGJxHRiCxCDQYczioGxMFjsWgQyjGizjx3eZXP/Z15lvEnYdp8zFGWhd5TJ\
               LQIDAQAB",
    },
    Listed {
        name: "Apple Root CA - G2",
        role: Role::Root,
        key_identifier: "c499136c1803c27bc0a3a00d7f72807a1c77268d",
        // 2014-04-30 to 2039-04-30
        not_before: 1_398_881_409,
        not_after: 2_187_799_809,
        spki_sha256: "674039e472561963c8cb00d21a97a90a18bb8a1c4c317ac67e382a652bb573c0",
        spki: "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA2BESSEjaKYpJxRzH7G4zbf5N++Ac3qxe4janJPl/UGtMzrkwVCfl\
               s9btJeYwtgU3XhQiEcXoqhvS+7LSCZU4pO8qSYxdPnFmAzj7FvWFiORakgwEMvLIQPtSX5/2wPHjukWgUNUSi/Ld3pGGI/D1\
               tnIuAdoL9i45CF8ZoWNBCxynlMGGxFMvdvYK1wzRgz8aUxnzV9Unf/wTuPiSjfzTKEM8tWgAJV0nYtPdVd1EIJCDNZPFv7gZ\
               +2vj3AhC5q9t+p5Ayk6FhXhJsdfDwTA5Mqt+X6rTi2+fLRohaHBns6PxmEFtkXz419uo518hGowzvzF0t7jR9OAi9L9yNN/3\
               gU1xfVGh4rPw0ygWc2/NzK03fU7rrUDhP4H99z0KPqLxvTGWKVncwhmAjFt0xizTEFMmHRRPxNSBZjyHZzMnFAjptHeENFKP\
               ifhomBe/w7uqE5MfXVQvqMd8+w0UvhU9JDTymtx1QWYitAHWC6+QngzqYvibWTwI4pY05GPevDfU6wyIA0MLUK+gNN1QTRX7\
               WiTYDPoMY54fA7Hh7uGqQ/RmZSg3AjHvAcce0cyfbcpUOkDbzs9PRotKZZpqxmhs18yZG0ewcsN3j8T3YZx0H879a6HCnJSC\
               q5Si570burlwOZUXxSnzOVg09cSkxntguWZDUD9uYfwO+YaqYAxDS5UCAwEAAQ==",
    },
    Listed {
        name: "Apple Root CA - G3",
        role: Role::Root,
        key_identifier: "bbb0dea15833889aa48a99debebdebafdacb24ab",
        // 2014-04-30 to 2039-04-30
        not_before: 1_398_881_946,
        not_after: 2_187_800_346,
        spki_sha256: "9b219d0fbff36a5fb32090571906bceea68617c833a3f61b81e962a8e64db8af",
        spki: "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEmOkvPUBypO2TInKBExzdEJXxxaNOcdwUFtkO5aYFKndke19OONO7HES1f/UftjJi\
               XcnphFtPME8RWgD9WFgMpfUPLE0HRxN12peXl28xXO0rnXsgO9i5VNlemaQ6UQox",
    },
    Listed {
        name: "Apple Application Integration 2 Certification Authority",
        role: Role::PushIssuer,
        key_identifier: "f7be7c216091db3d1b7bd83a328169df9e6c7f9b",
        // 2013-05-24 to 2028-05-24
        not_before: 1_369_417_417,
        not_after: 1_842_803_017,
        spki_sha256: "4095adc7575991d0f8b4715b7fadc804722b434e3c17f5bc82c9390d893a8392",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuEihZ2xWCJ3lcMVG9K+F47063qHn2ag2PBlipXwVoEeza4EbEKz+\
               2HTmDjWwWE902KP+7S3upHMlWdSW3CbPnSeLVJzckrHgMxIYYpnIua82GKRqgZGnFW3d3Q8tzAWBHX0QzCmJo8kMmaqi7NkB\
               Z2kHAjwXv0QoJLHELDXWsQIACCXvUKcH2yXGw09vW4e+KvGTp9RsXrI5LgSp4W0cO645cT8E87n0V50jAE+Zg16f8AwBWL61\
               0ezXsn7CZeLx7Dym/G7bVrPuCgayC0vJovDxMfau3jVsw4BeUGOQtrptXMDjnyaDSh3em6mwWm/7m2uB7N3fMt78LkKiynha\
               1wIDAQAB",
    },
    Listed {
        name: "Apple Application Integration Certification Authority",
        role: Role::PushIssuer,
        key_identifier: "31ea76a92374a5dfd4fdeea0c1a69ec6110e11ec",
        // 2016-12-14 to 2026-10-21
        not_before: 1_481_749_705,
        not_after: 1_792_540_800,
        spki_sha256: "d331229066558828bac708795a4c50e68756a2f2cb8bd3a6417ce2dae9182913",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA41uzJ2oMv26qTOfFP29tTOaildXr1QKvcHRGudGPrDu33gyE0JBf\
               /+dZQ8661cbF7U/8v8OXWTn5ZOgOSp+f9ux6iOrftudiAX+aD8VKFuus5phfQj6Cyx2zau8bwou2CZnJ8CwS1yuIviqo9mE7\
               ieq/f2lGAsxkPiTpX470++KK/gP6KSzayZRI0N7uL4hM9yC1bCLK6YbFS13Pg69PxrAMs+vQmW2t9yZvCS+HuOK0MlGN9swv\
               iJfc1wxrksqnHtL6Iz6B9gmmiYo9SAmNCA2wXboFWfF5BaQJW2am7YuTvMddeTfhRDWRjtjXD5WSZ0OsdSsSSSM2EV3T8oK4\
               EwIDAQAB",
    },
    Listed {
        name: "Apple Application Integration CA - G3",
        role: Role::PushIssuer,
        key_identifier: "23f249c44f93e4ef27e6c4f6286c3fa2bbfd2e4b",
        // 2014-05-06 to 2029-05-06
        not_before: 1_399_419_990,
        not_after: 1_872_805_590,
        spki_sha256: "1ef14039492808e74d57500311287de28e114e2204443202652fbdab31cdcd69",
        spki: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8BcRhBnXZIXVGl4lgQd26ICi7957rk3gjfxLk+EzVtVmWzWuItCXdg0iTnu6\
               CP12F86Iy3a7ZnC+yOgphP9URQ==",
    },
    Listed {
        name: "Apple Application Integration CA 5 - G1",
        role: Role::PushIssuer,
        key_identifier: "d917fe4b6790384b92f4dbced55780140b8f3dc9",
        // 2019-03-22 to 2034-03-22
        not_before: 1_553_277_213,
        not_after: 2_026_598_400,
        spki_sha256: "15e325f19b2fb58bbdeaebafb0292e5d45e8a27fb3709ebeff9151d5b172516a",
        spki: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEks5jvX2GsasoCjsc4a/7BJSAkaz2Md+myyg1b0RL4SHlV90SjY26gnyVvkn6\
               vjPKrs0EGfEvQyX69L6zy4N+ug==",
    },
    Listed {
        name: "Apple Application Integration CA 7 - G1",
        role: Role::PushIssuer,
        key_identifier: "1a38fe7f80e56dc83716591e1b10f2fa302dafd8",
        // 2023-03-01 to 2038-03-03
        not_before: 1_677_708_727,
        not_after: 2_151_187_200,
        spki_sha256: "fa3fc85c33a71924602033a3c11328c6fa1baf32e03d5557672eefc660117222",
        spki: "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEdAaSxdt5vTPqiyYIDKeDzk++mv6ZPU3rQoYnC4d2swvwU15D4AZ1x4+fnqHbBQTh\
               JC/y/b5UiwYJtXoDnC6JWPQEjM2vWQKBUJCkwnCb8SD5I0/zeoNYQqVjMme11Uwh",
    },
    Listed {
        name: "Apple Worldwide Developer Relations Certification Authority",
        role: Role::VendorIssuer,
        key_identifier: "88271709a9b618608becebbaf64759c55254a3b7",
        // 2013-02-07 to 2023-02-07
        not_before: 1_360_273_727,
        not_after: 1_675_806_527,
        spki_sha256: "02233ddaad63ae72154b9000d86245f922555909c89ec76073c4fd81304dd19f",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyjhUpstWqsgkOUjpjO7sX7h/JpG8NFN6znxjgGF3ZF6lByO2Of5Q\
               LRVWWHAtfsRuwUqFPi/w3oQaoVfJr3sY/2r6FRJJFQgZrKrbKjLtlmNoUhU9jIrsv2sYleADrAF9lwVnzg6FlTdq7Qm2rmfN\
               UWSfxlzRvFduZzWAdjakh4FuOI/YKxVOeyXYWr9Og8GN0pPVGnG1YJydM05V+RJYDIa4Fg3B5XdFjVBIuist5JSF4ejEncZo\
               pbCj/Gd+cLoCWUt3QpE5ufXN4UzvwDtIjKblIV39amq7pxY1YNLmrfNGKcnow4vpecBqYWcVsvD95Wi8Yl9uz5nd7xtj/pJl\
               qwIDAQAB",
    },
    Listed {
        name: "Apple Worldwide Developer Relations Certification Authority - G3",
        role: Role::VendorIssuer,
        key_identifier: "09fec01590f9af640a9212b92628630c97eca7b2",
        // 2020-02-19 to 2030-02-20
        not_before: 1_582_136_027,
        not_after: 1_897_776_000,
        spki_sha256: "ba2db786d508ef9f7d472c218ac4ab916a0d606f54b6d14c74a1a48fe177eb97",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2PWJ/KhZC4fHTJEuLVaQ03gdpDDppUjvC0O/LYT7JF1FG+XrWTYS\
               XFRknmxiLbTGl8rMPPbWBpH85QKmHGq0edVny6zpPwcR4YS8Rx1mjjmi6LRJ7TrS4RBgeo6TjMrA2gzAg9Dj+ZHWp4zIwXPi\
               rkbRYp2SqJBgN31ols2N4Pyb+ni743uvLRfdW/6AWSN1F7gSwe0b5TTO/iK1nkmw5VW/j4SiPKi6xYaVFuQAyZ8D0MyzOhZ7\
               1gVcnetHrg21LYwOaU1A0EtMOwSejSGxrC5DVDDOwYqGlJhL32oNP/77HK6XF8J4CjDgXx9UO0m3JQAaN4LSVpelUkl8YDib\
               7wIDAQAB",
    },
    Listed {
        name: "Apple Worldwide Developer Relations Certification Authority - G4",
        role: Role::Other,
        key_identifier: "5bd9fa1de79a1a0ba399762250863e91c85b77a8",
        // 2020-12-16 to 2030-12-10
        not_before: 1_608_147_364,
        not_after: 1_923_091_200,
        spki_sha256: "84106e7fa43b6f2c30ab7e08a0def8e47aa5895d39b98f965212c45551c81473",
        spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0B94qnonMrBGX+cXdtignQ4pjq09MqXEazfJ5EGRard5cV0MNARg\
               dfeuQ49HxIYeCOi/1jlSLx5n/HHxgm08fgZSdp0svNVD6bG0vEA6eFFdUaEl4b5skZ1rIVkYQdUPjW1BKjlKIeCQn04TT9CM\
               mjK412qSHiVqpDLOIhmFBWDcAkryWut3eQJ9wJdUbJKOdgHmRo/l5ir7orCtGK1tM4U4I4vqipbtn65mT6MMQCdtldBiiNlD\
               KSf97aS/Uy6QFWU82S5iZDMdbGrdjiGqpF8VxjDtX+aMNpKUt9w5AgD7ZIzUDIHyP9U0l4d1JsJvrgNjIQx71BuxYsUCnL39\
               rwIDAQAB",
    },
];

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;
    use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};

    use super::*;

    #[test]
    fn every_key_has_its_published_digest_and_identifier() {
        for listed in APPLE {
            let authority = listed.authority();
            assert_eq!(Fingerprint::of(authority.spki()).to_string(), listed.spki_sha256, "{}", listed.name);
            let (rest, key) = SubjectPublicKeyInfo::from_der(authority.spki()).expect("a public key");
            assert!(rest.is_empty());
            // RFC 5280, 4.2.1.2, method 1.
            let identifier = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &key.subject_public_key.data);
            assert_eq!(identifier.as_ref(), authority.key_identifier, "{}", listed.name);
        }
    }

    #[test]
    fn text_without_authorities() {
        for text in [&b""[..], b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Authorities::from_pem(text).err(), Some(NotAuthorities));
        }
    }
}
