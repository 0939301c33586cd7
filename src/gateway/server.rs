//! The built-in server: HTTP/1.1 on one port, one thread for all connections and a few for the endpoints' work.
//!
//! Holds connections and their limits. All its threads run at lower priority than the game's. Invariant: `stop` returns
//! when the threads have ended and the port is closed, whatever clients do.

use super::body::{Collected, Reply, collect};
use super::flow::{Shared, Way};
use super::message::Response;
use super::problem::Problem;
use super::watched::{Watch, Watched};
use crate::disk::Thread;
use crate::error::{Error, Result};
use http::StatusCode;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinSet, LocalSet};

const MOST_CONNECTIONS: usize = 64;
/// Threads for the endpoints' work.
const WORKERS: usize = 4;
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long a connection may be without a byte either way, but for the time that an endpoint works.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// Of the request line and the headers.
const MOST_HEADER_BYTES: usize = 32 << 10;
/// What a refusal costs a client, so that a flood of them costs the machine little.
const REFUSAL_DELAY: Duration = Duration::from_millis(20);
/// How many large bodies are held at once; whoever comes with one more waits.
const LARGE_BODIES: usize = 4;
/// A body is large if it is longer, or does not say how long it is.
const LARGE_BYTES: u64 = 1 << 20;
/// How long clients may take to receive what was answered, when the server stops.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// An open port that nobody serves yet.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

fn io(action: &'static str, wanted: SocketAddr) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::io(action, Path::new(&wanted.to_string()), source)
}

impl Listener {
    pub fn bind(wanted: SocketAddr) -> Result<Listener> {
        let listener = TcpListener::bind(wanted).map_err(io("listen on", wanted))?;
        listener.set_nonblocking(true).map_err(io("listen on", wanted))?;
        let address = listener.local_addr().map_err(io("listen on", wanted))?;
        Ok(Listener { listener, address })
    }

    /// Where it is; the port is the one that was found.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to serve it.
    pub fn serve(self, shared: Arc<Shared>) -> Result<Server> {
        let (address, stop) = (self.address, Arc::new(Notify::new()));
        let stopped = stop.clone();
        let thread = Thread::start_quiet(move || run(self.listener, shared, &stopped));
        Ok(Server { thread: thread.map_err(io("start a server for", address))?, stop })
    }
}

/// A running server.
pub struct Server {
    thread: Thread,
    stop: Arc<Notify>,
}

impl Server {
    /// Ends it. No request is being worked on any more.
    pub fn stop(self) {
        let stop = self.stop.clone();
        // Waking a task leaves a thread-local with a destructor on the thread that wakes; this one ends.
        match Thread::start(move || stop.notify_one()) {
            Ok(waker) => waker.join(),
            Err(_) => self.stop.notify_one(),
        }
        self.thread.join();
    }
}

fn run(listener: TcpListener, shared: Arc<Shared>, stop: &Notify) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(WORKERS)
        .thread_keep_alive(Duration::from_secs(2))
        .thread_name("coffer")
        .build();
    // Without a runtime, of which the system has no more, the port is closed and clients are told so by that.
    let Ok(runtime) = runtime else { return };
    let local = LocalSet::new();
    local.block_on(&runtime, accept(listener, shared, stop));
    drop(local);
    // Waits for the workers.
    drop(runtime);
}

/// Takes connections until it is told to stop, and then ends them.
async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: &Notify) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let bodies = Rc::new(Semaphore::new(LARGE_BODIES));
    let (tell, told) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stopping = pin!(stop.notified());
    loop {
        shared.note_connections(connections.len() as u64);
        let next = async {
            // Whoever comes when all places are taken waits in the system's queue.
            let place = places.clone().acquire_owned().await.ok()?;
            Some((place, listener.accept().await.ok()?.0))
        };
        tokio::select! {
            () = &mut stopping => break,
            Some(_) = connections.join_next() => {}
            accepted = next => match accepted {
                Some((place, stream)) => {
                    let (shared, told, bodies) = (shared.clone(), told.clone(), bodies.clone());
                    connections.spawn_local(async move {
                        connection(stream, shared, bodies, told).await;
                        drop(place);
                    });
                }
                // Out of file descriptors, or the client is gone already.
                None => tokio::time::sleep(REFUSAL_DELAY).await,
            },
        }
    }
    drop(listener);
    let _ = tell.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WORDS, all).await;
    connections.shutdown().await;
}

/// Serves one connection until it ends, is idle for too long, or the server stops.
async fn connection(stream: TcpStream, shared: Arc<Shared>, bodies: Rc<Semaphore>, mut told: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let watch = Rc::new(Watch::new());
    let service = service_fn(|request| respond(request, shared.clone(), bodies.clone(), watch.clone()));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(MOST_HEADER_BYTES)
        .max_buf_size(2 * MOST_HEADER_BYTES)
        .serve_connection(Watched::new(TokioIo::new(stream), watch.clone()), service);
    let mut served = pin!(served);
    let mut is_told = false;
    loop {
        tokio::select! {
            _ = served.as_mut() => return,
            _ = told.changed(), if !is_told => {
                is_told = true;
                served.as_mut().graceful_shutdown();
            }
            () = watch.idle_for(IDLE_TIME) => return,
        }
    }
}

/// Answers one request.
async fn respond(
    request: http::Request<Incoming>,
    shared: Arc<Shared>,
    bodies: Rc<Semaphore>,
    watch: Rc<Watch>,
) -> std::result::Result<http::Response<Reply>, Infallible> {
    let (head, body) = request.into_parts();
    let response = match shared.admit(&head, Way::Server) {
        Ok(admitted) => {
            let is_large = body.size_hint().upper().is_none_or(|most| most > LARGE_BYTES);
            // Never closed, so whoever waits gets a place.
            let _place = if is_large && admitted.max_body_bytes > 0 { bodies.acquire().await.ok() } else { None };
            match collect(body, admitted.max_body_bytes).await {
                Collected::Bytes(bytes) => {
                    let _working = watch.work();
                    let work = {
                        let shared = shared.clone();
                        move || shared.answer(&admitted, &head, &bytes)
                    };
                    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| broken())
                }
                Collected::Refused(problem) => shared.refuse(problem, &admitted, &head),
            }
        }
        Err(refusal) => {
            tokio::time::sleep(REFUSAL_DELAY).await;
            *refusal
        }
    };
    Ok(response.map(|payload| Reply::new(payload, shared)))
}

/// Stands for the response of an endpoint that panicked.
fn broken() -> Response {
    let detail = "Coffer failed inside; please report what was asked";
    Problem::named(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response(None)
}
