//! How the file is opened: to be written to and brought up to date, or only to be read.

use std::{cell::RefCell, io, path::Path, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Sqlite;
use crate::{store::StoreError, world::files};

/// Each brings the form of the store from its number to the next. They are never edited once released.
const MIGRATIONS: [&str; 7] = [
    include_str!("../migrations/sqlite/0001-begin.sql"),
    include_str!("../migrations/sqlite/0002-outbox.sql"),
    include_str!("../migrations/sqlite/0003-kinds.sql"),
    include_str!("../migrations/sqlite/0004-account.sql"),
    include_str!("../migrations/sqlite/0005-lookup.sql"),
    include_str!("../migrations/sqlite/0006-delivered.sql"),
    include_str!("../migrations/sqlite/0007-refusals.sql"),
];

/// How long a run waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

impl Sqlite {
    /// Opens the store in this file, and makes it where there is none. One that lies where nothing can be written is opened
    /// all the same, to be read.
    ///
    /// # Errors
    /// When it cannot be made or opened, is no store, or was written by a newer release.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        match Self::open_to_write(path) {
            Err(shut) if is_shut(&shut) && path.is_file() => match Self::open_to_read(path) {
                Err(newer @ StoreError::Newer { .. }) => Err(newer),
                // Whatever else is wrong, an older form included, it takes writing to mend it.
                read => read.map_err(|_| shut),
            },
            opened => opened,
        }
    }

    fn open_to_write(path: &Path) -> Result<Self, StoreError> {
        let folder = files::folder_of(path);
        let file = |source| StoreError::File { place: path.display().to_string(), source };
        files::create_private_dir(folder).map_err(file)?;
        files::create_private(path).map_err(file)?;
        let store = Self::on(path, Connection::open(path).map_err(|source| at(path, source))?, false);
        store.prepare()?;
        Ok(store)
    }

    /// While another run has it open its log lies beside it, and is read too; otherwise the file is all of it, and SQLite
    /// has to be told that nothing else can be made beside it.
    fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let name = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
        let mut failure = None;
        for address in [format!("file:{name}"), format!("file:{name}?immutable=1")] {
            let opened = Connection::open_with_flags(address, flags).and_then(|connection| {
                let form = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
                Ok((connection, form))
            });
            match opened {
                Ok((connection, found)) => {
                    let store = Self::on(path, connection, true);
                    return if store.is_of_today(found)? { Ok(store) } else { Err(store.damaged("an older form")) };
                }
                Err(source) => failure = Some(at(path, source)),
            }
        }
        Err(failure.expect("it was tried"))
    }

    fn on(path: &Path, connection: Connection, read_only: bool) -> Self {
        Self { connection: RefCell::new(connection), path: path.to_owned(), file: files::id(path), read_only }
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let mut connection = self.connection.borrow_mut();
        let prepared = (|| {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        })();
        let found = prepared.map_err(|source| self.database(source))?;
        if !self.is_of_today(found)? {
            migrate(&mut connection).map_err(|source| self.database(source))?;
        }
        Ok(())
    }

    /// Whether it has the form that this release writes, and not an older one.
    fn is_of_today(&self, found: i64) -> Result<bool, StoreError> {
        let known = i64::try_from(MIGRATIONS.len()).expect("a few migrations");
        if found > known {
            return Err(StoreError::Newer { place: self.place(), found, known });
        }
        Ok(found == known)
    }
}

/// Whether the place cannot be written to, which does not keep anybody from reading.
fn is_shut(error: &StoreError) -> bool {
    match error {
        StoreError::ReadOnly { .. } => true,
        StoreError::File { source, .. } => {
            matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
        }
        StoreError::Database { source, .. } => code(source.as_ref()) == Some(ErrorCode::CannotOpen),
        _ => false,
    }
}

fn code(source: &(dyn std::error::Error + 'static)) -> Option<ErrorCode> {
    source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code)
}

/// What went wrong with the store at this path.
pub(super) fn at(path: &Path, source: rusqlite::Error) -> StoreError {
    let place = path.display().to_string();
    if source.sqlite_error_code() == Some(ErrorCode::ReadOnly) {
        return StoreError::ReadOnly { place };
    }
    StoreError::Database { place, source: source.into() }
}

/// Brings the form up to date, one transaction for each step; another process may be doing the same.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number + 1)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store of this form, which is then only read.
    fn read(form: i64) -> Result<Sqlite, StoreError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/pushcert.sqlite");
        let store = Sqlite::open(&path).expect("a store");
        store.connection.borrow().pragma_update(None, "user_version", form).expect("changed");
        drop(store);
        Sqlite::open_to_read(&path)
    }

    #[test]
    fn only_todays_form_is_read_where_nothing_can_be_written() {
        let today = i64::try_from(MIGRATIONS.len()).expect("a few");
        assert!(read(today).is_ok_and(|store| store.read_only));
        assert!(matches!(read(today + 1), Err(StoreError::Newer { found, known, .. }) if found == known + 1));
        assert!(matches!(read(today - 1), Err(StoreError::Damaged { .. })));
    }
}
