//! Checks of `[privacy]`.
//!
//! In: the table as written, and for whom the wall is. Out: what is masked, and
//! which rules were loosened. A rule is looser only where it is written out, and
//! never on a wall for visitors.

use crate::config::choice::Masking;
use crate::config::error::Complaints;
use crate::config::raw::RawPrivacy;
use crate::config::read::At;
use crate::config::{Audience, Privacy};
use crate::domain::privacy::Masks;

/// Checks `[privacy]`.
pub(super) fn privacy(raw: Option<At<RawPrivacy>>, audience: Audience, complaints: &mut Complaints) -> Privacy {
    let RawPrivacy { name, phone, id_number, address, plate, free_text, other_text } =
        raw.map(|at| at.value).unwrap_or_default();
    let is_public = audience == Audience::Public;
    let mut loosened = Vec::new();
    let mut rule = |key: &'static str, written: Option<At<Masking>>, usual: bool| {
        let Some(At { value, key: path, key_offset, .. }) = written else { return usual };
        if value == Masking::Mask {
            return true;
        }
        if is_public {
            let message = "面向来访者的大屏(audience = \"public\",默认)不得放宽打码;\
                           只给值班人员看的,请写 audience = \"duty\"";
            complaints.add(key_offset, &path, message);
        }
        loosened.push(key);
        false
    };
    let masks = Masks {
        names: rule("name", name, true),
        phones: rule("phone", phone, true),
        id_numbers: rule("id_number", id_number, true),
        addresses: rule("address", address, true),
        plates: rule("plate", plate, true),
        free_text: rule("free_text", free_text, true),
        others: rule("other_text", other_text, is_public),
    };
    Privacy { masks, loosened }
}
