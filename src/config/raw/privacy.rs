//! The table `[privacy]`.

use crate::config::choice::Masking;
use crate::config::error::Complaints;
use crate::config::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};

raw_table! {
    /// `[privacy]`: what is masked.
    RawPrivacy {
        /// Names of persons.
        name: Masking,
        /// Telephone numbers, e-mail addresses.
        phone: Masking,
        /// Identity and bank card numbers.
        id_number: Masking,
        /// Doors.
        address: Masking,
        /// Number plates.
        plate: Masking,
        /// All of these in what people write.
        free_text: Masking,
        /// All of these in all other texts.
        other_text: Masking,
    }
}
