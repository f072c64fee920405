//! The page's address: who may read, and from where.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use pushcert_papers::Secret;
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    cli::args::Watch,
    commands::{Event, Failure, Kind, Reporter, files::need, watch::Question},
    web::{self, Access, Board, Calendars},
};

/// A token is never shorter.
const SHORTEST: usize = 16;

/// Serves the page, where it is wanted; who wants to see a record asks by the channel.
pub async fn listen(
    args: &Watch,
    board: &Board,
    records: mpsc::Sender<Question>,
    reporter: &dyn Reporter,
) -> Result<Option<SocketAddr>, Failure> {
    let Some(wanted) = args.listen else { return Ok(None) };
    let token = args.token_file.as_deref().map(token).transpose()?;
    if !wanted.ip().is_loopback() && !args.behind_proxy {
        beyond(wanted, token.is_some(), reporter)?;
    }
    let failed = |error: std::io::Error| Failure::new(Kind::Failed, "listen", format!("{wanted}: {error}"));
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let calendars = args.calendar_tokens.clone().map(calendars).transpose()?;
    let access = Access { address, token, calendars, behind_proxy: args.behind_proxy };
    tokio::spawn(web::serve(listener, web::router(board.clone(), access, records)));
    Ok(Some(address))
}

/// Others can reach this address, and no proxy speaks TLS for us.
fn beyond(wanted: SocketAddr, has_token: bool, reporter: &dyn Reporter) -> Result<(), Failure> {
    if !has_token {
        let message = format!("{wanted} can be reached from elsewhere, and everybody there could read the page");
        return Err(Failure::new(Kind::Usage, "listen", message).hinted(
            "listen on 127.0.0.1; or give --token-file FILE; or, where a proxy asks who it is and speaks TLS, --behind-proxy",
        ));
    }
    reporter.tell(Event::Note(
        "The page is served without TLS: whoever is on the way can read it, and the token. A proxy that speaks TLS, and --behind-proxy, are better.",
    ));
    Ok(())
}

fn token(path: &Path) -> Result<Secret, Failure> {
    Secret::from_line(need(path)?)
        .filter(is_long_enough)
        .ok_or_else(|| wrong(path, &format!("shorter than {SHORTEST} letters, or not one line")))
}

/// The tokens of calendar links, one a line, with a word on whose it is behind a space. The file is read anew each time, so
/// that a line that is taken out closes its link at once.
fn calendars(path: PathBuf) -> Result<Calendars, Failure> {
    if links(&path)?.is_empty() {
        return Err(wrong(&path, &format!("no line with {SHORTEST} letters or more")));
    }
    Ok(Arc::new(move || links(&path).unwrap_or_default()))
}

fn links(path: &Path) -> Result<Vec<Secret>, Failure> {
    let text = String::from_utf8(need(path)?).map_err(|_| wrong(path, "not text"))?;
    let tokens = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(tokens.filter_map(|token| Secret::from_line(token.into())).filter(is_long_enough).collect())
}

fn is_long_enough(token: &Secret) -> bool {
    token.reveal().len() >= SHORTEST
}

fn wrong(path: &Path, what: &str) -> Failure {
    Failure::new(Kind::Usage, "token", format!("in {} is {what}", path.display()))
        .hinted("make one:  openssl rand -hex 24")
}
