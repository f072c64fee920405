//! A test report in the XML of `JUnit`, for pipelines: a test for every certificate.

use pushcert_papers::{
    escape::printable,
    watch::{Level, State},
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event as Xml},
};

use super::nagios;
use crate::commands::Watched;

/// The report.
pub fn junit(watched: &[Watched]) -> String {
    let mut xml = Writer::new_with_indent(vec![], b' ', 2);
    report(&mut xml, watched).expect("memory takes what is written to it");
    String::from_utf8(xml.into_inner()).expect("what is written is UTF-8") + "\n"
}

fn report(xml: &mut Writer<Vec<u8>>, watched: &[Watched]) -> std::io::Result<()> {
    let count = |level: Level| watched.iter().filter(|one| one.level == level).count();
    let failures = (count(Level::Critical) + count(Level::Warning)).to_string();
    let (errors, tests) = (count(Level::Unknown).to_string(), watched.len().to_string());
    let totals = [("tests", tests.as_str()), ("failures", failures.as_str()), ("errors", errors.as_str())];
    xml.write_event(Xml::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites").with_attributes(totals).write_inner_content(|xml| {
        let suite = xml.create_element("testsuite").with_attribute(("name", "pushcert")).with_attributes(totals);
        suite
            .with_attribute(("time", "0"))
            .write_inner_content(|xml| watched.iter().try_for_each(|one| case(xml, one)))?;
        Ok(())
    })?;
    Ok(())
}

/// What the message is about: a problem that is graver than the date, or else the state; where the date is well, how
/// serious the rest is.
fn kind(one: &Watched) -> &'static str {
    match one.why.filter(|why| one.problems.contains(why)) {
        Some(problem) => problem,
        None if one.state == State::Ok && one.level == Level::Critical => State::Critical.word(),
        None if one.state == State::Ok && one.level == Level::Warning => State::Warning.word(),
        None => one.state.word(),
    }
}

fn case(xml: &mut Writer<Vec<u8>>, one: &Watched) -> std::io::Result<()> {
    let name = printable(&one.name);
    let class = if one.is_file { "pushcert.check" } else { "pushcert.status" };
    let case = xml.create_element("testcase").with_attributes([("classname", class), ("name", &name), ("time", "0")]);
    let outcome = match one.level {
        Level::Ok => None,
        Level::Warning | Level::Critical => Some("failure"),
        Level::Unknown => Some("error"),
    };
    case.write_inner_content(|xml| {
        let (line, _) = nagios(std::slice::from_ref(one));
        let words = line.split(" | ").next().unwrap_or_default().trim().to_owned();
        if let Some(outcome) = outcome {
            let element = xml.create_element(outcome).with_attributes([("type", kind(one)), ("message", &words)]);
            element.write_text_content(BytesText::new(one.next.as_deref().unwrap_or_default()))?;
        } else {
            xml.create_element("system-out").write_text_content(BytesText::new(&words))?;
        }
        Ok(())
    })?;
    Ok(())
}
