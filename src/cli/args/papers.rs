//! Commands that work on files alone.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use pushcert_papers::{Country, TenantName, Time, Topic};

/// `check`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert check new.pem --against last-year.pem     # is this the renewed certificate?
  pushcert check ApplePushInfo.txt                   # will Apple's portal take this request?
  pushcert check archive/ -o json                    # every file in a folder, one line each
  pushcert check push.p12 --passphrase-file secret   # what is in it, and does the key fit?")]
pub struct Check {
    /// The files, and folders of files; - reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The certificate that is installed, or was last year: the topic must be the same
    #[arg(long, value_name = "OLD")]
    pub against: Option<PathBuf>,
    /// The topic that devices listen to
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<Topic>,
    /// The request that the certificate must answer
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
    /// The private key that the certificate must belong to
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// What opens that key, or a PKCS #12 file
    #[command(flatten)]
    pub passphrase: Passphrase,
    /// Judge at this time instead of now
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,
    /// Look up in this list whether it is revoked; the list must be signed by its issuer
    #[arg(long, value_name = "FILE", conflicts_with = "online")]
    pub crl: Option<PathBuf>,
    /// Look up in Apple's list whether it is revoked
    // Said apart: in a comment the address would need brackets, which the help would show.
    #[arg(
        help = "Look up in Apple's list whether it is revoked: asks http://crl.apple.com/aai2ca.crl, and nothing else",
        long
    )]
    pub online: bool,
    /// Trust these authorities instead of Apple's (PEM); every output says so
    #[arg(long, value_name = "FILE")]
    pub authorities: Option<PathBuf>,
    /// Refuse what is only worth a warning
    #[arg(long)]
    pub strict: bool,
    /// Warn when the certificate ends within so many days
    #[arg(short, long, value_name = "DAYS")]
    pub warning: Option<u16>,
    /// Refuse when the certificate ends within so many days
    #[arg(short, long, value_name = "DAYS")]
    pub critical: Option<u16>,
    /// What the files are meant to be
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub wanted: Option<Wanted>,
}

/// What a file is meant to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Wanted {
    /// A push certificate
    PushCertificate,
    /// A push certificate request, the file for Apple's portal
    PushRequest,
    /// A PKCS #12 file with a push certificate and its key
    Pkcs12,
}

/// What opens a file, or is to protect a new one.
#[derive(Args, Clone, Debug, Default)]
pub struct Passphrase {
    /// Take the passphrase from the one line in this file; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Take the passphrase from what this program prints
    // Said apart, as above.
    #[arg(
        help = "Take the passphrase from what this program prints, such as 'op read op://it/push/passphrase'",
        long,
        value_name = "COMMAND",
        conflicts_with = "passphrase_file"
    )]
    pub passphrase_command: Option<String>,
}

/// `inspect`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert inspect some-file   # what is it?
  pushcert inspect push.p12 --passphrase-file secret")]
pub struct Inspect {
    /// The files; - reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What opens a PKCS #12 file
    #[command(flatten)]
    pub passphrase: Passphrase,
    /// Count days from this time instead of now
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,
}

/// `csr`
#[derive(Debug, Subcommand)]
pub enum Csr {
    /// What works on files alone.
    #[command(flatten)]
    Alone(CsrAlone),
    /// Fetch the request for Apple's portal from the server, keep it, and stop
    Fetch(CsrFetch),
}

/// `csr`, without a server.
#[derive(Debug, Subcommand)]
pub enum CsrAlone {
    /// Make an own key and its signing request, for servers that take both
    New(CsrNew),
    /// Sign a signing request as an MDM vendor: the file for Apple's portal
    Sign(CsrSign),
    /// Open the sealed reply of a signing service such as mdmcert.download
    Open(CsrOpen),
}

/// `csr new`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert csr new --out acme-2027 --country NL
  pushcert csr new --out acme-2027 --country NL --organization Acme \\
      --email apple-push@acme.example",
    after_help = "\
MobileIron Cloud and Core keep the key of their own request: for them, download the request in the console instead."
)]
pub struct CsrNew {
    /// The folder for the key and the request; nothing in it is written over
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The country, in two letters: all of the request that Apple keeps
    #[arg(long, value_name = "CC")]
    pub country: Country,
    /// The common name
    #[arg(long, value_name = "NAME", default_value = "MDM push")]
    pub common_name: String,
    /// The organisation
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// An address for mail
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// What protects the key [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// `csr sign`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert csr sign request.csr --vendor mdm.p12 --out request.txt \\
      --chain AppleWWDRCAG3.cer --chain AppleIncRootCertificate.cer
  pushcert csr sign request.csr --vendor mdm.cer --vendor-key mdm.key \\
      --chain chain.pem --out request.txt")]
pub struct CsrSign {
    /// The signing request
    #[arg(value_name = "CSR")]
    pub csr: PathBuf,
    /// The vendor's certificate (PEM or DER), or a PKCS #12 file with its key
    #[arg(long, value_name = "FILE")]
    pub vendor: PathBuf,
    /// The vendor's private key, where it is in a file of its own
    #[arg(long, value_name = "FILE")]
    pub vendor_key: Option<PathBuf>,
    /// The authorities above it, in any order and any number of files
    #[arg(long, value_name = "FILE")]
    pub chain: Vec<PathBuf>,
    /// The file for Apple's portal; it must end in .txt
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Trust these authorities instead of Apple's (PEM)
    #[arg(long, value_name = "FILE")]
    pub authorities: Option<PathBuf>,
    /// What opens the vendor's key [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// `csr open`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert csr open mdm_signed_request.plist.b64.p7 --key encryption-key.pem --out request.txt")]
pub struct CsrOpen {
    /// The sealed reply, such as `mdm_signed_request.….plist.b64.p7`
    #[arg(value_name = "REPLY")]
    pub reply: PathBuf,
    /// The key that it was sealed for
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The file for Apple's portal; it should end in .txt
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Trust these authorities instead of Apple's (PEM)
    #[arg(long, value_name = "FILE")]
    pub authorities: Option<PathBuf>,
    /// What opens the key [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// `csr fetch`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert csr fetch acme                     # the request step of a renewal
  pushcert csr fetch acme --out request.txt   # and a copy of it here",
    after_help = "\
A server may make a new key for each request that it gives. So this opens a renewal, is on record before it happens, needs \
        a person (or unattended_request = true), and asks again where a request is open."
)]
pub struct CsrFetch {
    /// The tenant
    #[arg(value_name = "TENANT")]
    pub tenant: TenantName,
    /// A copy for Apple's portal; it must end in .txt, and nothing is written over
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `p12`
#[derive(Debug, Subcommand)]
pub enum P12 {
    /// Pack a push certificate and its key into a PKCS #12 file
    Pack(P12Pack),
    /// Take certificate and key out of a PKCS #12 file
    Open(P12Open),
}

/// `p12 pack`
#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  pushcert p12 pack push.pem --key acme-2027/private-key.pem --out push.p12
  pushcert p12 pack push.pem --key private-key.pem --out push.p12 \\
      --profile compatible --chain AppleAAI2CA.cer
  pushcert p12 pack --tenant acme --out push.p12    # the own key that the store keeps")]
pub struct P12Pack {
    /// The push certificate
    #[arg(value_name = "CERTIFICATE", required_unless_present = "tenant", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "FILE", required_unless_present = "tenant", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Take the own key that the store keeps for this tenant, and its newest certificate; that goes on record
    #[arg(long, value_name = "TENANT", conflicts_with_all = ["certificate", "key"])]
    pub tenant: Option<TenantName>,
    /// Authorities to put in as well
    #[arg(long, value_name = "FILE")]
    pub chain: Vec<PathBuf>,
    /// The PKCS #12 file; nothing is written over
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How it is encrypted
    #[arg(long, value_enum, default_value = "modern")]
    pub profile: Packing,
    /// Trust these authorities instead of Apple's (PEM)
    #[arg(long, value_name = "FILE")]
    pub authorities: Option<PathBuf>,
    /// Take the passphrase of the key from this file [default: the configuration's for a tenant, or the same as that of the
    /// PKCS #12 file]
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<PathBuf>,
    /// What is to protect the PKCS #12 file [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// How a PKCS #12 file is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Packing {
    /// AES-256 and SHA-256, which today's programs read
    Modern,
    /// Triple DES and SHA-1, which every program reads
    Compatible,
}

/// `p12 open`
#[derive(Args, Debug)]
#[command(
    before_help = "\
Examples:
  pushcert p12 open push.p12 --out push
  pushcert p12 open push.p12 --out push --passphrase-file old --key-passphrase-file new",
    after_help = "\
The key is never written unprotected."
)]
pub struct P12Open {
    /// The PKCS #12 file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The folder for what is in it; nothing in it is written over
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Protect the key with the passphrase in this file [default: that of the PKCS #12 file]
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<PathBuf>,
    /// What opens the PKCS #12 file [default: asked for]
    #[command(flatten)]
    pub passphrase: Passphrase,
}
