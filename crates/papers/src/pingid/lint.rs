//! A configuration that somebody made, judged: would the console take it, and would the app find its token in it?

mod form;

use serde::Serialize;

pub use form::Form;
use form::{Setting, Settings};

use super::{KEY, Platform, is_uuid, judge_token};
use crate::{Code, Finding, Kind, Severity, escape::printable, judge::Judged};

/// The key under which iOS shows the configuration to the app. It is not part of a file.
const WRAPPER: &str = "com.apple.configuration.managed";

/// The key under which Android's own interface holds an app's configuration.
const ANDROID_WRAPPER: &str = "managedConfiguration";

/// What a configuration holds, its values left out.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigurationFacts {
    /// Its form.
    pub form: Form,
    /// The identifier of the app, where the form has one.
    pub app: Option<String>,
    /// How many settings it has.
    pub settings: usize,
    /// What the token looks like: `uuid`, `variable` or `other`; none where there is no token.
    pub token: Option<&'static str>,
}

/// Judges a configuration for the app of this identifier.
pub fn lint(bytes: &[u8], app: &str) -> Judged {
    let settings = match form::read(bytes) {
        Ok(settings) => settings,
        Err(finding) => return Judged::only(form::kind(bytes), vec![*finding]),
    };
    let mut findings = vec![];
    findings.extend(identity(&settings, app));
    findings.extend(rows(&settings));
    let mut judged = Judged::only(Kind::ManagedAppConfiguration, findings);
    judged.configuration = Some(facts(&settings));
    judged
}

fn facts(settings: &Settings) -> ConfigurationFacts {
    let token = settings.value(KEY).map(|text| match text {
        text if is_uuid(text) => "uuid",
        text if judge_token(text).iter().any(|found| found.code == Code::TokenVariable) => "variable",
        _ => "other",
    });
    ConfigurationFacts { form: settings.form, app: settings.app.clone(), settings: settings.rows.len(), token }
}

/// What the specification of the AppConfig community says about itself. The console compares it with the app.
fn identity(settings: &Settings, app: &str) -> Vec<Finding> {
    if settings.form != Form::Appconfig {
        return vec![];
    }
    let mut found = vec![];
    match settings.app.as_deref().map(str::trim) {
        None | Some("") => found.push(Finding::new(
            Code::AppIdentifierMissing,
            "the specification names no bundleId, and the console takes none without it",
            format!("add  <bundleId>{app}</bundleId>"),
        )),
        Some(named) if named != app => {
            let android = named == Platform::Android.usual_app();
            let message = if android {
                "the bundleId is that of the app for Android"
            } else {
                "the bundleId is another one than the app's, and the console refuses it then"
            };
            let remedy = "look at the app's page in the catalog; where the app there has the other identifier, name it with --app";
            found.push(Finding::new(Code::AppIdentifierDiffers, message, remedy).comparing(app, printable(named)));
        }
        Some(_) => {}
    }
    if settings.version.as_deref().is_none_or(|version| version.trim().is_empty()) {
        let message = "the specification has no version, and the console takes none without it";
        found.push(Finding::new(Code::VersionMissing, message, "add  <version>1</version>"));
    }
    found
}

fn rows(settings: &Settings) -> Vec<Finding> {
    if let Some(wrapper) = [WRAPPER, ANDROID_WRAPPER].into_iter().find(|name| settings.is_nested(name)) {
        let message = format!("the settings stand inside of {wrapper}, where the app does not look for them");
        let remedy = "let the file begin with the settings themselves: the device adds the frame";
        return vec![Finding::new(Code::ConfigurationWrapped, message, remedy)];
    }
    let mut found = vec![];
    if let Some((name, _)) = settings.rows.iter().find(|(_, setting)| matches!(setting, Setting::Nested)) {
        let message = format!(
            "the setting {} is a list or a dictionary; consoles take flat configurations only",
            printable(name)
        );
        found.push(Finding::new(Code::ConfigurationNested, message, "leave one key and one text for the token"));
    }
    match settings.named(KEY).as_slice() {
        [] => found.push(key_missing(settings)),
        [Setting::Text(text)] => found.extend(judge_token(text)),
        [Setting::Other(what)] => {
            let message = format!("the value of {KEY} is {what}, and the app reads a string");
            found.push(Finding::new(Code::TokenNotString, message, "make it a string"));
        }
        [Setting::Nested] => {}
        [_, _, ..] => {
            let message = format!("{KEY} stands there more than once, and which one counts is not known");
            found.push(Finding::new(Code::TokenRepeated, message, "leave only the right one"));
        }
    }
    found.extend(others(settings));
    found
}

fn key_missing(settings: &Settings) -> Finding {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let resembles =
        |name: &str| plain(name) == plain(KEY) || (plain(name).contains("pingid") && plain(name).contains("token"));
    match settings.rows.iter().find(|(name, _)| resembles(name)) {
        Some((name, _)) => Finding::new(
            Code::TokenKeyMisspelt,
            "the key is almost the right one, and the app reads only the right one",
            format!("write it exactly so: {KEY}"),
        )
        .comparing(KEY, printable(name)),
        None => Finding::new(
            Code::TokenKeyMissing,
            format!("there is no setting {KEY}, so the app is told no token"),
            format!("add the key {KEY} with the token as a string"),
        ),
    }
}

/// Settings beside the token: the app may know them, or not.
fn others(settings: &Settings) -> Option<Finding> {
    let others: Vec<_> =
        settings.rows.iter().map(|(name, _)| name.as_str()).filter(|name| *name != KEY).map(printable).collect();
    if others.is_empty() || settings.named(KEY).is_empty() {
        return None;
    }
    let message = format!("there are settings beside the token: {}", others.join(", "));
    let finding = Finding::new(Code::OtherSettings, message, "keep them only if you know what they are for");
    Some(finding.weighing(Severity::Note))
}
