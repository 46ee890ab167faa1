//! Words that many records of an answer have in common.
//!
//! In: classes, codes of areas. Out: the same words, most of them the copy that
//! an earlier record has. It forgets words rather than grow.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Words that are remembered: a power of two.
const PLACES: usize = 2_048;

/// See the module.
#[derive(Debug, Default)]
pub struct Words {
    /// One word each; a newer one takes the place of an older.
    places: Vec<Option<Arc<str>>>,
    hasher: RandomState,
}

impl Words {
    /// A word that may be shared with others.
    pub fn share(&mut self, word: &str) -> Arc<str> {
        if self.places.is_empty() {
            self.places.resize(PLACES, None);
        }
        let place = &mut self.places[self.hasher.hash_one(word) as usize % PLACES];
        match place {
            Some(known) if **known == *word => Arc::clone(known),
            _ => Arc::clone(place.insert(word.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shared_and_never_mixed_up() {
        let mut words = Words::default();
        let first = words.share("市容环境");
        assert!(Arc::ptr_eq(&first, &words.share("市容环境")));
        for number in 0..3 * PLACES {
            assert_eq!(*words.share(&number.to_string()), *number.to_string());
        }
    }
}
