//! What clients that flood the gateway cost the game's thread.
//!
//! Invariant: both contenders save the same documents into the same store with the same server listening; only the clients
//! differ, which ask as fast as they are answered.

use super::MANY;
use crate::Context;
use crate::coffer::{self, Store};
use crate::documents::{Documents, Random};
use crate::measure::{Contender, in_blocks, interleave};
use crate::progress::Progress;
use crate::report::{Line, Report, time};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const BLOCK: usize = 64;
const CLIENTS: usize = 32;
/// A save may take so much longer.
const MOST: f64 = 1.05;

pub fn run(context: &Context, report: &mut Report) {
    let progress = Progress::new("gateway");
    let documents = &Documents::new("slot", context.choose(MANY, 2000));
    for (words, durability) in [("behind", coffer::BEHIND), ("written", coffer::WRITTEN)] {
        let folder = context.workplace.folder("gateway");
        let store = &Store::open(folder.path(), "{}");
        for at in 0..documents.len() {
            store.save(documents.key(at), documents.text(at), coffer::BEHIND);
        }
        store.checkpoint();
        let told = store.register_api(c"{\"listen\":\"127.0.0.1:0\"}");
        let (page, token) = (member(&told, "inspector"), member(&told, "token"));
        let host = page.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let address: SocketAddr = host.parse().expect("an address");
        let request =
            format!("GET /api/database/status HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
        let answered = &AtomicU64::new(0);
        let flooded = &AtomicU64::new(0);
        let saves = |round: usize, samples: &mut Vec<f64>| {
            let mut random = Random::new(round as u64 + 1);
            let keys: Vec<usize> = (0..400 * BLOCK).map(|_| random.below(documents.len())).collect();
            in_blocks(samples, BLOCK, &keys, |at| {
                store.save(documents.key(at), documents.text(at + round), durability);
            });
        };
        let contenders = vec![
            Contender::new("alone", saves),
            Contender::new("flooded", move |round, samples| {
                let is_over = &AtomicBool::new(false);
                let request = request.as_bytes();
                thread::scope(|scope| {
                    let start = Instant::now();
                    for _ in 0..CLIENTS {
                        scope.spawn(move || flood(address, request, is_over, answered));
                    }
                    thread::sleep(Duration::from_millis(20));
                    saves(round, samples);
                    is_over.store(true, Ordering::Relaxed);
                    flooded.fetch_add(start.elapsed().as_micros() as u64, Ordering::Relaxed);
                });
            }),
        ];
        let measured = interleave(&progress, context.choose(31, 2), contenders);
        let (mine, alone) = (measured.get("flooded"), measured.get("alone"));
        let rate = answered.load(Ordering::Relaxed) as f64 / flooded.load(Ordering::Relaxed).max(1) as f64 * 1e6;
        let ratio = mine.ratio(alone);
        let work = format!("`{words}` save while {CLIENTS} clients flood the gateway, {rate:.0} requests a second");
        report.add(
            Line::new(work, format!("{}, {ratio:.3} × without them", time(mine.median())))
                .target(format!("{MOST} × without them"), ratio / MOST)
                .floor(time(alone.median())),
        );
    }
}

/// Asks until it is over, each time as soon as the answer is there.
fn flood(address: SocketAddr, request: &[u8], is_over: &AtomicBool, answered: &AtomicU64) {
    let mut room = [0; 4096];
    let mut stream = TcpStream::connect(address).expect("the gateway listens");
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(request).expect("the gateway reads");
        if stream.read(&mut room).expect("the gateway answers") == 0 {
            stream = TcpStream::connect(address).expect("the gateway listens");
        } else {
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The text behind a member's name.
fn member(json: &str, name: &str) -> String {
    let name = format!("\"{name}\":\"");
    let start = json.find(&name).expect("the member is there") + name.len();
    json[start..].split('"').next().unwrap_or_default().to_owned()
}
