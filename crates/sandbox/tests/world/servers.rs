//! Both servers: who may come in, and the shapes of the documented interfaces.

use reqwest::Method;
use serde_json::{Value, json};

use crate::visit::{DEVICES, NOW, Visit};

/// All devices of a server: a fortieth, and two, are Android.
const ALL: usize = DEVICES + DEVICES / 40 + 2;
const DEVICE_LIST: &str = "/api/v1/device?dmPartitionId=40431&start=0";

#[tokio::test]
async fn nothing_of_a_documented_interface_is_looked_at_before_the_sign_in() {
    let visit = Visit::begin().await;
    for (method, server, path) in [
        (Method::GET, "cloud", "/api/v1/device?rows=many"),
        (Method::PUT, "cloud", "/api/v1/device/forceCheckin"),
        (Method::POST, "cloud", "/msa/v1/cps/device"),
        (Method::GET, "core", "/api/v2/ping"),
        (Method::PUT, "core", "/api/v2/devices/wakeup"),
        (Method::GET, "core", "/api/v1/dm/devices"),
    ] {
        for asked in [
            visit.ask(method.clone(), server, path).body("}"),
            visit.ask(method, server, path).basic_auth("push-api@example.com", Some("wrong")).body("}"),
        ] {
            let answer = asked.send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{path}");
            assert!(answer.headers().get("www-authenticate").is_none(), "{path}: no challenge");
        }
    }
    assert_eq!(visit.deeds(), ["sign-in-refused"; 12]);
}

#[tokio::test]
async fn the_consoles_want_their_anti_forgery_values() {
    let visit = Visit::begin().await;
    for (server, path) in [("cloud", "/admin/api/mdm-certificate"), ("core", "/mifs/admin/sandboxUploadMDMCertificate")]
    {
        visit.sign_in(server).await;
        let answer = visit.ask(Method::POST, server, path).send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "{path}");
    }
    let fields = [("username", "push-api@example.com"), ("password", "x"), ("_csrf", "guessed")];
    let answer = visit.ask(Method::POST, "cloud", "/admin/login").form(&fields).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn a_wrong_password_is_answered_by_a_page() {
    let visit = Visit::begin().await;
    let core = visit.sign_in_to_core("wrong").await;
    assert_eq!(core.status(), 200);
    assert!(core.text().await.expect("a page").contains("Login Failed"));
    let cloud = visit.sign_in_to_cloud("wrong").await;
    assert_eq!(cloud.status(), 200);
    assert!(cloud.text().await.expect("a page").contains("Sign-in failed"));
    assert_eq!(visit.deeds(), ["sign-in-refused"; 2]);
    let told = serde_json::to_string(&visit.world.record()).expect("JSON");
    assert!(!told.contains("wrong"), "the record tells no password");
}

#[tokio::test]
async fn single_sign_on_lets_nobody_in_by_a_form() {
    let visit = Visit::begin().await;
    visit.switch("single-sign-on");
    for (server, path) in [("cloud", "/admin/login"), ("core", "/mifs/login.jsp")] {
        let answer = visit.ask(Method::GET, server, path).send().await.expect("a page");
        assert_eq!(answer.url().path(), "/sso", "{server}");
        assert_ne!(answer.url().origin().ascii_serialization(), visit.origin(server), "{server}");
        assert!(answer.text().await.expect("a page").contains("Identity provider"), "{server}");
    }
    assert_eq!(visit.sign_in_to_core("wrong").await.url().path(), "/sso");
    assert!(visit.deeds().is_empty());
}

#[tokio::test]
async fn cloud_lists_devices_in_its_envelope() {
    let visit = Visit::begin().await;
    let spaces = visit.get_json("cloud", "/api/v1/tenant/partition/device").await;
    assert_eq!(spaces["result"]["searchResults"][0]["deviceCount"], ALL);
    let space = visit.get_json("cloud", "/api/v1/metadata/tenant").await["result"]["defaultDmPartitionId"].clone();
    assert_eq!(space, spaces["result"]["searchResults"][0]["id"]);
    let list = visit.get_json("cloud", &format!("{DEVICE_LIST}&rows=500")).await;
    assert_eq!((&list["errors"], &list["result"]["totalCount"]), (&Value::Null, &json!(ALL)));
    let list = visit.get_json("cloud", "/api/v1/device?dmPartitionId=40431&rows=500&start=60").await;
    assert_eq!(list["result"]["searchResults"].as_array().map(Vec::len), Some(ALL - 60));
    assert!(list["result"]["searchResults"][0]["lastCheckin"].is_i64());
}

#[tokio::test]
async fn cloud_filters_in_both_styles() {
    let visit = Visit::begin().await;
    for (filter, wanted) in [
        ("platformType=ANDROID", ALL - DEVICES),
        ("registrationState=ACTIVE and platformType=ANDROID", ALL - DEVICES),
        ("PLATFORMTYPE EQ ANDROID", ALL - DEVICES),
        ("registrationState=RETIRED", 0),
        ("registrationState=ACTIVE", ALL),
    ] {
        let asked = visit.api(Method::GET, "cloud", DEVICE_LIST).query(&[("rows", "500"), ("fq", filter)]);
        let list: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(list["result"]["totalCount"], wanted, "{filter}");
    }
}

#[tokio::test]
async fn cloud_refuses_more_than_500_rows_in_the_documented_body() {
    let visit = Visit::begin().await;
    for (rows, code, message) in
        [("501", "Range", "must be between 1 and 500"), ("many", "typeMismatch", "must be a number")]
    {
        let asked = visit.api(Method::GET, "cloud", &format!("{DEVICE_LIST}&rows={rows}"));
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 400);
        let body: Value = answer.json().await.expect("JSON");
        let error = &body["errors"]["fieldErrors"][0];
        assert_eq!((&error["code"], &error["message"]), (&json!(code), &json!(message)));
    }
}

#[tokio::test]
async fn cloud_has_two_forms_of_time_and_short_lists() {
    let visit = Visit::begin().await;
    visit.switch("iso-times");
    visit.switch("list-of-50");
    let list = visit.get_json("cloud", &format!("{DEVICE_LIST}&rows=500")).await;
    let devices = list["result"]["searchResults"].as_array().expect("devices");
    assert_eq!((devices.len(), &list["result"]["totalCount"]), (50, &json!(ALL)));
    assert!(
        devices[0]["lastCheckin"].as_str().is_some_and(|time| time.starts_with("2027-01-15T") && time.ends_with('Z'))
    );
}

#[tokio::test]
async fn cloud_forces_a_check_in() {
    let visit = Visit::begin().await;
    let list = visit.get_json("cloud", &format!("{DEVICE_LIST}&rows=1")).await;
    let device = &list["result"]["searchResults"][0];
    visit.world.clock().advance(10);
    for (id, wanted) in
        [(device["id"].to_string(), 1), (device["guid"].as_str().expect("text").into(), 1), ("7".into(), 0)]
    {
        let asked = visit.api(Method::PUT, "cloud", "/api/v1/device/forceCheckin").form(&[("ids", id)]);
        let answer: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer, json!({ "errors": null, "result": wanted }));
    }
    let after = visit.get_json("cloud", &format!("/api/v1/device/{}?dmPartitionId=40431", device["id"])).await;
    assert_eq!(after["result"]["lastCheckin"], (NOW + 10) * 1_000);
}

#[tokio::test]
async fn core_wants_its_fields_and_pages() {
    let visit = Visit::begin().await;
    let base = "/api/v2/devices?adminDeviceSpaceId=1";
    let answer = visit.api(Method::GET, "core", base).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.expect("JSON");
    assert!(body["messages"][0]["messageKey"].as_str().is_some_and(|key| key.starts_with("com.mobileiron")));
    let query = [("query", "common.status=\"ACTIVE\""), ("fields", "common.uuid"), ("limit", "50"), ("offset", "50")];
    let asked = visit.api(Method::GET, "core", base).query(&query);
    let list: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(
        (&list["totalCount"], &list["resultCount"], &list["hasMore"]),
        (&json!(ALL), &json!(ALL - 50), &json!(false))
    );
    assert_eq!(list["currentServerTimeMilliseconds"], NOW * 1_000);
    let ping = visit.get_json("core", "/api/v2/ping").await;
    assert_eq!(ping["results"]["apiVersion"], 2.0);
}

#[tokio::test]
async fn core_wakes_devices_up() {
    let visit = Visit::begin().await;
    let query = [("query", "common.status=\"ACTIVE\""), ("fields", "common.uuid"), ("limit", "1")];
    let asked = visit.api(Method::GET, "core", "/api/v2/devices?adminDeviceSpaceId=1").query(&query);
    let list: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    let uuid = list["results"][0]["common.uuid"].as_str().expect("a UUID");
    visit.world.clock().advance(10);
    let body = json!({ "deviceUuids": [uuid], "note": "a proof" });
    let asked = visit.api(Method::PUT, "core", "/api/v2/devices/wakeup?adminDeviceSpaceId=1&actionType=WAKE_UP");
    let answer: Value = asked.json(&body).send().await.expect("an answer").json().await.expect("JSON");
    assert!(answer["deviceResults"][uuid].as_str().is_some_and(|key| key.ends_with("successful")), "{answer}");
    let one = visit.get_json("core", &format!("/api/v1/dm/devices/{uuid}")).await;
    assert_eq!(one["device"]["lastConnectedAt"], (NOW + 10) * 1_000);
}

#[tokio::test]
async fn the_older_interface_says_404_for_none() {
    let visit = Visit::begin().await;
    for path in ["/api/v1/dm/devices?status=RETIRED", "/api/v1/dm/devices/unknown"] {
        let answer = visit.api(Method::GET, "core", path).send().await.expect("an answer");
        assert_eq!(answer.status(), 404);
        let body: Value = answer.json().await.expect("JSON");
        assert!(body["messages"][0]["messageKey"].is_string());
    }
}

#[tokio::test]
async fn both_speak_cps() {
    let visit = Visit::begin().await;
    for server in ["cloud", "core"] {
        assert_eq!(visit.get_json(server, "/msa/v1/cps/device/count?status=ACTIVE").await["result"], ALL);
        assert_eq!(visit.get_json(server, "/msa/v1/cps/device/count?status=RETIRED").await["result"], 0);
        let page = visit.get_json(server, "/msa/v1/cps/device?status=ACTIVE&offset=60&limit=50").await;
        assert_eq!((&page["results"], &page["offset"], &page["limit"]), (&json!(ALL - 60), &json!(60), &json!(50)));
        let id = page["searchResults"][0]["identifier"].clone();
        let body = json!({ "identifiers": [id, "unknown"] });
        let asked = visit.api(Method::POST, server, "/msa/v1/cps/device/forceCheckin").json(&body);
        let answer: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer, json!({ "result": 1 }), "unknown ones are passed over");
        let asked = visit.api(Method::POST, server, "/msa/v1/cps/device").json(&body);
        let some: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(some["results"], 1);
    }
}

#[tokio::test]
async fn the_apple_account_that_is_noted_is_shown() {
    let visit = Visit::begin().await;
    let pem = visit.renew(&visit.topic("cloud"), &visit.request("cloud").await).await;
    visit.switch("json-upload");
    let (name, value) = visit.sign_in("cloud").await;
    let body = json!({ "certificate": String::from_utf8_lossy(&pem), "appleId": "other@example.com" });
    let asked = visit.ask(Method::POST, "cloud", "/admin/api/mdm-certificate").header(&name, &value).json(&body);
    assert!(asked.send().await.expect("an answer").status().is_success());
    let asked = visit.ask(Method::GET, "cloud", "/admin/api/mdm-certificate").header(name, value);
    let shown: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(shown["result"]["appleId"], "other@example.com");
}
