//! The configuration in every form in which a console takes it, all from one token.

use super::{KEY, Platform};
use crate::Secret;

/// A form of the configuration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// A flat property list: what "Use .plist" takes.
    Plist,
    /// The AppConfig community's specification, in XML.
    Appconfig,
    /// A managed configuration for Android, in JSON.
    Json,
    /// Key and value, for consoles in which they are typed.
    Card,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Plist, Self::Appconfig, Self::Json, Self::Card];

    /// The ending of a file of this form.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Plist => "plist",
            Self::Appconfig => "xml",
            Self::Json => "json",
            Self::Card => "txt",
        }
    }

    /// The form that a console takes without typing, where there is one.
    pub const fn usual(platform: Platform) -> Self {
        match platform {
            Platform::Ios => Self::Plist,
            Platform::Android => Self::Json,
        }
    }

    /// Whether this platform knows the form.
    pub const fn suits(self, platform: Platform) -> bool {
        match self {
            Self::Plist | Self::Appconfig => matches!(platform, Platform::Ios),
            Self::Json => matches!(platform, Platform::Android),
            Self::Card => true,
        }
    }
}

/// The configuration with this token, for the app of this identifier.
pub fn render(format: Format, platform: Platform, app: &str, token: &Secret) -> Secret {
    let value = token.reveal();
    Secret::new(match format {
        Format::Plist => plist(value),
        Format::Appconfig => appconfig(app, value),
        Format::Json => json(value),
        Format::Card => card(platform, app, value),
    })
}

fn plist(token: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>{KEY}</key>\n\t<string>{}</string>\n</dict>\n</plist>\n",
        escaped(token)
    )
}

fn appconfig(app: &str, token: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <managedAppConfiguration>\n  <version>1</version>\n  <bundleId>{}</bundleId>\n  <dict>\n    \
         <string keyName=\"{KEY}\">\n      <defaultValue>\n        <value>{}</value>\n      </defaultValue>\n    </string>\n  </dict>\n  \
         <presentation defaultLocale=\"en-US\">\n    <field keyName=\"{KEY}\" type=\"input\">\n      <label>\n        \
         <language value=\"en-US\">PingID MDM token</language>\n      </label>\n    </field>\n  </presentation>\n\
         </managedAppConfiguration>\n",
        escaped(app),
        escaped(token)
    )
}

fn json(token: &str) -> String {
    let value = serde_json::to_string(token).expect("a token is text");
    format!("{{\n  \"{KEY}\": {value}\n}}\n")
}

fn card(platform: Platform, app: &str, token: &str) -> String {
    format!("App    {app} ({})\nKey    {KEY}\nType   String\nValue  {token}\n", platform.title())
}

/// Text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
