//! Words that many events have in common, each held once and counted.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::domain::event::usual_title;

/// Words by number. A number is free again once nobody uses its word.
#[derive(Clone, Debug)]
pub(super) struct Dictionary {
    words: Vec<(Arc<str>, u32)>,
    by_text: HashMap<Arc<str>, u32, RandomState>,
    free: Vec<u32>,
    limit: usize,
}

impl Dictionary {
    /// An empty one that takes at most `limit` words.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { words: Vec::new(), by_text: HashMap::default(), free: Vec::new(), limit }
    }

    /// The number of a word, used once more; `None` when there is no room.
    pub(super) fn acquire(&mut self, text: &str) -> Option<u32> {
        if let Some(&number) = self.by_text.get(text) {
            let uses = &mut self.words[number as usize].1;
            *uses = uses.saturating_add(1);
            return Some(number);
        }
        if self.by_text.len() >= self.limit {
            return None;
        }
        let text: Arc<str> = text.into();
        let number = match self.free.pop() {
            Some(number) => {
                self.words[number as usize] = (Arc::clone(&text), 1);
                number
            }
            None => {
                self.words.push((Arc::clone(&text), 1));
                self.words.len() as u32 - 1
            }
        };
        self.by_text.insert(text, number);
        Some(number)
    }

    /// One more user of a word that has one.
    pub(super) fn retain(&mut self, number: u32) {
        if let Some((_, uses)) = self.words.get_mut(number as usize) {
            *uses = uses.saturating_add(1);
        }
    }

    /// One user less.
    pub(super) fn release(&mut self, number: u32) {
        let Some((text, uses)) = self.words.get_mut(number as usize) else { return };
        *uses = uses.saturating_sub(1);
        if *uses == 0 {
            self.by_text.remove(text);
            *text = Arc::from("");
            self.free.push(number);
        }
    }

    /// The number of a word that is in use.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.by_text.get(text).copied()
    }

    /// The word behind a number; empty for one that is not in use.
    pub(super) fn word(&self, number: u32) -> Arc<str> {
        self.words.get(number as usize).map_or_else(|| Arc::from(""), |(text, _)| Arc::clone(text))
    }

    /// As [`Self::word`], to look at.
    pub(super) fn word_ref(&self, number: u32) -> &str {
        self.words.get(number as usize).map_or("", |(text, _)| text)
    }

    /// Whether this is the word behind a number.
    pub(super) fn is_word(&self, number: u32, text: &str) -> bool {
        self.words.get(number as usize).is_some_and(|(word, _)| **word == *text)
    }

    /// Words in use.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_text.len()
    }
}

/// A major class with a minor one, by number.
pub type ClassId = u16;

/// The minor classes of a major one, with their numbers.
type MinorClasses = Vec<(Arc<str>, ClassId)>;

/// The classes that occur. Numbers stay valid for as long as the store lives;
/// there are so few of them that none is taken back.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    list: Vec<Class>,
    by_words: HashMap<Arc<str>, MinorClasses, RandomState>,
    categories: Vec<Arc<str>>,
}

/// A major and a minor class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Major class; may be empty.
    pub category: Arc<str>,
    /// Minor class; may be empty.
    pub subcategory: Arc<str>,
    /// Number of the major class: index into [`Classes::categories`].
    pub category_id: u16,
}

impl Class {
    /// The title of its events that have no other; records leave it out.
    pub fn title(&self) -> &str {
        usual_title(&self.category, &self.subcategory)
    }
}

/// Classes that are told apart; what comes after them counts as 其他.
pub(super) const MAX_CLASSES: usize = 16_384;

impl Classes {
    /// The class with this number.
    ///
    /// # Panics
    /// On a number that this list never gave.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.list[usize::from(id)]
    }

    /// All classes, by number.
    pub fn all(&self) -> &[Class] {
        &self.list
    }

    /// Major classes in the order of their first event.
    pub fn categories(&self) -> &[Arc<str>] {
        &self.categories
    }

    /// The number of a class, a new one for a new class.
    pub(super) fn number(&mut self, category: &str, subcategory: &str) -> ClassId {
        let known = |classes: &Self| {
            let list = classes.by_words.get(category)?;
            list.iter().find(|(word, _)| **word == *subcategory).map(|&(_, id)| id)
        };
        if let Some(id) = known(self) {
            return id;
        }
        if self.list.len() >= MAX_CLASSES {
            return self.number_of_rest();
        }
        self.push(category, subcategory)
    }

    fn push(&mut self, category: &str, subcategory: &str) -> ClassId {
        let category_id = self.categories.iter().position(|known| **known == *category).unwrap_or_else(|| {
            self.categories.push(category.into());
            self.categories.len() - 1
        }) as u16;
        let id = self.list.len() as ClassId;
        let category = Arc::clone(&self.categories[usize::from(category_id)]);
        let subcategory: Arc<str> = subcategory.into();
        self.by_words.entry(Arc::clone(&category)).or_default().push((Arc::clone(&subcategory), id));
        self.list.push(Class { category, subcategory, category_id });
        id
    }

    /// The class of what is too much.
    fn number_of_rest(&mut self) -> ClassId {
        let known = self.by_words.get("其他").and_then(|list| list.iter().find(|(word, _)| word.is_empty()));
        known.map(|&(_, id)| id).unwrap_or_else(|| self.push("其他", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_free_again_after_the_last_use() {
        let mut words = Dictionary::with_limit(2);
        let [a, b] = ["a", "b"].map(|word| words.acquire(word).expect("has room"));
        assert_eq!((words.acquire("a"), words.acquire("c")), (Some(a), None));
        words.release(a);
        assert_eq!(words.find("a"), Some(a));
        words.release(a);
        assert_eq!((words.find("a"), words.len()), (None, 1));
        assert_eq!(words.acquire("c"), Some(a));
        assert_eq!((&*words.word(a), &*words.word(b)), ("c", "b"));
    }

    #[test]
    fn classes_have_lasting_numbers_and_an_end() {
        let mut classes = Classes::default();
        let first = classes.number("市容环境", "垃圾满溢");
        assert_eq!(classes.number("市容环境", "垃圾满溢"), first);
        assert_ne!(classes.number("市容环境", ""), first);
        assert_eq!(classes.categories().len(), 1);
        for number in 0..MAX_CLASSES + 9 {
            classes.number("x", &number.to_string());
        }
        let rest = classes.number("y", "z");
        assert_eq!((&*classes.class(rest).category, classes.list.len()), ("其他", MAX_CLASSES + 1));
        assert_eq!(&*classes.class(first).subcategory, "垃圾满溢");
    }
}
