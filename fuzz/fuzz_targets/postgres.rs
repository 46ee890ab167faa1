//! A database that says anything: the login, the rows of a query, what is told
//! meanwhile. It ends, and what comes is what a decoder promises.
#![no_main]

use std::sync::atomic::{AtomicU64, Ordering};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ask::run;
use quanyu_fuzz::config::source::{Origin, PostgresOrigin, Secret};
use quanyu_fuzz::ingest::decode::Decoder;
use quanyu_fuzz::ingest::dial::script;
use quanyu_fuzz::ingest::gate::Gate;
use quanyu_fuzz::ingest::postgres::PostgresSource;
use quanyu_fuzz::oracle::{self, PUSHED};
use quanyu_fuzz::sample::{ZONE, source, stages};

/// A message of a server.
#[derive(Arbitrary, Debug)]
enum Message<'a> {
    Login(u8),
    Parameter(&'a str, &'a str),
    Key,
    Ready(u8),
    Parsed,
    Bound,
    Parameters(Vec<u8>),
    Columns(Vec<&'a str>),
    NoData,
    Row(Vec<Option<&'a [u8]>>),
    /// A row as they are: one text.
    Record(&'a str),
    Done(&'a str),
    Empty,
    Error(&'a str, &'a str),
    Notice(&'a str),
    Told(&'a str, &'a str),
    Any(u8, &'a [u8]),
    /// Bytes that are no message.
    Raw(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    feed: u8,
    at_a_time: u16,
    /// The usual messages up to the rows come first.
    is_well: bool,
    has_since: bool,
    messages: Vec<Message<'a>>,
    /// The usual ones behind the rows come last.
    ends_well: bool,
}

fn framed(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    out.extend((body.len() as u32 + 4).to_be_bytes());
    out.extend(body);
}

fn texts(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| text.bytes().chain([0])).collect()
}

fn row(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = (cells.len() as u16).to_be_bytes().to_vec();
    for cell in cells {
        body.extend(cell.map_or(-1, |cell| cell.len() as i32).to_be_bytes());
        body.extend(cell.unwrap_or_default());
    }
    body
}

fn columns(names: &[&str]) -> Vec<u8> {
    let mut body = (names.len() as u16).to_be_bytes().to_vec();
    for name in names {
        body.extend(texts(&[name]));
        body.extend(0_u32.to_be_bytes());
        body.extend(0_u16.to_be_bytes());
        // A text.
        body.extend(25_u32.to_be_bytes());
        body.extend((-1_i16).to_be_bytes());
        body.extend((-1_i32).to_be_bytes());
        body.extend(0_u16.to_be_bytes());
    }
    body
}

fn parameters(types: impl Iterator<Item = u32> + Clone) -> Vec<u8> {
    let mut body = (types.clone().count() as u16).to_be_bytes().to_vec();
    types.for_each(|kind| body.extend(kind.to_be_bytes()));
    body
}

fn write(out: &mut Vec<u8>, message: &Message<'_>) {
    match message {
        Message::Login(what) => framed(out, b'R', &u32::from(*what % 16).to_be_bytes()),
        Message::Parameter(name, value) => framed(out, b'S', &texts(&[name, value])),
        Message::Key => framed(out, b'K', &[0, 0, 0, 1, 0, 0, 0, 2]),
        Message::Ready(state) => framed(out, b'Z', &[b"ITE"[usize::from(*state) % 3]]),
        Message::Parsed => framed(out, b'1', &[]),
        Message::Bound => framed(out, b'2', &[]),
        Message::Parameters(types) => {
            let known = [1184, 1114, 20, 25, 1043, 23, 16, 3802];
            framed(out, b't', &parameters(types.iter().map(|&kind| known[usize::from(kind) % known.len()])));
        }
        Message::Columns(names) => framed(out, b'T', &columns(names)),
        Message::NoData => framed(out, b'n', &[]),
        Message::Row(cells) => framed(out, b'D', &row(cells)),
        Message::Record(text) => framed(out, b'D', &row(&[Some(text.as_bytes())])),
        Message::Done(tag) => framed(out, b'C', &texts(&[tag])),
        Message::Empty => framed(out, b'I', &[]),
        Message::Error(code, text) => framed(
            out,
            b'E',
            &[b"SERROR\0VERROR\0C".as_slice(), code.as_bytes(), b"\0M", text.as_bytes(), b"\0\0"].concat(),
        ),
        Message::Notice(text) => {
            framed(out, b'N', &[b"SNOTICE\0VNOTICE\0C00000\0M".as_slice(), text.as_bytes(), b"\0\0"].concat())
        }
        Message::Told(channel, payload) => {
            framed(out, b'A', &[&[0, 0, 0, 7][..], &texts(&[channel, payload])].concat());
        }
        Message::Any(kind, body) => framed(out, *kind, body),
        Message::Raw(bytes) => out.extend(*bytes),
    }
}

/// What a server says until the rows come.
fn begun(out: &mut Vec<u8>, has_since: bool) {
    framed(out, b'R', &0_u32.to_be_bytes());
    framed(out, b'S', &texts(&["client_encoding", "UTF8"]));
    framed(out, b'Z', b"I");
    // BEGIN and SET.
    framed(out, b'C', &texts(&["BEGIN"]));
    framed(out, b'C', &texts(&["SET"]));
    framed(out, b'Z', b"T");
    // Prepared.
    framed(out, b'1', &[]);
    framed(out, b't', &parameters([1184].into_iter().take(usize::from(has_since))));
    framed(out, b'T', &columns(&["row_to_json"]));
    framed(out, b'Z', b"T");
    framed(out, b'2', &[]);
}

/// Names of users: after a refusal nobody of the same name is let in for a
/// while.
static USERS: AtomicU64 = AtomicU64::new(0);

fuzz_target!(|input: Input<'_>| {
    let mut source = source(PUSHED[usize::from(input.feed) % PUSHED.len()]);
    let user = USERS.fetch_add(1, Ordering::Relaxed) % 60_000;
    let origin = PostgresOrigin {
        url: "postgres://db.example.cn/city".into(),
        query: if input.has_since { "SELECT * FROM t WHERE at > $1" } else { "SELECT * FROM t" }.into(),
        every_secs: 5.0,
        listen: None,
        username: Secret::Plain(format!("wall-{user}")),
        password: Some(Secret::Plain("p".into())),
        tls: None,
        deadlines: Default::default(),
    };
    source.origin = Origin::Postgres(Box::new(origin.clone()));
    let mut told = Vec::new();
    if input.is_well {
        begun(&mut told, input.has_since);
    }
    input.messages.iter().for_each(|message| write(&mut told, message));
    if input.ends_well {
        framed(&mut told, b'C', &texts(&["SELECT 1"]));
        framed(&mut told, b'Z', b"T");
        framed(&mut told, b'C', &texts(&["COMMIT"]));
        framed(&mut told, b'Z', b"I");
    }
    script(told, input.at_a_time.into());
    let decoder = Decoder::new(&source, &ZONE, &stages());
    let asking = PostgresSource::new(origin, ZONE.clone(), 1 << 20, decoder, Gate::default()).expect("is an address");
    match run(asking.look()) {
        Ok((decoded, _)) => oracle::check(&decoded, &source),
        Err(fault) => assert!(!fault.to_string().is_empty() && oracle::leak(&fault.to_string()).is_none(), "{fault}"),
    }
});
