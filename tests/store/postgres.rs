//! What only the engine for teams can do, or suffer.

use std::{fs, path::PathBuf};

use pushcert::store::{Access, Postgres, Store, StoreError};
use pushcert_papers::Secret;

use super::{
    Database, at, change,
    cluster::{NAME, PASSWORD, cluster},
    entry, tenant,
};

/// A fresh database; `None` where PostgreSQL is not installed.
async fn database() -> Option<Database> {
    Some(cluster()?.database().await)
}

/// Ends every connection of our program to this database, as a restart of the server would.
async fn cut(database: &Database) {
    let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE application_name = 'pushcert' AND datname = current_database()";
    database.raw().await.query(sql, &[]).await.expect("cut");
    // Our side learns of it when it next looks at its sockets.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

#[tokio::test]
async fn a_hold_ends_with_its_connection_and_nothing_is_committed_under_a_lost_one() {
    let Some(database) = database().await else { return };
    let (one, other) = (database.open().await.expect("a store"), database.open().await.expect("a store"));
    let acme = tenant();
    let held = one.lock(&acme, at(0)).await.expect("held");
    assert_eq!(one.commit(&acme, 0, change("first")).await.expect("written"), 1);
    cut(&database).await;
    let others = other.lock(&acme, at(0)).await.expect("a dead holder holds nothing");
    let lost = one.commit(&acme, 1, change("second")).await;
    assert!(matches!(lost, Err(StoreError::HoldLost { .. })), "{lost:?}");
    drop(held);
    assert!(matches!(one.lock(&acme, at(0)).await.map(drop), Err(StoreError::Held { .. })), "the other has it now");
    assert_eq!(other.commit(&acme, 1, change("third")).await.expect("written"), 2);
    drop(others);
    drop(one.lock(&acme, at(0)).await.expect("free again"));
}

#[tokio::test]
async fn a_run_goes_on_after_the_server_was_restarted() {
    let Some(database) = database().await else { return };
    let store = database.open().await.expect("a store");
    store.commit(&tenant(), 0, change("first")).await.expect("written");
    cut(&database).await;
    assert_eq!(store.commit(&tenant(), 1, change("second")).await.expect("written"), 2);
}

#[tokio::test]
async fn a_hold_that_is_dropped_while_the_connection_is_in_use_is_given_back_all_the_same() {
    let Some(database) = database().await else { return };
    let (one, other) = (database.open().await.expect("a store"), database.open().await.expect("a store"));
    let held = one.lock(&tenant(), at(0)).await.expect("held");
    let acme = tenant();
    let mut busy = Box::pin(one.audit(&acme));
    assert!(futures_util::FutureExt::now_or_never(&mut busy).is_none(), "it waits for the server");
    drop(held);
    busy.await.expect("read");
    one.audit(&tenant()).await.expect("read");
    drop(other.lock(&tenant(), at(0)).await.expect("free"));
}

#[tokio::test]
async fn two_machines_make_the_tables_at_once() {
    let Some(database) = database().await else { return };
    let opened = tokio::join!(database.open(), database.open(), database.open());
    opened.0.and(opened.1).and(opened.2).expect("three stores in one");
}

#[tokio::test]
async fn far_servers_are_verified_and_near_ones_may_be() {
    let Some(database) = database().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, pem: &str| {
        fs::write(folder.path().join(name), pem).expect("written");
        Some(folder.path().join(name))
    };
    let ours = file("ca.pem", &cluster().expect("it is here").authority);
    let key = rcgen::KeyPair::generate().expect("a key");
    let strange = rcgen::CertificateParams::new(["other".to_owned()]).and_then(|params| params.self_signed(&key));
    let strange = file("strange.pem", &strange.expect("an authority").pem());
    let open = async |address: String, ca_file: &Option<PathBuf>| {
        Postgres::open(&Access { address, ca_file: ca_file.clone(), ..database.access() }).await
    };
    let encrypted = async |store: Result<Postgres, StoreError>| {
        let _open = store.expect("let in");
        let sql = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = 'pushcert' AND datname = current_database()";
        database.raw().await.query_one(sql, &[]).await.expect("read").get::<_, bool>(0)
    };
    assert!(encrypted(open(database.far_address(NAME, ""), &ours).await).await);
    assert!(
        encrypted(open(database.far_address(NAME, "&sslmode=disable"), &ours).await).await,
        "whatever is asked for"
    );
    assert!(!encrypted(open(database.address("postgres"), &None).await).await, "nobody stands between");
    for (address, ca_file) in [
        (database.far_address(NAME, ""), &strange),
        (database.far_address(NAME, ""), &None),
        (database.far_address("other.example.com", ""), &ours),
        (format!("{}?sslmode=verify-full", database.address("postgres")), &ours),
        (format!("{}?sslmode=require", database.address("postgres")), &strange),
    ] {
        let refused = open(address.clone(), ca_file).await.map(drop);
        assert!(matches!(refused, Err(StoreError::NotTrusted { .. })), "{address}: {refused:?}");
    }
}

#[tokio::test]
async fn the_password_comes_from_the_file_of_passwords_and_never_from_the_address() {
    let Some(database) = database().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pgpass");
    let line = format!("127.0.0.1:{}:{}:postgres:{}\n", database.port(), database.name(), escaped(PASSWORD));
    fs::write(&path, line).expect("written");
    private(&path, 0o600);
    let access = Access { password: None, passwords: Some(path.clone()), ..database.access() };
    Postgres::open(&access).await.expect("let in");
    private(&path, 0o644);
    let refused = [
        access,
        Access { password: Some(Secret::new("a wrong one")), ..database.access() },
        Access { password: None, ..database.access() },
        Access { address: database.address("nobody"), ..database.access() },
    ];
    for access in refused {
        let outcome = Postgres::open(&access).await.map(drop);
        let Err(StoreError::SignIn { why, .. }) = &outcome else { panic!("{access:?}: {outcome:?}") };
        assert!(!why.contains(PASSWORD), "{why}");
    }
    let address = database.address("postgres:in-the-address");
    let outcome = Postgres::open(&Access { address, ..database.access() }).await.map(drop);
    assert!(matches!(&outcome, Err(StoreError::Address { why }) if why.contains(".pgpass")), "{outcome:?}");
}

fn escaped(password: &str) -> String {
    password.replace('\\', "\\\\").replace(':', "\\:")
}

#[cfg(unix)]
fn private(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
}

#[tokio::test]
async fn nobody_answers() {
    let Some(database) = database().await else { return };
    let address = "postgres://postgres@127.0.0.1:1/pushcert".to_owned();
    let outcome = Postgres::open(&Access { address, ..database.access() }).await.map(drop);
    assert!(matches!(outcome, Err(StoreError::Unreachable { .. })), "{outcome:?}");
}

/// The grants of docs/teams.md, as they stand there.
#[tokio::test]
async fn the_teams_role_does_everything_but_edit_the_record() {
    let Some(database) = database().await else { return };
    let acme = tenant();
    let owner = database.open().await.expect("a store");
    owner.commit(&acme, 0, change("first")).await.expect("written");
    let page = include_str!("../../docs/teams.md");
    let grants = page.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).expect("grants");
    let role = format!("{}_team", database.name());
    let grants = grants.replace("pushcert_team", &role);
    database.raw().await.batch_execute(&grants).await.expect("granted");
    let password = format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'");
    database.raw().await.batch_execute(&password).await.expect("a password");
    let team = Postgres::open(&Access { address: database.address(&role), ..database.access() }).await.expect("let in");
    drop(team.lock(&acme, at(0)).await.expect("held"));
    team.commit(&acme, 1, change("second")).await.expect("written");
    team.remember_sign_in(&acme, Some((&Secret::new("wrong"), at(1)))).await.expect("written");
    team.remember_sign_in(&acme, None).await.expect("written");
    super::behaviour::letters_go_and_sightings_are_kept(&team).await;
    let raw = database.raw_as(&role).await;
    let sql = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND NOT has_table_privilege(oid, 'SELECT')";
    let closed: Vec<String> = raw.query(sql, &[]).await.expect("read").iter().map(|row| row.get(0)).collect();
    assert_eq!(closed, [""; 0], "tables that the grants of docs/teams.md leave out");
    for sql in [
        "UPDATE audit SET line = ''",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DROP TABLE audit",
        "DROP TRIGGER audit_is_not_edited ON audit",
        "UPDATE artefact SET bytes = ''",
        "DELETE FROM journey",
        "UPDATE pushcert_form SET form = 1",
    ] {
        let refused = raw.batch_execute(sql).await.expect_err(sql);
        let code = refused.code().map(tokio_postgres::error::SqlState::code);
        assert_eq!(code, Some("42501"), "{sql}: {refused:?}");
    }
    let lines: Vec<_> = team.audit(&acme).await.expect("read").into_iter().map(|line| line.entry).collect();
    assert_eq!(lines, [entry("first"), entry("second")]);
}

#[tokio::test]
async fn a_role_that_may_not_make_the_tables_says_so() {
    let Some(database) = database().await else { return };
    let role = format!("{}_reader", database.name());
    let sql = format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    database.raw().await.batch_execute(&sql).await.expect("a role");
    let outcome = Postgres::open(&Access { address: database.address(&role), ..database.access() }).await.map(drop);
    assert!(matches!(&outcome, Err(StoreError::Database { .. })), "{outcome:?}");
    assert!(outcome.unwrap_err().to_string().contains("permission denied"));
}
