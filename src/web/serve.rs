//! The listener: so many readers at a time, and none for longer than a page needs.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

/// Readers at a time; more wait for their turn.
const READERS: usize = 128;

/// How long a reader may take to say what is wanted.
const HEADERS: Duration = Duration::from_secs(10);

/// How long a connection may last, with everything that is asked on it.
const LIFE: Duration = Duration::from_mins(5);

/// A request is never longer; it has no body that is read.
const REQUEST: usize = 16 << 10;

/// The pause after a connection could not be taken: the system may be out of file descriptors for a moment.
const BREATH: Duration = Duration::from_millis(100);

/// Answers whoever connects, for ever.
pub async fn serve(listener: TcpListener, router: Router) {
    let readers = Arc::new(Semaphore::new(READERS));
    loop {
        let Ok(place) = Arc::clone(&readers).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer(stream, router.clone(), place))),
            Err(_) => sleep(BREATH).await,
        }
    }
}

async fn answer(stream: TcpStream, router: Router, _place: OwnedSemaphorePermit) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(REQUEST);
    let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Whoever goes away in the middle of an answer is nobody to tell.
    drop(timeout(LIFE, connection).await);
}
