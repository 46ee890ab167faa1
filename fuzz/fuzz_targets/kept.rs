//! What is kept on disk: what was decoded comes back as it was; damage costs
//! what it damaged; what is appended behind damage is found.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::source::Feed;
use quanyu_fuzz::domain::camera::Camera;
use quanyu_fuzz::domain::time::Time;
use quanyu_fuzz::domain::update::Records;
use quanyu_fuzz::ingest::decode::Format;
use quanyu_fuzz::ingest::keeping::Shelf;
use quanyu_fuzz::sample::{decode, source};

const AT: Time = Time(1_755_219_900_000);

/// As it stands on disk: addresses of pictures do not.
fn bare(records: &Records) -> String {
    match records {
        Records::Cameras(cameras) => {
            let bare = cameras.iter().map(|camera| Camera { picture: None, ..camera.clone() }).collect();
            format!("{:?}", Records::Cameras(bare))
        }
        records => format!("{records:?}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[feed, what, place, value], body)) = data.split_first_chunk::<4>() else { return };
    let source = source(Feed::ALL[usize::from(feed) % Feed::ALL.len()]);
    let Ok(decoded) = decode(&source, body, Format::Json) else { return };
    let records = decoded.records;
    let shelf = Shelf::new(source.clone());
    shelf.keep(&records, AT);
    let ending = if source.feed == Feed::Events { "log" } else { "set" };
    if records.is_empty() && source.feed == Feed::Events {
        assert!(shelf.find().is_none());
        return;
    }
    let (found, health) = shelf.find().expect("was kept");
    assert_eq!(bare(&found), bare(&records));
    assert_eq!(health.last_ok, Some(AT));
    let whole = shelf.read(ending).expect("was kept");
    let at = usize::from(place) % whole.len();
    match what % 4 {
        // Cut off.
        0 => shelf.write(ending, &whole[..at]),
        // A byte is another.
        1 => {
            let mut damaged = whole.clone();
            damaged[at] ^= value.max(1);
            shelf.write(ending, &damaged);
            assert!(ending == "log" || shelf.find().is_none(), "damage was not seen");
        }
        // Another content, under a checksum that is right.
        2 => {
            let mut other = whole[13..].to_vec();
            if let Some(byte) = other.get_mut(at) {
                *byte ^= value;
            }
            shelf.write_under_head(ending, &other, ending == "set");
        }
        _ => shelf.write_under_head(ending, body, ending == "set"),
    }
    let _ = shelf.find();
    // Whatever stands there now, what comes next is kept.
    shelf.keep(&records, AT);
    let (found, _) = shelf.find().expect("was kept again");
    match (&found, &records) {
        (Records::Events(found), Records::Events(all)) => {
            assert!(all.iter().all(|event| found.iter().any(|known| known == event)), "an event is lost");
        }
        _ => assert_eq!(bare(&found), bare(&records)),
    }
});
