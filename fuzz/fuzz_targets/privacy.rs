//! Masking: whatever stands around it, no telephone, identity or plate number
//! survives; masking twice is masking once; one that is looser hides its own
//! kinds all the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::privacy::{
    Masks, mask_door, mask_free_text, mask_id, mask_name, mask_phone, mask_plate, masked,
};
use quanyu_fuzz::oracle::leak;

/// Things that nobody may read. Those with letters end before one.
const SECRETS: [&str; 6] =
    ["13800131234", "19912345678", "320104199001011234", "苏A12345,", "粤BD54321 ", "１３８００１３１２３４"];

fn check(text: &str) {
    let once = mask_free_text(text);
    assert_eq!(leak(&once), None, "{text:?} became {once:?}");
    assert_eq!(mask_free_text(&once), once, "{text:?} masked twice");
    assert_eq!(masked(text), once);
}

fuzz_target!(|data: &[u8]| {
    let Some((&[which, place], text)) = data.split_first_chunk::<2>() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    check(text);
    let secret = SECRETS[usize::from(which) % SECRETS.len()];
    let mut at = usize::from(place).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let around = format!("{}{secret}{}", &text[..at], &text[at..]);
    check(&around);
    assert!(!mask_free_text(&around).contains(secret), "{around:?}");
    // Each rule alone, where the number is no piece of one that may be seen.
    let around = format!("{},{secret},{}", &text[..at], &text[at..]);
    let none = Masks { names: false, phones: false, id_numbers: false, addresses: false, plates: false, ..Masks::ALL };
    assert_eq!(none.masked(&around), around);
    let own = match usize::from(which) % SECRETS.len() {
        2 => Masks { id_numbers: true, ..none },
        3 | 4 => Masks { plates: true, ..none },
        _ => Masks { phones: true, ..none },
    };
    let loose = own.masked(&around);
    assert!(!loose.contains(secret), "{own:?}: {around:?} became {loose:?}");
    assert_eq!(own.masked(&loose), loose);
    for mask in [mask_name, mask_phone, mask_id, mask_plate, mask_door] {
        let once = mask(&around);
        assert_eq!(mask(&once), once, "{around:?}");
    }
    assert!(leak(&mask_phone(text)).is_none() && leak(&mask_id(text)).is_none());
});
