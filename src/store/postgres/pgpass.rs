//! PostgreSQL's own file of passwords, `~/.pgpass` or the file that `PGPASSFILE` names: a line for each server,
//! `host:port:database:user:password`, where `*` stands for any and a backslash takes the meaning from `:` and itself.

use pushcert_papers::Secret;

/// What a password is looked for by.
pub struct Login<'a> {
    /// The server's name; for a socket, `localhost` or the socket's folder.
    pub hosts: &'a [String],
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The user.
    pub user: &'a str,
}

/// The password of the first line that fits.
pub fn password(file: &str, login: &Login<'_>) -> Option<Secret> {
    file.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let [host, port, database, user, password] = <[String; 5]>::try_from(fields(line)).ok()?;
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let here = login.hosts.iter().any(|name| fits(&host, name)) && fits(&port, &login.port.to_string());
        (here && fits(&database, login.database) && fits(&user, login.user)).then(|| Secret::new(password))
    })
}

fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut letters) = (vec![String::new()], line.chars());
    while let Some(letter) = letters.next() {
        let plain = match letter {
            ':' => {
                fields.push(String::new());
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            letter => letter,
        };
        fields.last_mut().expect("there is a first field").push(plain);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits() {
        let file =
            "# servers\nother:5432:*:*:wrong\ndb.example.com:*:pushcert:watch:a\\:b\\\\c\n*:*:*:*:last\nbroken\n";
        let found = |host: &str, database: &str| {
            let login = Login { hosts: &[host.to_owned()], port: 5432, database, user: "watch" };
            password(file, &login).map(|secret| secret.reveal().to_owned())
        };
        assert_eq!(found("db.example.com", "pushcert").as_deref(), Some("a:b\\c"));
        assert_eq!(found("db.example.com", "postgres").as_deref(), Some("last"));
        assert_eq!(found("other", "x").as_deref(), Some("wrong"));
    }
}
