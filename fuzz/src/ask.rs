//! Asking over HTTP, all pages, as the program does; the answers are the
//! fuzzer's.
//!
//! In: a text in which lines of `---` part one answer from the next; an answer
//! that begins with `#404` and an end of line has that status. Out: nothing;
//! what comes is held to the [`crate::oracle`].

use std::sync::LazyLock;
use std::time::Duration;

use crate::config::source::{Feed, Origin, Paging, Service as Protocol, ServiceOrigin};
use crate::config::template::Template;
use crate::ingest::client::{Answer, Client, script};
use crate::ingest::decode::Decoder;
use crate::ingest::gate::Gate;
use crate::ingest::http::{Address, Answer as Asked, HttpSource, Polling, Target};
use crate::ingest::login::Logins;
use crate::ingest::service::Service;
use crate::sample::{ZONE, source, stages};
use crate::{config, oracle};

const URL: &str = "http://api.example.cn/v1/items";

/// What is asked.
pub enum Wanted {
    /// An address whose answer is cut like this.
    Pages(Paging),
    /// A service.
    Service(Protocol),
}

/// One of the ways to cut an answer.
pub fn paging(number: u8) -> Paging {
    match number % 4 {
        0 => Paging::Links,
        1 => Paging::Number {
            page: "page".into(),
            size: "size".into(),
            per_page: 2,
            first: 1,
            total: "/data/total".into(),
        },
        2 => Paging::Offset { offset: "offset".into(), limit: "limit".into(), per_page: 2, total: "/total".into() },
        _ => Paging::Cursor { cursor: "cursor".into(), next: "/next".into(), size: Some(("size".into(), 2)) },
    }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built")
});

/// Runs something to its end.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// The answers in a text.
fn answers(text: &[u8]) -> Vec<Answer> {
    let mut answers = vec![Vec::new()];
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match answers.last_mut() {
            Some(last) if line != b"---\n" => last.extend_from_slice(line),
            _ => answers.push(Vec::new()),
        }
    }
    answers.into_iter().take(32).map(answer).collect()
}

fn answer(text: Vec<u8>) -> Answer {
    let content_type = String::from("application/json");
    if let [b'#', digits @ .., b'\n'] = &text[..text.len().min(5)]
        && let Some(status) = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok())
        && (200..600).contains(&status)
    {
        return Answer { status, content_type, body: text[5..].to_vec() };
    }
    Answer { status: 200, content_type, body: text }
}

/// Asks once, as long as there are answers.
///
/// # Panics
/// When what comes breaks a promise.
pub fn ask(wanted: Wanted, feed: u8, text: &[u8]) {
    let mut source = source(Feed::ALL[usize::from(feed) % Feed::ALL.len()]);
    let (deadlines, access) = (config::source::Deadlines::default(), config::access::Access::default());
    let paging = match &wanted {
        Wanted::Pages(paging) => paging.clone(),
        Wanted::Service(_) => Paging::Links,
    };
    let target = match wanted {
        Wanted::Pages(_) => {
            source.origin = Origin::Http {
                url: URL.into(),
                every_secs: 5.0,
                paging: paging.clone(),
                since: None,
                body: None,
                headers: Vec::new(),
                access: access.clone(),
                deadlines,
            };
            let url = Template::parse(URL, &[]).expect("is a template");
            let (zone, since_zone) = (ZONE.clone(), ZONE.clone());
            Target::Address(Address { url, zone, body: None, since: None, since_zone })
        }
        Wanted::Service(service) => {
            let origin = ServiceOrigin {
                url: URL.trim_end_matches("/items").into(),
                service,
                every_secs: 5.0,
                per_page: 2,
                bbox: Some([118.0, 31.0, 119.0, 32.5]),
                headers: Vec::new(),
                access: access.clone(),
                deadlines,
            };
            source.origin = Origin::Service(Box::new(origin.clone()));
            Target::Service(Service::new(Box::new(origin)))
        }
    };
    let client = Client::with_access(URL, &[], deadlines, &access, &Logins::new(ZONE.clone())).expect("is an address");
    let polling = Polling { target, every: Duration::from_secs(5), paging, max_bytes: 1 << 20 };
    let decoder = Decoder::new(&source, &ZONE, &stages());
    script(answers(text));
    let mut asking = HttpSource::new(client, polling, decoder, Gate::default());
    match run(asking.ask()) {
        Ok(Asked::Fresh { decoded, .. }) => oracle::check(&decoded, &source),
        Ok(Asked::Unchanged) => {}
        Err(fault) => assert!(!fault.to_string().is_empty() && oracle::leak(&fault.to_string()).is_none(), "{fault}"),
    }
}
